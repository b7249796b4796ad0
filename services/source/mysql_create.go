package source

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// create reads a statement after CREATE, up to where the name of what it makes is
// known. The text of a table and a sequence is read to its end.
func (g mysqlGrammar) create(p mysqlPart, c *sqlCursor) (mysqlPart, error) {
	options := c.pos
	for createOption(c) {
	}
	options = c.pos - options
	word := strings.ToUpper(c.word())
	if word == "DATABASE" || word == "SCHEMA" {
		return p, severalDatabases()
	}
	kind, known := madeBy[word]
	if !known || c.peek().is("IF") && kind == models.ObjectTable {
		return p, foreign(p)
	}
	c.take("BODY")
	c.take("IF", "NOT", "EXISTS")
	name, err := g.ownName(c)
	if err != nil {
		return p, err
	}
	p.object = models.Object{Kind: kind, Name: name}
	p.kind = partObject
	switch kind {
	case models.ObjectTable:
		return g.table(p, c, options)
	case models.ObjectSequence:
		return g.sequence(p, c)
	case models.ObjectView:
		return g.view(p, options), nil
	case models.ObjectTrigger:
		return g.trigger(p, c)
	case models.ObjectRoutine:
		// A function without a list of parameters is a program of the server's.
		if !strings.HasPrefix(word, "PACKAGE") && !c.symbol("(") {
			return p, foreign(p)
		}
	case models.ObjectEvent:
		if !c.take("ON", "SCHEDULE") {
			return p, foreign(p)
		}
	}
	return p, nil
}

// createOption goes past what may stand between CREATE and the kind of object.
func createOption(c *sqlCursor) bool {
	switch {
	case c.take("DEFINER"):
		c.symbol("=")
		c.name()
		if c.symbol("@") {
			c.definerHost()
		}
		if c.symbol("(") {
			c.symbol(")")
		}
		return true
	case c.take("ALGORITHM"):
		c.symbol("=")
		return c.word() != ""
	case c.take("SQL", "SECURITY"):
		return c.word() != ""
	}
	return c.take("AGGREGATE") || c.take("JSON", "RELATIONAL", "DUALITY")
}

// definerHost goes past the part of an account after its @, which is a quoted name of
// either kind.
func (c *sqlCursor) definerHost() {
	if k := c.peek(); k.kind == pieceName || k.kind == pieceString || k.kind == pieceWord {
		c.pos++
	}
}

// tableWords are words that make a CREATE TABLE statement read what is elsewhere, or
// that a client takes for its own.
var tableWords = wordSet("SELECT TABLE LOAD_FILE DELIMITER CALL HANDLER INTO OUTFILE DUMPFILE")

// table reads a CREATE TABLE statement to its end: nothing but columns, keys and options.
func (g mysqlGrammar) table(p mysqlPart, c *sqlCursor, options int) (mysqlPart, error) {
	if options > 0 || !c.symbol("(") {
		return p, foreign(p)
	}
	p.kind = partTable
	p.tokens = g.tokens(p.text, allTokens)
	depth := 0
	for i, k := range p.tokens {
		switch {
		case k.symbol("("):
			depth++
		case k.symbol(")"):
			depth--
		case k.symbol(`\`), k.symbol(";"), k.symbol("@"), k.kind == pieceVersion,
			k.kind == pieceWord && i > 1 && tableWords[strings.ToUpper(k.text)]:
			return p, models.Invalidf("table %q has something in its definition that no table has: %q", bounded(p.object.Name), bounded(k.text))
		case k.is("ENGINE") && depth == 0:
			p.engine = engineAfter(p.tokens[i+1:])
		}
	}
	if depth != 0 {
		return p, foreign(p)
	}
	left := ownQualifiers(models.ObjectTable, p.tokens, g.database)
	for i := range p.tokens {
		if !takesSequence(p.tokens[:i]) {
			continue
		}
		s := &sqlCursor{tokens: p.tokens[i:]}
		name, err := g.ownName(s)
		if err != nil {
			return p, models.Invalidf("table %q takes the values of a default from a sequence of another database: restore it by hand", bounded(p.object.Name))
		}
		p.sequences = append(p.sequences, name)
	}
	p.text = g.withoutComments(p.text, p.tokens, left)
	return p, nil
}

func engineAfter(tokens []sqlToken) string {
	c := &sqlCursor{tokens: tokens}
	c.symbol("=")
	name, _ := c.name()
	return name
}

// withoutComments leaves out comments, on which clients differ, and other parts.
func (g mysqlGrammar) withoutComments(text []byte, tokens []sqlToken, left []span) []byte {
	out := make([]byte, 0, len(text))
	at := 0
	for _, k := range tokens {
		if between := text[at:k.start]; len(strings.TrimSpace(string(between))) > 0 {
			out = append(out, ' ')
		} else {
			out = append(out, between...)
		}
		at = k.end
		if len(left) > 0 && k.start >= left[0].start && k.end <= left[0].end {
			if k.end == left[0].end {
				left = left[1:]
			}
			continue
		}
		out = append(out, text[k.start:k.end]...)
	}
	return out
}

// sequence wants options alone.
func (g mysqlGrammar) sequence(p mysqlPart, c *sqlCursor) (mysqlPart, error) {
	p.kind = partSequence
	for ; !c.done(); c.pos++ {
		k := c.peek()
		if k.kind != pieceWord && k.kind != pieceString && !k.symbol("-") && !k.symbol("=") || tableWords[strings.ToUpper(k.text)] {
			return p, foreign(p)
		}
	}
	p.text = g.withoutComments(p.text, p.tokens, nil)
	return p, nil
}

// view tells the stand-ins apart, which are in the place of views until all tables and
// other views are there: they say nothing of how the view is made.
func (g mysqlGrammar) view(p mysqlPart, options int) mysqlPart {
	if options == 0 {
		p.kind = partNothing
		return p
	}
	p.tokens = g.tokens(p.text, allTokens)
	p.text = without(p.text, ownQualifiers(models.ObjectView, p.tokens, g.database))
	return p
}

// trigger finds the trigger's table: BEFORE INSERT ON table FOR EACH ROW.
func (g mysqlGrammar) trigger(p mysqlPart, c *sqlCursor) (_ mysqlPart, err error) {
	for ; !c.take("ON"); c.pos++ {
		if c.done() || c.peek().kind != pieceWord && c.peek().kind != pieceName && !c.peek().symbol(",") {
			return p, foreign(p)
		}
	}
	if p.table, err = g.ownName(c); err != nil {
		return p, err
	}
	if !c.take("FOR", "EACH", "ROW") {
		return p, foreign(p)
	}
	p.text = without(p.text, ownQualifiers(models.ObjectTrigger, p.tokens, g.database))
	return p, nil
}
