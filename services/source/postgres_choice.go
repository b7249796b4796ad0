package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// pgKey names an entry in a way that is the same in archives of other databases.
type pgKey struct{ desc, schema, tag string }

func (e *archiveEntry) key() pgKey { return pgKey{e.desc, e.schema, e.tag} }

func (e *archiveEntry) table() models.TableName {
	return models.TableName{Schema: e.schema, Name: e.tag}
}

// pgChoice chooses the entries that some tables need.
type pgChoice struct {
	archive *pgArchive
	byID    map[int64]*archiveEntry
	// needed are the numbers of the entries that need another.
	needed map[int64][]*archiveEntry
	// there is what the target holds.
	there map[pgKey]bool
	// chosen are the entries to restore; tables are those of which the rows come along.
	chosen   map[int64]bool
	tables   map[models.TableName]*archiveEntry
	warnings []string
	drops    map[int64]string
}

func newPgChoice(archive *pgArchive, there map[pgKey]bool) *pgChoice {
	c := &pgChoice{archive: archive, there: there, byID: map[int64]*archiveEntry{}, needed: map[int64][]*archiveEntry{},
		chosen: map[int64]bool{}, tables: map[models.TableName]*archiveEntry{}, drops: map[int64]string{}}
	for _, e := range archive.entries {
		c.byID[e.id] = e
		for _, id := range e.needs {
			c.needed[id] = append(c.needed[id], e)
		}
	}
	return c
}

// choose chooses tables, their partitions, everything that is theirs, and what that needs
// and the target lacks.
func (c *pgChoice) choose(tables []models.TableName) error {
	for _, table := range tables {
		if !c.chooseTable(table) {
			return models.NotFoundf("the backup has no table %q", table.String())
		}
	}
	for _, table := range c.tables {
		c.parts(table)
	}
	for before := -1; before != len(c.chosen); {
		before = len(c.chosen)
		for id := range maps.Clone(c.chosen) {
			c.needs(c.byID[id])
		}
		c.about()
	}
	c.joints()
	return nil
}

// chooseTable chooses a table, and the partitions of one that has some.
func (c *pgChoice) chooseTable(table models.TableName) bool {
	i := slices.IndexFunc(c.archive.entries, func(e *archiveEntry) bool { return e.desc == "TABLE" && e.table() == table })
	if i < 0 || c.tables[table] != nil {
		return i >= 0
	}
	e := c.archive.entries[i]
	c.tables[table] = e
	c.chosen[e.id] = true
	for _, attach := range c.needed[e.id] {
		if attach.desc == "TABLE ATTACH" && attach.table() != table {
			c.chooseTable(attach.table())
		}
	}
	return true
}

// ownParts are the entries that belong to the table that they are about.
var ownParts = map[string]bool{"TABLE DATA": true, "DEFAULT": true, "INDEX": true, "CONSTRAINT": true, "CHECK CONSTRAINT": true, "FK CONSTRAINT": true,
	"TRIGGER": true, "RULE": true, "POLICY": true, "ROW SECURITY": true, "STATISTICS": true, "SEQUENCE": true}

// parts chooses what belongs to a table.
func (c *pgChoice) parts(table *archiveEntry) {
	for _, e := range c.needed[table.id] {
		if !ownParts[e.desc] || !c.belongs(e, table) {
			continue
		}
		if e.desc == "FK CONSTRAINT" && !c.referenced(e, table) {
			continue
		}
		c.chosen[e.id] = true
		for _, owned := range c.needed[e.id] {
			if owned.desc == "SEQUENCE OWNED BY" {
				c.chosen[owned.id] = true
			}
		}
	}
}

// belongs tells whether an entry belongs to a table, and does not only mention it.
func (c *pgChoice) belongs(e, table *archiveEntry) bool {
	tokens, err := pgTokens(e.defn, c.archive.escapes)
	if err != nil {
		return false
	}
	cursor := pgCursor{tokens: tokens}
	switch e.desc {
	case "TRIGGER", "INDEX", "POLICY":
		cursor.past("on")
	case "RULE":
		cursor.past("to")
	case "STATISTICS":
		cursor.past("from")
	case "FK CONSTRAINT", "CONSTRAINT", "CHECK CONSTRAINT", "DEFAULT":
		cursor.past("table")
	default:
		return true
	}
	cursor.take("only")
	schema, dot, name := cursor.name(), cursor.symbol("."), cursor.name()
	return dot && schema == table.schema && name == table.tag
}

// referenced tells whether a foreign key finds the table that it refers to.
func (c *pgChoice) referenced(e, table *archiveEntry) bool {
	for _, id := range e.needs {
		other := c.byID[id]
		if other == nil || other.desc != "TABLE" || id == table.id || c.tables[other.table()] != nil || c.there[other.key()] {
			continue
		}
		c.warnings = append(c.warnings, fmt.Sprintf("foreign key %q was left out, because table %q, which it refers to, is not in the database", e.tag, other.table().String()))
		return false
	}
	return true
}

// prerequisites are the entries that come along with what needs them.
var prerequisites = []string{"SCHEMA", "EXTENSION", "TYPE", "SHELL TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "COLLATION", "CONVERSION", "OPERATOR", "OPERATOR CLASS",
	"OPERATOR FAMILY", "CAST", "TRANSFORM", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE", "TEXT SEARCH DICTIONARY", "TEXT SEARCH CONFIGURATION", "PROCEDURAL LANGUAGE",
	"ACCESS METHOD", "FOREIGN DATA WRAPPER", "SERVER", "SEQUENCE", "TABLE", "VIEW"}

