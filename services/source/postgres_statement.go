package source

import (
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// pgCursor goes through tokens.
type pgCursor struct {
	tokens []pgToken
	pos    int
}

func (c *pgCursor) end() bool { return c.pos >= len(c.tokens) }

// peek returns the next token, an empty symbol at the end.
func (c *pgCursor) peek() pgToken {
	if c.end() {
		return pgToken{kind: pgSymbol}
	}
	return c.tokens[c.pos]
}

// take goes past some words, when all of them come next.
func (c *pgCursor) take(words ...string) bool {
	for i, w := range words {
		if c.pos+i >= len(c.tokens) || !c.tokens[c.pos+i].word(w) {
			return false
		}
	}
	c.pos += len(words)
	return true
}

func (c *pgCursor) symbol(s string) bool {
	if c.peek().symbol(s) {
		c.pos++
		return true
	}
	return false
}

// name goes past a name and returns it, or returns an empty one.
func (c *pgCursor) name() string {
	k := c.peek()
	if !k.named() {
		return ""
	}
	c.pos++
	return k.text
}

// word goes past a word without quotes and returns it, or returns an empty one.
func (c *pgCursor) word() string {
	if c.peek().kind != pgWord {
		return ""
	}
	return c.name()
}

// pgStatement is one statement of an archive.
type pgStatement struct {
	pgCursor
	// desc is the word for its entry.
	desc string
	// dropping says that it is there to remove the object again.
	dropping bool
}

// inDatabase are what a database holds, by the first word for it.
var inDatabase = map[string]bool{}

func init() {
	for word := range strings.FieldsSeq("table view index sequence function procedure routine aggregate type domain schema extension trigger rule policy " +
		"collation conversion operator cast publication subscription server statistics language text access transform data column constraint large default mapping") {
		inDatabase[word] = true
	}
}

// modifiers may stand between CREATE, ALTER or DROP and what it is about.
var modifiers = strings.Fields("unlogged unique foreign materialized recursive trusted procedural constraint event default")

func (s *pgStatement) look() error {
	verb := s.word()
	if err := s.fits(verb); err != nil {
		return err
	}
	switch verb {
	case "create":
		s.take("or", "replace")
		return s.object(verb)
	case "alter":
		return s.object(verb)
	case "drop":
		if s.dropping {
			return s.object(verb)
		}
	case "comment":
		if s.take("on") {
			return s.object("comment on")
		}
	case "security":
		if s.take("label", "for") && s.pass() && s.take("on") {
			return s.object("security label on")
		}
	case "grant", "revoke":
		return s.privileges()
	case "refresh":
		if s.take("materialized", "view") {
			return nil
		}
	case "set", "reset":
		if s.desc == "ACL" && s.take("session", "authorization") {
			return nil
		}
	case "select":
		return s.call()
	}
	return models.Invalidf("a statement in it begins with %q", s.beginning())
}

func (s *pgStatement) pass() bool {
	s.pos++
	return true
}

// beginning returns the first words of the statement, for a sentence.
func (s *pgStatement) beginning() string {
	var words []string
	for _, k := range s.tokens[:min(3, len(s.tokens))] {
		words = append(words, k.text)
	}
	return bounded(strings.ToUpper(strings.Join(words, " ")))
}

// object wants the statement to be about something inside the database.
func (s *pgStatement) object(verb string) error {
	word := s.word()
	for slices.Contains(modifiers, word) && s.peek().kind == pgWord && (inDatabase[s.peek().text] || slices.Contains(modifiers, s.peek().text)) {
		word = s.word()
	}
	if word == "user" && s.take("mapping") {
		word = "mapping"
	}
	if !inDatabase[word] && !slices.Contains(modifiers, word) {
		return models.Invalidf("a statement in it begins with %q, which is not about this database alone", s.beginning())
	}
	if verb == "create" {
		if err := s.makesOwn(word); err != nil {
			return err
		}
	}
	if verb != "create" && verb != "alter" {
		return nil
	}
	return s.reach(word)
}

// reach wants what is made to reach nothing outside the database.
func (s *pgStatement) reach(word string) error {
	rest := s.tokens[s.pos:]
	switch word {
	case "function", "procedure":
		return native(rest)
	case "schema":
		// What follows the name of a schema would be made in it.
		if len(rest) != 1 {
			return models.Invalidf("a statement in it begins with %q, and makes more than a schema", s.beginning())
		}
	case "table", "server", "data":
		for i, k := range rest {
			if k.named() && strings.EqualFold(k.text, "program") && i+1 < len(rest) && rest[i+1].kind == pgString {
				return models.Invalidf("a foreign table in it runs a program")
			}
		}
	case "subscription":
		for i, k := range rest {
			if k.word("connect") && i+2 < len(rest) && rest[i+1].symbol("=") && rest[i+2].text == "false" {
				return nil
			}
		}
		return models.Invalidf("a subscription in it connects to another server")
	}
	return s.keepsOffFiles(word)
}

// fileFunctions are functions of the server that read and write files of its machine.
var fileFunctions = strings.Fields("lo_export lo_import pg_file_write pg_file_sync pg_file_rename pg_file_unlink")

// keepsOffFiles wants nothing that is computed while rows come in, or when somebody reads
// a view, to be about files. Operators and the like name functions without calling them.
func (s *pgStatement) keepsOffFiles(word string) error {
	names := word == "operator" || word == "cast" || word == "aggregate"
	for i, k := range s.tokens {
		called := i+1 < len(s.tokens) && s.tokens[i+1].symbol("(")
		if k.named() && (called || names) && slices.Contains(fileFunctions, k.text) {
			return models.Invalidf("a statement in it begins with %q and calls %s, which is about files of the server", s.beginning(), k.text)
		}
	}
	return nil
}

// native wants a function of machine code to come from the server's own folder.
func native(rest []pgToken) error {
	for i, k := range rest {
		if !k.word("as") || i+1 >= len(rest) || rest[i+1].kind != pgString || !ofC(rest) {
			continue
		}
		file := strings.TrimPrefix(rest[i+1].text, "$libdir/")
		if strings.Contains(file, "/") || strings.Contains(file, "\\") {
			return models.Invalidf("a function in it is machine code in the file %q", bounded(rest[i+1].text))
		}
	}
	return nil
}

func ofC(tokens []pgToken) bool {
	for i, k := range tokens[:max(len(tokens)-1, 0)] {
		if k.word("language") && strings.EqualFold(tokens[i+1].text, "c") {
			return true
		}
	}
	return false
}

// privileges wants GRANT and REVOKE to be about something inside the database, and not
// about who belongs to a role.
func (s *pgStatement) privileges() error {
	depth := 0
	for ; !s.end(); s.pos++ {
		switch k := s.peek(); {
		case k.symbol("("):
			depth++
		case k.symbol(")"):
			depth--
		case depth == 0 && k.word("on"):
			s.pos++
			return s.privilegesOn()
		}
	}
	return models.Invalidf("a statement in it begins with %q, which makes a role a member of another", s.beginning())
}

// privilegesOn looks at what follows ON, where TABLE may be left out.
func (s *pgStatement) privilegesOn() error {
	k := s.peek()
	if k.kind != pgWord || s.pos+1 < len(s.tokens) && (s.tokens[s.pos+1].symbol(".") || s.tokens[s.pos+1].symbol(",")) {
		return nil
	}
	if slices.Contains([]string{"database", "tablespace", "parameter", "role"}, k.text) {
		return models.Invalidf("a statement in it is about the privileges of a %s", k.text)
	}
	return nil
}

// calls are the functions that pg_dump calls.
var calls = map[string]bool{"setval": true, "lo_create": true, "lo_unlink": true, "lo_open": true, "lowrite": true, "lo_close": true,
	"pg_restore_relation_stats": true, "pg_restore_attribute_stats": true, "pg_restore_extended_stats": true}

// call wants one call of a function that pg_dump calls, with values.
func (s *pgStatement) call() error {
	if s.symbol("*") && !s.take("from") || !s.take("pg_catalog") || !s.symbol(".") || !calls[s.word()] || !s.symbol("(") {
		return models.Invalidf("a statement in it begins with %q", s.beginning())
	}
	for ; !s.end(); s.pos++ {
		if s.peek().symbol("(") || s.peek().word("select") {
			return models.Invalidf("a call in it is about more than values")
		}
	}
	return nil
}
