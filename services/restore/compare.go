package restore

import (
	"fmt"
	"path/filepath"
	"slices"
	"sort"

	"github.com/backupman/backupman/models"
)

// difference is how two inventories differ, a sentence each.
type difference struct {
	// contents are objects, tables and rows that are missing or too many.
	contents []string
	// digests are tables with as many rows, of other bytes. Dumps of different tools
	// write the same rows in other ways.
	digests []string
	// definitions counts the objects that are made by another statement, which may mean
	// no more than that a server words it in another way.
	definitions int
}

// compareInventories says how what was found differs from what a manifest says.
func compareInventories(want, got models.Inventory) difference {
	var d difference
	d.compareObjects(want.Objects, comparableObjects(want.Objects, got.Objects))
	d.compareTables(want.Tables, got.Tables)
	return d
}

// comparableObjects leaves out kinds of object that a manifest of an older version does not
// list: it has no definitions, and of some engines neither indexes nor constraints.
func comparableObjects(want, got []models.Object) []models.Object {
	listed := map[models.ObjectKind]bool{}
	for _, o := range want {
		if o.Definition != "" {
			return got
		}
		listed[o.Kind] = true
	}
	return slices.DeleteFunc(slices.Clone(got), func(o models.Object) bool {
		return (o.Kind == models.ObjectIndex || o.Kind == models.ObjectConstraint) && !listed[o.Kind]
	})
}

func (d *difference) compareObjects(want, got []models.Object) {
	counts, definitions := map[models.Object]int{}, map[models.Object][]string{}
	for _, o := range want {
		counts[o.Identity()]++
		definitions[o.Identity()] = append(definitions[o.Identity()], o.Definition)
	}
	for _, o := range got {
		counts[o.Identity()]--
		if same := definitions[o.Identity()]; o.Definition != "" && len(same) > 0 && !slices.Contains(same, o.Definition) && !slices.Contains(same, "") {
			d.definitions++
		}
	}
	for o, n := range counts {
		switch {
		case n > 0:
			d.contents = append(d.contents, fmt.Sprintf("the %s %s is missing", o.Kind, qualified(o.Schema, o.Name)))
		case n < 0:
			d.contents = append(d.contents, fmt.Sprintf("the %s %s is there and not in the manifest", o.Kind, qualified(o.Schema, o.Name)))
		}
	}
	sort.Strings(d.contents)
}

func (d *difference) compareTables(want, got []models.TableDigest) {
	byName := map[models.TableName]models.TableDigest{}
	for _, t := range got {
		byName[models.TableName{Schema: t.Schema, Name: t.Name}] = t
	}
	for _, w := range want {
		name := models.TableName{Schema: w.Schema, Name: w.Name}
		g, ok := byName[name]
		delete(byName, name)
		switch {
		case !ok:
			d.contents = append(d.contents, fmt.Sprintf("the rows of table %s are missing", name))
		case g.Rows != w.Rows:
			d.contents = append(d.contents, fmt.Sprintf("the table %s has %d rows and the manifest says %d", name, g.Rows, w.Rows))
		case g.SHA256 != w.SHA256:
			d.digests = append(d.digests, fmt.Sprintf("the rows of table %s are not those of the manifest", name))
		}
	}
	var more []string
	for name := range byName {
		more = append(more, fmt.Sprintf("the table %s has rows that are not in the manifest", name))
	}
	sort.Strings(more)
	d.contents = append(d.contents, more...)
}

func qualified(schema, name string) string {
	return models.TableName{Schema: schema, Name: name}.String()
}

// otherTool reports whether two dumps were made by different tools, or by versions of
// one, so that equal rows may have other digests.
func otherTool(a, b models.Inventory) bool {
	return a.ToolVersion != b.ToolVersion || filepath.Base(a.Tool) != filepath.Base(b.Tool)
}

// judge says what a drill found: nil when what came out of the restore is what the
// manifest says, else a disproof, or why it can't be told. views are those of the
// restored database that can't be read.
func judge(want, got models.Inventory, views []string) error {
	d := compareInventories(want, got)
	switch {
	case len(d.contents) > 0, len(d.digests) > 0 && !otherTool(want, got):
		all := append(append(d.contents, d.digests...), views...)
		return disproven("what was restored is not what the manifest says: %s", listed(all))
	case len(d.digests) > 0:
		return models.Conflictf("everything was restored, with as many rows as the manifest says, but whether the rows are the same can't be told: "+
			"the backup was dumped by %s %s and the restored database by %s %s, which may write them in other ways (%s)",
			filepath.Base(want.Tool), want.ToolVersion, filepath.Base(got.Tool), got.ToolVersion, listed(d.digests))
	case len(views) > 0:
		return models.Conflictf("what was restored is what the manifest says, but some views can't be read, as perhaps in the database itself: %s", listed(views))
	}
	return nil
}

// proof says what was found equal.
func proof(want, got models.Inventory) string {
	text := fmt.Sprintf("restored and equal to the manifest: %s, %s, %s", counted(len(got.Tables), "table", "tables"), counted(int(got.Rows()), "row", "rows"), counted(len(got.Objects), "object", "objects"))
	if n := compareInventories(want, got).definitions; n > 0 {
		text += fmt.Sprintf("; %d of the objects are worded in another way than in the backup", n)
	}
	return text
}
