package source

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// definition returns the digest of the statement that makes an object, in the words of
// any server and whatever the database is called: without version comments around it,
// the names of the dump's own database, the next value of AUTO_INCREMENT, and the
// folders that a server keeps the table's files in.
func (s *sqlScanner) definition(kind models.ObjectKind) (digest string, indexes []models.Object) {
	if s.long != nil {
		return hex.EncodeToString(s.long.Sum(nil)), nil
	}
	t := s.text()
	text := t.unwrap(s.statementText(), everyComment)
	most := maxHeadTokens
	if kind == models.ObjectTable || kind == models.ObjectView {
		most = allTokens
	}
	tokens := t.tokens(text, most)
	left := ownQualifiers(kind, tokens, s.header.database)
	if kind == models.ObjectTable {
		left = inOrder(left, placesOfTable(tokens))
		indexes = tableParts(text, tokens)
	}
	return digestOfText(without(text, left)), indexes
}

// maxHeadTokens is how many tokens a statement has at most before the name of what it
// makes and, for a trigger, the name of its table.
const maxHeadTokens = 200

func digestOfText(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// inOrder joins two lists of parts that do not overlap.
func inOrder(a, b []span) []span {
	var all []span
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].start < b[0].start {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return all
}

// ownQualifiers finds where a statement names the dump's own database, where the tools
// write that: before a sequence that a default takes its values from, before a function
// and a table's column in a view, and before a trigger and its table. There it can be left out, so that the
// statement serves a database of any name.
func ownQualifiers(kind models.ObjectKind, tokens []sqlToken, database string) []span {
	var found []span
	if kind == models.ObjectTrigger {
		tokens = tokens[:1+slices.IndexFunc(tokens, func(k sqlToken) bool { return k.is("EACH") })]
	}
	for i := 0; i+3 < len(tokens); i++ {
		if !isNameOf(tokens[i], database) || !tokens[i+1].symbol(".") {
			continue
		}
		own := false
		switch kind {
		case models.ObjectTable:
			own = takesSequence(tokens[:i])
		case models.ObjectView:
			own = takesSequence(tokens[:i]) || tokens[i+3].symbol("(") || tokens[i+3].symbol(".")
		case models.ObjectTrigger:
			own = i > 0 && (tokens[i-1].is("TRIGGER") || tokens[i-1].is("EXISTS") || tokens[i-1].is("ON"))
		}
		if own {
			found = append(found, span{tokens[i].start, tokens[i+2].start})
		}
	}
	return found
}

func isNameOf(k sqlToken, database string) bool {
	return (k.kind == pieceName || k.kind == pieceWord) && database != "" && sameDatabase(k.text, database)
}

// takesSequence tells whether a sequence's name comes next, as in nextval(`db`.`seq`).
func takesSequence(before []sqlToken) bool {
	n := len(before)
	return n >= 2 && before[n-1].symbol("(") && (before[n-2].is("nextval") || before[n-2].is("lastval") || before[n-2].is("setval"))
}

// placesOfTable finds what a CREATE TABLE statement says about one server alone: where
// AUTO_INCREMENT goes on, and folders.
func placesOfTable(tokens []sqlToken) []span {
	var found []span
	for i := 0; i+2 < len(tokens); i++ {
		k, from := tokens[i], i
		if (k.is("DATA") || k.is("INDEX")) && tokens[i+1].is("DIRECTORY") {
			i++
		} else if !k.is("AUTO_INCREMENT") {
			continue
		}
		if i+2 < len(tokens) && tokens[i+1].symbol("=") {
			found = append(found, span{tokens[from].start, tokens[i+2].end})
			i += 2
		}
	}
	return found
}

// tableParts returns the indexes and constraints of a CREATE TABLE statement. Their
// names begin with the table's.
func tableParts(text []byte, tokens []sqlToken) []models.Object {
	c := &sqlCursor{tokens: tokens}
	table, open := c.tableName()
	if !open {
		return nil
	}
	var parts []models.Object
	for depth, from := 1, c.pos; c.pos < len(tokens) && depth > 0; c.pos++ {
		k := tokens[c.pos]
		switch {
		case k.symbol("("):
			depth++
		case k.symbol(")"):
			depth--
		}
		if depth > 0 && (depth > 1 || !k.symbol(",")) {
			continue
		}
		if o, ok := tablePart(tokens[from:c.pos]); ok {
			o.Name = strings.TrimSpace(table + " " + o.Name)
			o.Definition = digestOfText(text[tokens[from].start:tokens[c.pos-1].end])
			parts = append(parts, o)
		}
		from = c.pos + 1
	}
	return parts
}

// tablePart tells what one line of a CREATE TABLE statement makes beside a column.
func tablePart(tokens []sqlToken) (models.Object, bool) {
	c := &sqlCursor{tokens: tokens}
	o := models.Object{Kind: models.ObjectIndex}
	named := c.take("CONSTRAINT")
	if named && c.peek().kind == pieceName {
		o.Name, _ = c.name()
	}
	switch {
	case c.take("PRIMARY"):
		o.Name = "PRIMARY"
		return o, true
	case c.take("FOREIGN"), c.take("CHECK"):
		o.Kind = models.ObjectConstraint
		return o, true
	}
	special := c.take("UNIQUE") || c.take("FULLTEXT") || c.take("SPATIAL") || c.take("VECTOR")
	if !c.take("KEY") && !c.take("INDEX") && !special {
		return o, false
	}
	if c.peek().kind == pieceName {
		o.Name, _ = c.name()
	}
	return o, true
}