// needs chooses what an entry needs and the target lacks.
func (c *pgChoice) needs(e *archiveEntry) {
	for _, id := range e.needs {
		other := c.byID[id]
		if other == nil || c.chosen[id] || c.there[other.key()] || !slices.Contains(prerequisites, other.desc) {
			continue
		}
		c.chosen[id] = true
		if other.desc == "TABLE" {
			c.warnings = append(c.warnings, fmt.Sprintf("table %q came along without its rows, because %s needs it", other.table().String(), e.name()))
		}
	}
	for _, other := range c.archive.entries {
		if other.desc == "SCHEMA" && other.tag == e.schema && !c.there[other.key()] {
			c.chosen[other.id] = true
		}
	}
}

// about chooses comments, privileges, labels and the values of sequences that are chosen.
func (c *pgChoice) about() {
	for _, e := range c.archive.entries {
		switch e.desc {
		case "COMMENT", "ACL", "SECURITY LABEL", "SEQUENCE SET":
			if slices.ContainsFunc(e.needs, func(id int64) bool { return c.chosen[id] }) {
				c.chosen[e.id] = true
			}
		}
	}
}

// joints chooses what joins partitions, and publications, to tables that are restored or
// there.
func (c *pgChoice) joints() {
	for _, e := range c.archive.entries {
		if e.desc != "TABLE ATTACH" && e.desc != "INDEX ATTACH" && e.desc != "PUBLICATION TABLE" {
			continue
		}
		fresh, whole := false, true
		for _, id := range e.needs {
			other := c.byID[id]
			if other == nil {
				continue
			}
			fresh = fresh || c.chosen[id] && other.desc != "PUBLICATION"
			whole = whole && (c.chosen[id] || c.there[other.key()])
		}
		if fresh && whole {
			c.chosen[e.id] = true
		} else if fresh && e.desc == "TABLE ATTACH" {
			c.warnings = append(c.warnings, fmt.Sprintf("table %q is no partition any more, because the table that it is a part of is not in the database", e.table().String()))
		}
	}
}

// standing tells whether an entry makes something that does not come with a table's
// column, as the sequences of identities do.
func standing(e *archiveEntry) bool {
	return e.desc != "SEQUENCE" || strings.HasPrefix(e.defn, "CREATE SEQUENCE")
}

// relations are the entries whose names share one space.
var relations = []string{"TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "INDEX"}

// makeRoom looks at what is there under the names of the tables and their sequences, and
// has it dropped when that was asked for.
func (c *pgChoice) makeRoom(database string, replace bool) error {
	var existing []string
	tables := &pgDrop{}
	for _, e := range c.archive.entries {
		if !c.chosen[e.id] || e.desc != "TABLE" && e.desc != "SEQUENCE" {
			continue
		}
		for _, desc := range relations {
			if c.there[pgKey{desc, e.schema, e.tag}] && desc != e.desc {
				return models.Conflictf("database %q has %s %q, which is in the way of a table or sequence of that name", database, strings.ToLower(desc), e.table().String())
			}
		}
		if !c.there[e.key()] {
			continue
		}
		existing = append(existing, e.table().String())
		switch {
		case e.desc == "TABLE":
			tables.add(e)
		case standing(e):
			c.drops[e.id] = "DROP SEQUENCE " + quoteTable(e.table()) + ";\n"
		}
	}
	if len(existing) > 0 && !replace {
		return models.Conflictf("database %q already has %s: replace them, or restore into another database", database, listNames(existing))
	}
	if len(tables.names) > 0 {
		c.drops[tables.of] = "DROP TABLE " + strings.Join(tables.names, ", ") + ";\n"
	}
	return nil
}

// pgDrop gathers tables for one statement, for tables may refer to each other.
type pgDrop struct {
	of    int64
	names []string
}

func (d *pgDrop) add(e *archiveEntry) {
	d.of = e.id
	d.names = append(d.names, quoteTable(e.table()))
}

// entries returns the chosen entries in the order to restore them. Standing sequences come
// before tables, so that they are dropped after those that own them. What joins a
// partition to a table comes after the partition's own constraints, for a table that is
// there already would give it those a second time.
func (c *pgChoice) entries() []*archiveEntry {
	var first, middle, last []*archiveEntry
	for _, e := range c.archive.entries {
		_, prelude := pgPreludes[e.desc]
		if !c.chosen[e.id] && !prelude {
			continue
		}
		e.drop = c.drops[e.id]
		switch {
		case prelude || e.desc == "SCHEMA" || e.desc == "EXTENSION":
			first = append(first, e)
		case e.desc == "TABLE ATTACH" && c.outside(e):
			last = append(last, e)
		case e.desc == "SEQUENCE" && standing(e):
			first = append(first, e)
		case e.desc == "INDEX ATTACH":
			last = append(last, e)
		default:
			middle = append(middle, e)
		}
	}
	return slices.Concat(first, middle, last)
}

// outside tells whether a partition is joined to a table that is not restored itself.
func (c *pgChoice) outside(attach *archiveEntry) bool {
	return slices.ContainsFunc(attach.needs, func(id int64) bool { return c.byID[id] != nil && !c.chosen[id] })
}
