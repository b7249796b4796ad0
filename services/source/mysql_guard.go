package source

import (
	"bytes"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// partTaker is given what a guard has let through.
type partTaker interface {
	// part takes a statement, with the session that it is meant for.
	part(p mysqlPart, session *mysqlSession)
	// insert, rows and endRows are as in statementTaker.
	insert(table string, head []byte, session *mysqlSession)
	rows(p []byte)
	endRows()
}

// mysqlGuard lets through what mysqldump and mariadb-dump write, and refuses everything
// else: a dump is code, and an account that restores it may do much. It knows statements
// only as the tools write them, so that what a server would make of anything stranger
// does not matter.
type mysqlGuard struct {
	scan *sqlScanner
	// next, when set, is given what is let through, as a server reads it that reads the
	// version comments which reads tells; nil lets every version see nothing it must not.
	next    partTaker
	reads   func(versionComment) bool
	session *mysqlSession
	values  rowGuard
	// filling is the table that was just made; rows go nowhere else.
	filling string
	// made are the tables and sequences that the dump has made so far.
	made  map[models.Object]bool
	fault error
}

// newMySQLGuard puts a guard behind a scanner. Without a taker it only judges.
func newMySQLGuard(next partTaker, reads func(versionComment) bool) *mysqlGuard {
	g := &mysqlGuard{scan: newSQLScanner(), next: next, reads: reads, session: newMySQLSession(), made: map[models.Object]bool{}}
	g.scan.taker, g.scan.dated = g, true
	return g
}

// Write takes the next piece of the dump and returns what is wrong with it.
func (g *mysqlGuard) Write(p []byte) (int, error) {
	n, _ := g.scan.Write(p)
	return n, g.refusal()
}

// end tells whether the dump was whole.
func (g *mysqlGuard) end() error {
	if err := g.refusal(); err != nil {
		return err
	}
	if !g.scan.complete {
		return models.Invalidf("the dump is not whole: it does not end with the dump tool's own last line %q", endMarker)
	}
	return nil
}

func (g *mysqlGuard) refusal() error {
	if g.fault == nil && g.scan.fault != "" {
		g.fault = models.Invalidf("%s", g.scan.fault)
	}
	if g.fault == nil {
		return nil
	}
	return models.Invalidf("the dump is not one that mysqldump or mariadb-dump writes: %v", g.fault)
}

func (g *mysqlGuard) fail(err error) {
	if g.fault == nil {
		g.fault = err
	}
}

// grammar is how the present statement is read.
func (g *mysqlGuard) grammar() mysqlGrammar {
	g.scan.dollars = !g.scan.header.tool.mariadb
	return mysqlGrammar{sqlText: g.scan.text(), database: g.scan.header.database}
}

func (g *mysqlGuard) statement(text []byte, whole bool) {
	if g.fault != nil {
		return
	}
	if !whole {
		g.fail(models.Invalidf("a statement is longer than %d MiB", maxStatement>>20))
		return
	}
	if err := g.judge(text); err != nil {
		g.fail(err)
	}
}

// judge reads a statement as each server would. Only what the version at hand reads is
// carried out and passed on.
func (g *mysqlGuard) judge(text []byte) error {
	grammar := g.grammar()
	readings, err := grammar.readings(text)
	if err != nil {
		return err
	}
	for _, reading := range readings {
		p, err := grammar.parse(grammar.unwrap(text, reading))
		if err == nil && p.kind == partSet {
			err = (&mysqlSession{values: g.session.snapshot(), kept: map[string]string{}}).carryOut(p)
		}
		if err == nil {
			err = counted(p, text)
		}
		if err != nil {
			return err
		}
	}
	reads := g.reads
	if reads == nil {
		reads = everyComment
	}
	p, err := grammar.parse(grammar.unwrap(text, reads))
	if err != nil || bytes.HasPrefix(text, []byte(standIn)) {
		return err
	}
	return g.pass(p)
}

// counted wants what a statement makes to be what the inventory says that it makes: by that
// it is decided who may restore a dump, and where. The tools quote names that read like
// other words. A view may be a stand-in, which does not count.
func counted(p mysqlPart, text []byte) error {
	makes := p.kind == partTable || p.kind == partSequence || p.kind == partObject
	if !makes || p.object.Kind == models.ObjectView {
		return nil
	}
	if o, ok := parseObject(text); !ok || o.Kind != p.object.Kind {
		return foreign(p)
	}
	return nil
}

// pass follows a statement that was found good.
func (g *mysqlGuard) pass(p mysqlPart) error {
	switch p.kind {
	case partNothing:
		if g.made[p.object] {
			return models.Invalidf("it removes the %s %q that it has made itself, which no dump tool does", p.object.Kind, bounded(p.object.Name))
		}
	case partSet:
		return g.session.carryOut(p)
	case partTable, partSequence:
		g.made[models.Object{Kind: p.object.Kind, Name: p.object.Name}] = true
		if err := g.readable(); err != nil {
			return err
		}
		g.filling = ""
		if p.kind == partTable && !isMerge(p.engine) && !external(p.engine) {
			g.filling = p.object.Name
		}
	case partObject, partDatabase:
		g.filling = ""
	}
	if g.next != nil {
		g.next.part(p, g.session)
	}
	return nil
}

func (s *mysqlSession) carryOut(p mysqlPart) error {
	c := &sqlCursor{tokens: p.tokens, pos: 1}
	if err := s.set(c); err != nil {
		return err
	}
	if !c.done() {
		return foreign(p)
	}
	return nil
}

// unsafeCharsets have characters of which a byte looks like a quote or a backslash, so
// that a server reads a text otherwise than the client that sends it.
var unsafeCharsets = wordSet("BIG5 CP932 GB18030 GBK SJIS UCS2 UTF16 UTF16LE UTF32")

// readable refuses to read tables and rows under settings in which strings end elsewhere.
func (g *mysqlGuard) readable() error {
	for _, name := range []string{varNames, varClient} {
		if set := strings.Trim(g.session.values[name], "'"); unsafeCharsets[strings.ToUpper(set)] {
			return models.Invalidf("its tables are in the character set %s, which can't be told from statements for certain: make it with --default-character-set=utf8mb4, or restore it by hand", set)
		}
	}
	if g.scan.mode.ansiQuotes || g.scan.mode.noEscapes || strings.Contains(strings.ToUpper(g.session.values[varMode]), "ANSI") {
		return models.Invalidf("its tables are written in another SQL mode: make it without --compatible, or restore it by hand")
	}
	return nil
}

// insert wants INSERT INTO `table` (`column`, …) VALUES, into the table just made.
func (g *mysqlGuard) insert(table string, head []byte) {
	g.values.begin(head[len(head)-1] == '(')
	if g.fault != nil {
		return
	}
	if err := g.readable(); err != nil {
		g.fail(err)
	}
	if !g.grammar().insertHead(head) {
		g.fail(models.Invalidf("it has an INSERT that no dump tool writes"))
	}
	if g.filling == "" || table != g.filling {
		g.fail(models.Invalidf("it has rows of %q where the dump tools write those of the table they have just made", bounded(table)))
	}
	if g.fault == nil && g.next != nil {
		g.next.insert(table, head, g.session)
	}
}

func (g mysqlGrammar) insertHead(head []byte) bool {
	c := &sqlCursor{tokens: g.tokens(head, allTokens)}
	if bytes.Contains(head, []byte("/*")) && slices.ContainsFunc(c.tokens, func(k sqlToken) bool { return k.kind == pieceVersion }) {
		return false
	}
	if !c.take("INSERT") && !c.take("REPLACE") {
		return false
	}
	for c.take("IGNORE") || c.take("DELAYED") || c.take("LOW_PRIORITY") {
	}
	if !c.take("INTO") {
		return false
	}
	if _, ok := c.name(); !ok {
		return false
	}
	for c.symbol("(") || c.symbol(",") {
		if _, ok := c.name(); !ok {
			return false
		}
	}
	c.symbol(")")
	return c.take("VALUES") && (c.done() || c.symbol("(") && c.done())
}

func (g *mysqlGuard) rows(p []byte) {
	if g.fault != nil {
		return
	}
	g.values.take(p)
	if g.values.bad {
		g.fail(models.Invalidf("the rows of table %q hold something that is not a value", bounded(g.filling)))
		return
	}
	if g.next != nil {
		g.next.rows(p)
	}
}

func (g *mysqlGuard) endRows() {
	if g.fault != nil {
		return
	}
	if !g.values.end() {
		g.fail(models.Invalidf("the rows of table %q do not end as rows do", bounded(g.filling)))
		return
	}
	if g.next != nil {
		g.next.endRows()
	}
}
