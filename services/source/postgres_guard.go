package source

import (
	"regexp"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// pgGuard looks at the table of contents of an archive before a server sees any of it.
// pg_restore sends what is in there as it is, so an archive is as powerful as a script:
// each statement must be one that pg_dump writes, about this database alone.
type pgGuard struct {
	escapes bool
}

// guardArchive refuses an archive that pg_dump did not write.
func guardArchive(entries []*archiveEntry) error {
	g := pgGuard{}
	seen := map[string]bool{}
	for _, e := range entries {
		if pattern, ok := pgPreludes[e.desc]; ok {
			if seen[e.desc] || !pattern.MatchString(e.defn) || e.drop != "" || e.copy != "" {
				return refusedEntry(e, models.Invalidf("it sets up the session in a way that no pg_dump does"))
			}
			seen[e.desc] = true
			g.escapes = g.escapes || e.defn == "SET standard_conforming_strings = 'off';\n"
		}
	}
	if !seen["ENCODING"] || !seen["STDSTRINGS"] {
		return models.Invalidf("the backup can't be restored, because it does not say how its texts are to be read, as pg_dump does")
	}
	rows := lastRows(entries)
	for i, e := range entries {
		if aboutWhole(e) {
			continue
		}
		if i < rows && actsOnRows(e) {
			return refusedEntry(e, models.Invalidf("it comes before the rows that it would act on"))
		}
		if err := g.entry(e); err != nil {
			return refusedEntry(e, err)
		}
	}
	return nil
}

// pgPreludes are the entries that say how the others are to be read. In the encodings
// of some clients a byte of a letter looks like a quote or a backslash; none of those is
// one that a database can have.
var pgPreludes = map[string]*regexp.Regexp{
	"ENCODING":   regexp.MustCompile(`^SET client_encoding = '(?:UTF8|SQL_ASCII|LATIN(?:[1-9]|10)|WIN[0-9]+|KOI8[RU]|ISO_8859_[5-8]|EUC_(?:JP|CN|KR|TW|JIS_2004)|MULE_INTERNAL)';\n$`),
	"STDSTRINGS": regexp.MustCompile(`^SET standard_conforming_strings = '(?:on|off)';\n$`),
	"SEARCHPATH": regexp.MustCompile(`^SELECT pg_catalog\.set_config\('search_path', '', false\);\n$`),
}

// lastRows returns where the last entry with rows is.
func lastRows(entries []*archiveEntry) int {
	last := 0
	for i, e := range entries {
		if e.hasData {
			last = i
		}
	}
	return last
}

// actsOnRows tells whether an entry would run while rows come in. pg_dump has those after
// all rows; a view may be a rule, which comes early.
func actsOnRows(e *archiveEntry) bool {
	return e.desc == "TRIGGER" || e.desc == "EVENT TRIGGER" || e.desc == "RULE" && !strings.HasSuffix(e.tag, " _RETURN")
}

// aboutWhole tells whether an entry makes the database itself, or is about it. Those are
// never restored: a database is made by Create.
func aboutWhole(e *archiveEntry) bool {
	switch e.desc {
	case "DATABASE", "DATABASE PROPERTIES":
		return !e.hasData && e.copy == ""
	case "ACL", "COMMENT", "SECURITY LABEL":
		return strings.HasPrefix(e.tag, "DATABASE ") && !e.hasData && e.copy == ""
	}
	return false
}

func refusedEntry(e *archiveEntry, err error) error {
	return models.Invalidf("the backup can't be restored, because %s holds what no pg_dump writes: %v", bounded(e.name()), err)
}

// entry looks at all that pg_restore may send for an entry.
func (g pgGuard) entry(e *archiveEntry) error {
	for _, text := range []string{e.tag, e.desc, e.schema, e.owner, e.defn, e.drop, e.copy, e.tablespace.text, e.accessMethod.text, e.hadOIDs} {
		if strings.IndexByte(text, 0) >= 0 {
			return models.Invalidf("it has a zero byte")
		}
	}
	if _, ok := pgPreludes[e.desc]; ok {
		return nil
	}
	if e.hasData || e.copy != "" {
		return g.rows(e)
	}
	if e.desc == descBlobNumbers {
		return g.blobNumbers(e)
	}
	if err := g.statements(e, e.defn, false); err != nil {
		return err
	}
	return g.drop(e)
}

// drop looks at how an entry is removed. pg_restore also makes the statement that gives
// the object its owner from it: it cuts off what should be DROP and a space.
func (g pgGuard) drop(e *archiveEntry) error {
	statements, err := splitStatements(e.drop, g.escapes)
	if err != nil {
		return err
	}
	if len(statements) > 1 {
		return models.Invalidf("it is removed by more than one statement")
	}
	if len(statements) == 1 && statements[0][0].word("drop") && !strings.HasPrefix(e.drop, "DROP ") {
		return models.Invalidf("it is removed by %q", bounded(e.drop))
	}
	return g.statements(e, e.drop, true)
}

// rows looks at an entry with rows or large objects.
func (g pgGuard) rows(e *archiveEntry) error {
	if kept, err := pgTokens(e.defn+"\n"+e.drop, g.escapes); err != nil || len(kept) > 0 {
		return models.Invalidf("it has statements beside its rows")
	}
	if e.desc == descBlobs && e.copy == "" {
		return nil
	}
	if e.desc != "TABLE DATA" {
		return models.Invalidf("it has rows, though it is no table")
	}
	if e.copy == "" {
		return models.Invalidf("its rows are statements: make the dump without --inserts")
	}
	if systemSchema(e.schema) {
		return models.Invalidf("it has rows of the server's own tables")
	}
	k, err := pgTokens(e.copy, g.escapes)
	if err != nil || !copyOf(k, e) {
		return models.Invalidf("its rows begin with %q", bounded(e.copy))
	}
	return nil
}

func systemSchema(name string) bool {
	return name == "" || name == "information_schema" || strings.HasPrefix(name, "pg_")
}

// copyOf tells whether a statement is COPY schema.table (columns) FROM stdin of the
// entry's own table, and no more.
func copyOf(k []pgToken, e *archiveEntry) bool {
	c := pgCursor{tokens: k}
	if !c.take("copy") {
		return false
	}
	schema, name := c.name(), ""
	if c.symbol(".") {
		name = c.name()
	} else {
		schema, name = e.schema, schema
	}
	if schema != e.schema || name != e.tag {
		return false
	}
	if c.symbol("(") {
		for c.name() != "" && c.symbol(",") {
		}
		if !c.symbol(")") {
			return false
		}
	}
	return c.take("from", "stdin") && c.symbol(";") && c.end()
}

var blobList = regexp.MustCompile(`^(?:[0-9]+\n?)*$`)

// blobNumbers looks at the large objects that newer archives list without statements.
// What removes them is a comment.
func (g pgGuard) blobNumbers(e *archiveEntry) error {
	kept, err := pgTokens(e.drop, g.escapes)
	if !blobList.MatchString(e.defn) || err != nil || len(kept) > 0 {
		return models.Invalidf("it lists large objects by more than their numbers")
	}
	return nil
}

// statements looks at each statement of a text.
func (g pgGuard) statements(e *archiveEntry, text string, dropping bool) error {
	statements, err := splitStatements(text, g.escapes)
	if err != nil {
		return err
	}
	if len(statements) > 0 && hasComment(text, statements) {
		return models.Invalidf("it has a comment, which pg_restore does not take for one")
	}
	for _, tokens := range statements {
		s := pgStatement{pgCursor: pgCursor{tokens: tokens}, desc: e.desc, dropping: dropping}
		if err := s.look(); err != nil {
			return err
		}
	}
	return nil
}

// hasComment tells whether there is more between the tokens of a text than space. Where
// pg_restore takes statements apart by itself, it does not know comments.
func hasComment(text string, statements [][]pgToken) bool {
	at := 0
	for _, k := range slices.Concat(statements...) {
		if strings.Trim(text[at:k.start], blank) != "" {
			return true
		}
		at = k.end
	}
	return strings.Trim(text[at:], blank) != ""
}

// blank is what may be between tokens, beside comments.
const blank = " \t\n\r\f\v;"

// splitStatements returns the tokens of each statement. A semicolon does not end one in
// the parentheses of a rule, nor in the body of a function between BEGIN ATOMIC and END.
func splitStatements(text string, escapes bool) ([][]pgToken, error) {
	tokens, err := pgTokens(text, escapes)
	if err != nil {
		return nil, err
	}
	var statements [][]pgToken
	for len(tokens) > 0 {
		n, err := statementEnd(tokens)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			statements = append(statements, tokens[:n])
		}
		tokens = tokens[min(n+1, len(tokens)):]
	}
	return statements, nil
}

