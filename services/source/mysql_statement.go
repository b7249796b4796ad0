package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// partKind is what a statement of a dump is to a restore.
type partKind int

const (
	// partNothing changes nothing that a restore needs: locks, transactions, and DROP,
	// for whoever restores removes what is in the way beforehand.
	partNothing partKind = iota
	partSet
	// partDatabase changes the defaults of the database, for what is made next.
	partDatabase
	partSequence
	partSetval
	partTable
	partKeys
	// partObject makes a view, trigger, routine or event.
	partObject
)

// mysqlPart is a statement that the grammar of the dump tools allows.
type mysqlPart struct {
	kind partKind
	// text is the statement without version comments and the names of the dump's own
	// database.
	text   []byte
	tokens []sqlToken
	// object is what the statement makes, or what it is about.
	object models.Object
	// table is the table of a trigger.
	table string
	// engine is a table's, and sequences are those that its defaults need.
	engine    string
	sequences []string
	// on says that a table's keys are enabled again.
	on bool
	// defaults are the words that partDatabase gives the database.
	defaults string
	// position is what SETVAL sets a sequence to.
	position []string
}

// mysqlGrammar reads statements as the dump tools write them.
type mysqlGrammar struct {
	sqlText
	// database is the name of the dump's own database.
	database string
}

// parse reads an unwrapped statement. Its errors say what is wrong with it.
func (g mysqlGrammar) parse(text []byte) (mysqlPart, error) {
	c := &sqlCursor{tokens: g.tokens(text, maxHeadTokens)}
	p := mysqlPart{text: text, tokens: c.tokens}
	switch {
	case c.done():
		return p, nil
	case c.take("SET"):
		p.kind = partSet
		return p, nil
	case c.take("CREATE"):
		return g.create(p, c)
	case c.take("DROP"):
		return g.drop(p, c)
	case c.take("ALTER"):
		return g.alter(p, c)
	case c.take("DO", "SETVAL"), c.take("SELECT", "SETVAL"):
		return g.setval(p, c)
	case c.take("LOCK", "TABLES"), c.take("UNLOCK", "TABLES"), c.take("COMMIT"), c.take("START", "TRANSACTION"), c.take("ANALYZE", "TABLE"):
		return p, harmless(p, c)
	case c.take("USE"):
		return p, severalDatabases()
	}
	return p, foreign(p)
}

// foreign refuses a statement. Only its first words are told, for others may be secret.
func foreign(p mysqlPart) error {
	var first []string
	for _, k := range p.tokens[:min(3, len(p.tokens))] {
		if k.kind == pieceWord || k.kind == pieceSymbol {
			first = append(first, k.text)
		}
	}
	return models.Invalidf("it has a statement that no dump tool writes, which begins with %q", bounded(strings.Join(first, " ")))
}

func severalDatabases() error {
	return models.Invalidf("it names the databases that it fills, as dumps made with --databases or --all-databases do: restore it by hand, or make one without that option")
}

// harmless wants nothing but names, words and numbers to the end.
func harmless(p mysqlPart, c *sqlCursor) error {
	for ; !c.done(); c.pos++ {
		k := c.peek()
		if k.kind != pieceName && k.kind != pieceWord && !k.symbol(",") || k.is("SELECT") || k.is("INTO") {
			return foreign(p)
		}
	}
	return nil
}

// drop allows what the tools remove before they make it.
func (g mysqlGrammar) drop(p mysqlPart, c *sqlCursor) (mysqlPart, error) {
	if c.take("DATABASE") || c.take("SCHEMA") {
		return p, severalDatabases()
	}
	kind := madeBy[strings.ToUpper(c.word())]
	if kind == "" {
		return p, foreign(p)
	}
	c.take("BODY")
	c.take("IF", "EXISTS")
	name, err := g.ownName(c)
	if err != nil {
		return p, err
	}
	if !c.done() {
		return p, foreign(p)
	}
	p.object = models.Object{Kind: kind, Name: name}
	return p, nil
}

// ownName goes past the name of something in the dump's own database.
func (g mysqlGrammar) ownName(c *sqlCursor) (string, error) {
	name, ok := c.name()
	if ok && c.symbol(".") {
		if !sameDatabase(name, g.database) {
			return "", models.Invalidf("it changes something in another database, %q", bounded(name))
		}
		name, ok = c.name()
	}
	if !ok || c.peek().symbol(".") {
		return "", models.Invalidf("it has a statement without a name where the dump tools write one")
	}
	return name, nil
}

func (g mysqlGrammar) alter(p mysqlPart, c *sqlCursor) (_ mysqlPart, err error) {
	if c.take("TABLE") {
		if p.object.Name, err = g.ownName(c); err != nil {
			return p, err
		}
		p.kind, p.object.Kind, p.on = partKeys, models.ObjectTable, c.take("ENABLE")
		if !p.on && !c.take("DISABLE") || !c.take("KEYS") || !c.done() {
			return p, foreign(p)
		}
		return p, nil
	}
	if !c.take("DATABASE") {
		return p, foreign(p)
	}
	name, ok := c.name()
	if !ok || !sameDatabase(name, g.database) {
		return p, models.Invalidf("it changes another database, %q", bounded(name))
	}
	p.kind = partDatabase
	p.defaults, ok = databaseDefaults(c)
	if !ok {
		return p, foreign(p)
	}
	return p, nil
}

// databaseDefaults goes past CHARACTER SET x COLLATE y to the end, and returns it.
func databaseDefaults(c *sqlCursor) (string, bool) {
	var set, collation string
	if c.take("CHARACTER", "SET") {
		set = c.word()
	}
	if c.take("COLLATE") {
		collation = c.word()
	}
	return "CHARACTER SET " + set + " COLLATE " + collation, set != "" && collation != "" && c.done()
}

// setval reads (`sequence`, position, round).
func (g mysqlGrammar) setval(p mysqlPart, c *sqlCursor) (_ mysqlPart, err error) {
	if !c.symbol("(") {
		return p, foreign(p)
	}
	if p.object.Name, err = g.ownName(c); err != nil {
		return p, err
	}
	p.kind, p.object.Kind = partSetval, models.ObjectSequence
	for c.symbol(",") {
		sign := ""
		if c.symbol("-") {
			sign = "-"
		}
		p.position = append(p.position, sign+c.word())
	}
	if !c.symbol(")") || !c.done() || len(p.position) == 0 || slices.ContainsFunc(p.position, notNumber) {
		return p, foreign(p)
	}
	return p, nil
}

func notNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s == "" || runOf([]byte(s), isDigit) != len(s)
}

// quoteMySQL writes a name so that every server takes it for one.
func quoteMySQL(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// statement returns the statement in this program's own words, where it has some.
func (p mysqlPart) statement() string {
	switch p.kind {
	case partKeys:
		word := "DISABLE"
		if p.on {
			word = "ENABLE"
		}
		return fmt.Sprintf("ALTER TABLE %s %s KEYS", quoteMySQL(p.object.Name), word)
	case partSetval:
		return fmt.Sprintf("DO SETVAL(%s, %s)", quoteMySQL(p.object.Name), strings.Join(p.position, ", "))
	}
	return string(p.text)
}
