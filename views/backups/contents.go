package backups

import (
	"sort"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// shownTables bounds how many tables a page lists. The manifest beside each copy has them all.
const shownTables = 500

// Contents is what a backup holds.
type Contents struct {
	// MadeBy tells the server and the tool.
	MadeBy string
	// Hidden says that what it holds is sealed, and not known here.
	Hidden bool
	// Totals is a sentence: tables, rows and bytes.
	Totals string
	Tables []TableLine
	// More counts the tables that are not listed.
	More    int
	Objects []ObjectGroup
}

// TableLine is one table.
type TableLine struct {
	Name  string
	Rows  int64
	Bytes int64
	// Digest is the beginning of SHA256.
	Digest, SHA256 string
}

// ObjectGroup is the objects of one kind.
type ObjectGroup struct {
	// Title counts them, such as "3 views".
	Title string
	Names []string
}

// NewContents builds what a manifest tells.
func NewContents(m models.Manifest) Contents {
	inv := m.Inventory
	c := Contents{MadeBy: madeBy(m.Provider, inv), Objects: groups(inv.Objects)}
	if c.Hidden = m.Hidden(); c.Hidden {
		return c
	}
	var bytes int64
	for _, t := range inv.Tables {
		bytes += t.Bytes
	}
	c.Totals = human.Plural(int64(len(inv.Tables)), "table") + ", " + human.Plural(inv.Rows(), "row") + ", " + human.Bytes(bytes)
	for i, t := range inv.Tables {
		if i == shownTables {
			c.More = len(inv.Tables) - shownTables
			break
		}
		c.Tables = append(c.Tables, TableLine{Name: qualified(t.Schema, t.Name), Rows: t.Rows, Bytes: t.Bytes, Digest: short(t.SHA256), SHA256: t.SHA256})
	}
	return c
}

// madeBy names the tool and the server. SQLite has no server but its library.
func madeBy(provider string, inv models.Inventory) string {
	words := inv.Tool
	if inv.ToolVersion != "" {
		words += " " + inv.ToolVersion
	}
	if inv.ServerVersion != "" && provider != "sqlite" {
		words += ", from server " + inv.ServerVersion
	}
	return words
}

// groups gathers objects by kind, in the order in which kinds are known;
// kinds of an engine's own come last. Tables have a list of their own.
func groups(objects []models.Object) []ObjectGroup {
	names := map[models.ObjectKind][]string{}
	for _, o := range objects {
		if o.Kind != models.ObjectTable {
			names[o.Kind] = append(names[o.Kind], qualified(o.Schema, o.Name))
		}
	}
	kinds := make([]models.ObjectKind, 0, len(names))
	for kind := range names {
		kinds = append(kinds, kind)
	}
	sort.Slice(kinds, func(i, j int) bool {
		a, b := rank(kinds[i]), rank(kinds[j])
		return a < b || a == b && kinds[i] < kinds[j]
	})
	var found []ObjectGroup
	for _, kind := range kinds {
		found = append(found, ObjectGroup{Title: kindTitle(kind, len(names[kind])), Names: names[kind]})
	}
	return found
}

func rank(kind models.ObjectKind) int {
	order := []models.ObjectKind{
		models.ObjectSchema, models.ObjectView, models.ObjectTrigger, models.ObjectRoutine, models.ObjectEvent,
		models.ObjectSequence, models.ObjectIndex, models.ObjectConstraint, models.ObjectExtension, models.ObjectType, models.ObjectBlobs,
	}
	for i, k := range order {
		if k == kind {
			return i
		}
	}
	return len(order)
}

func kindTitle(kind models.ObjectKind, n int) string {
	switch kind {
	case models.ObjectIndex:
		return human.Plural(int64(n), "index", "indexes")
	case models.ObjectBlobs:
		return human.Plural(int64(n), "group of large objects", "groups of large objects")
	}
	return human.Plural(int64(n), string(kind))
}

func qualified(schema, name string) string {
	if schema == "" {
		return name
	}
	return schema + "." + name
}

func short(digest string) string {
	if len(digest) <= 12 {
		return digest
	}
	return digest[:12]
}