// statementEnd returns how many tokens the first statement has, without its semicolon.
func statementEnd(tokens []pgToken) (int, error) {
	depth, body := 0, false
	rule, routine := makesRule(tokens), makesRoutine(tokens)
	for i, k := range tokens {
		switch {
		case k.symbol("("):
			depth++
		case k.symbol(")"):
			depth--
		case routine && depth == 0 && i > 0 && k.word("atomic") && tokens[i-1].word("begin"):
			if body {
				return 0, models.Invalidf("it has a body in a body")
			}
			body = true
		case body && k.word("end") && endsBody(tokens[i-1]):
			body, routine = false, false
		case k.symbol(";") && depth == 0 && !body:
			return i, nil
		case k.symbol(";") && (depth > 0 && !rule || !harmlessNext(tokens[i+1:])):
			return 0, models.Invalidf("it has a semicolon where no pg_dump writes one")
		}
		if depth < 0 {
			return 0, models.Invalidf("it has a parenthesis too many")
		}
	}
	if depth != 0 || body {
		return 0, models.Invalidf("a statement in it does not end")
	}
	return len(tokens), nil
}

func makesRule(tokens []pgToken) bool {
	c := pgCursor{tokens: tokens}
	return c.take("create", "rule") || c.take("create", "or", "replace", "rule")
}

func makesRoutine(tokens []pgToken) bool {
	c := pgCursor{tokens: tokens}
	c.take("create")
	c.take("or", "replace")
	return c.take("function") || c.take("procedure")
}

// endsBody tells whether an END after a token ends the body of a function. One that ends
// a CASE, or is another name for a column, never comes first in a statement.
func endsBody(before pgToken) bool { return before.symbol(";") || before.word("atomic") }

// harmlessNext tells whether what follows a semicolon in a rule or a function is
// something that these may hold.
func harmlessNext(tokens []pgToken) bool {
	if len(tokens) == 0 {
		return false
	}
	k := tokens[0]
	return k.symbol("(") || k.symbol(")") || k.kind == pgWord &&
		slices.Contains([]string{"select", "insert", "update", "delete", "merge", "with", "values", "return", "notify", "end"}, k.text)
}
