package compare

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/backupman/backupman/models"
)

// Manifests tells how a later backup differs from an earlier one, the largest change
// first. What the two manifests do not tell is not guessed: it is in Notes.
func Manifests(before, after models.Manifest) models.Comparison {
	p := pair{before: before.Inventory, after: after.Inventory}
	p.compareTables()
	p.compareObjects()
	p.note()
	slices.SortFunc(p.found.Tables, largestFirst)
	slices.SortFunc(p.found.Objects, byKindAndName)
	return p.found
}

// pair is two inventories that are compared, and what was found so far.
type pair struct {
	before, after models.Inventory
	found         models.Comparison
	// undigested counts the tables with as many rows in both whose digests can't be
	// compared.
	undigested int
	// undefined counts the objects whose definition only one of the backups has.
	undefined int
	// left are kinds of object that only one backup lists, because it was made by
	// another version.
	left []models.ObjectKind
}

func (p *pair) compareTables() {
	before, after := byName(p.before), byName(p.after)
	for name, b := range before {
		p.found.RowsBefore, p.found.BytesBefore = p.found.RowsBefore+b.Rows, p.found.BytesBefore+b.Bytes
		if a, ok := after[name]; ok {
			p.compareTable(name, b, a)
			continue
		}
		p.found.Tables = append(p.found.Tables, models.TableChange{TableName: name, Kind: models.Removed, RowsBefore: b.Rows, BytesBefore: b.Bytes})
	}
	for name, a := range after {
		p.found.RowsAfter, p.found.BytesAfter = p.found.RowsAfter+a.Rows, p.found.BytesAfter+a.Bytes
		if _, ok := before[name]; !ok {
			p.found.Tables = append(p.found.Tables, models.TableChange{TableName: name, Kind: models.Added, RowsAfter: a.Rows, BytesAfter: a.Bytes})
		}
	}
}

// compareTable tells rows that are not the same from those that cannot be told.
func (p *pair) compareTable(name models.TableName, before, after table) {
	sameRows, definition := false, p.otherDefinition(before.definition, after.definition)
	switch {
	case before.Rows != after.Rows:
	case before.SHA256 == after.SHA256 && after.SHA256 != "":
		p.found.Equal++
		if !definition {
			return
		}
	case p.digestsCompare() && before.SHA256 != "" && after.SHA256 != "":
		sameRows = true
	default:
		p.undigested++
		if !definition {
			return
		}
	}
	p.found.Tables = append(p.found.Tables, models.TableChange{
		TableName: name, Kind: models.Changed, SameRows: sameRows, Definition: definition,
		RowsBefore: before.Rows, RowsAfter: after.Rows, BytesBefore: before.Bytes, BytesAfter: after.Bytes,
	})
}

// otherDefinition reports whether a thing is made in another way, as far as both say how.
func (p *pair) otherDefinition(before, after string) bool {
	if before == "" && after == "" {
		return false
	}
	if before == "" || after == "" {
		p.undefined++
		return false
	}
	return before != after
}

// digestsCompare reports whether rows that differ are the only reason for digests that
// do: another tool, or another version of it, may write the same rows in another way.
func (p *pair) digestsCompare() bool {
	return p.before.Tool == p.after.Tool && p.before.ToolVersion == p.after.ToolVersion
}

// table is what a manifest says of one table.
type table struct {
	models.TableDigest
	// definition is that of the object; empty when the manifest does not tell.
	definition string
}

// byName gathers the tables whose rows a dump holds, with their definitions.
func byName(inv models.Inventory) map[models.TableName]table {
	tables := make(map[models.TableName]table, len(inv.Tables))
	for _, t := range inv.Tables {
		tables[models.TableName{Schema: t.Schema, Name: t.Name}] = table{TableDigest: t}
	}
	for _, o := range inv.Objects {
		name := models.TableName{Schema: o.Schema, Name: o.Name}
		if t, ok := tables[name]; ok && o.Kind == models.ObjectTable {
			t.definition = o.Definition
			tables[name] = t
		}
	}
	return tables
}

// largestFirst puts the table with the most rows gained or lost first, then the one
// with the most bytes.
func largestFirst(a, b models.TableChange) int {
	return cmp.Or(
		cmp.Compare(abs(b.RowsAfter-b.RowsBefore), abs(a.RowsAfter-a.RowsBefore)),
		cmp.Compare(abs(b.BytesAfter-b.BytesBefore), abs(a.BytesAfter-a.BytesBefore)),
		cmp.Compare(a.Schema, b.Schema),
		cmp.Compare(a.Name, b.Name),
	)
}

func abs(n int64) int64 { return max(n, -n) }

// note says what could not be compared.
func (p *pair) note() {
	if p.undigested > 0 {
		p.say("%s as many rows in both backups, and may hold other values: %s made the one and %s the other, so their digests cannot be compared",
			counted(p.undigested, "table has", "tables have"), madeBy(p.before), madeBy(p.after))
	}
	switch {
	case len(p.before.Objects) > 0 && !defines(p.before) && !defines(p.after):
		p.say("neither backup says how its tables and other objects are made, so these are compared by their names alone")
	case p.undefined > 0:
		p.say("%s compared by name alone, because only one of the backups says how they are made", counted(p.undefined, "object was", "objects were"))
	}
	for _, kind := range p.left {
		p.say("objects of the kind %s are not compared: the backup of an older version lists none", kind)
	}
}

func (p *pair) say(format string, args ...any) {
	p.found.Notes = append(p.found.Notes, fmt.Sprintf(format, args...))
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func madeBy(inv models.Inventory) string {
	if inv.Tool == "" {
		return "a tool that is not known"
	}
	if inv.ToolVersion == "" {
		return inv.Tool
	}
	return inv.Tool + " " + inv.ToolVersion
}
