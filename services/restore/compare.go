package restore

import (
	"fmt"
	"sort"

	"github.com/backupman/backupman/models"
)

// differences says, a sentence each, how what a restore brought back differs
// from what the manifest promises; empty when they are equal.
func differences(want, got models.Inventory) []string {
	return append(objectDifferences(want.Objects, got.Objects), tableDifferences(want.Tables, got.Tables)...)
}

func objectDifferences(want, got []models.Object) []string {
	var found []string
	counts := map[models.Object]int{}
	for _, o := range want {
		counts[o]++
	}
	for _, o := range got {
		counts[o]--
	}
	for o, n := range counts {
		switch {
		case n > 0:
			found = append(found, fmt.Sprintf("the %s %s is missing", o.Kind, qualified(o.Schema, o.Name)))
		case n < 0:
			found = append(found, fmt.Sprintf("the %s %s is there and not in the manifest", o.Kind, qualified(o.Schema, o.Name)))
		}
	}
	sort.Strings(found)
	return found
}

func tableDifferences(want, got []models.TableDigest) []string {
	var found []string
	byName := map[string]models.TableDigest{}
	for _, t := range got {
		byName[qualified(t.Schema, t.Name)] = t
	}
	for _, w := range want {
		name := qualified(w.Schema, w.Name)
		g, ok := byName[name]
		delete(byName, name)
		switch {
		case !ok:
			found = append(found, fmt.Sprintf("the table %s is missing", name))
		case g.Rows != w.Rows:
			found = append(found, fmt.Sprintf("the table %s has %d rows and the manifest says %d", name, g.Rows, w.Rows))
		case g.SHA256 != w.SHA256:
			found = append(found, fmt.Sprintf("the rows of table %s are not those of the manifest", name))
		}
	}
	for name := range byName {
		found = append(found, fmt.Sprintf("the table %s is there and not in the manifest", name))
	}
	return found
}

func qualified(schema, name string) string {
	if schema == "" {
		return name
	}
	return schema + "." + name
}
