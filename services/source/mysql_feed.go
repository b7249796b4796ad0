package source

import (
	"bufio"
	"io"
	"strings"

	"github.com/backupman/backupman/models"
)

// mysqlFeed writes what a guard lets through for the vendor's client: sequences, tables
// and rows, each in this program's own words or as the guard has read it to its end. What
// has a body or a query of its own is put aside, for it is made afterwards.
type mysqlFeed struct {
	out *bufio.Writer
	// choice says which tables and sequences are wanted.
	choice mysqlChoice
	// engines are those the server has; nil when that does not matter.
	engines map[string]bool
	// session is what the client's session was given so far.
	session map[string]string
	// passing says that the present INSERT is wanted.
	passing  bool
	defaults string
	objects  []mysqlObject
	err      error
}

// mysqlObject is a view, trigger, routine or event with what it is made under.
type mysqlObject struct {
	mysqlPart
	session map[string]string
	// defaults are those of the database when it was made; empty for its present ones.
	defaults string
}

func newMySQLFeed(out io.Writer, choice mysqlChoice, engines map[string]bool) *mysqlFeed {
	return &mysqlFeed{out: bufio.NewWriterSize(out, readSize), choice: choice, engines: engines, session: map[string]string{}}
}

// feedVariables are what counts for tables and rows, in the order they are set.
var feedVariables = []string{varNames, varClient, varZone, varMode, varForeign, varUnique, varHistory}

func (f *mysqlFeed) part(p mysqlPart, session *mysqlSession) {
	switch p.kind {
	case partDatabase:
		f.defaults = p.defaults
	case partObject:
		if f.choice.object(p) {
			f.objects = append(f.objects, mysqlObject{mysqlPart: p, session: session.snapshot(), defaults: f.defaults})
		}
	case partTable:
		if f.choice.table(p.object.Name) {
			f.engine(p)
			f.statement(p, session)
		}
	case partKeys:
		if f.choice.table(p.object.Name) {
			f.statement(p, session)
		}
	case partSequence:
		if f.choice.sequence(p.object.Name) {
			f.statement(p, session)
		}
	case partSetval:
		if f.choice.position(p.object.Name) {
			f.statement(p, session)
		}
	}
}

// engine wants the server to have the table's engine: it would take another without a word.
func (f *mysqlFeed) engine(p mysqlPart) {
	if f.engines == nil || p.engine == "" || f.engines[strings.ToUpper(p.engine)] {
		return
	}
	f.fail(Incapablef("the server has no storage engine %s, which table %q needs: install its plugin", bounded(p.engine), p.object.Name))
}

func (f *mysqlFeed) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *mysqlFeed) statement(p mysqlPart, session *mysqlSession) {
	f.give(session)
	f.write([]byte(p.statement()), []byte(";\n"))
}

// give makes the client's session what the statement is meant for. Where a table's files
// are is up to the server.
func (f *mysqlFeed) give(session *mysqlSession) {
	want := session.snapshot()
	if mode, ok := want[varMode]; ok {
		want[varMode] = strings.Replace(strings.TrimSuffix(mode, "'")+",NO_DIR_IN_CREATE'", "',", "'", 1)
	}
	for _, statement := range setStatements(feedVariables, want, f.session) {
		f.write([]byte(statement), []byte(";\n"))
	}
}

func (f *mysqlFeed) write(pieces ...[]byte) {
	for _, p := range pieces {
		if f.err != nil {
			return
		}
		if _, err := f.out.Write(p); err != nil {
			f.fail(err)
		}
	}
}

func (f *mysqlFeed) insert(table string, head []byte, session *mysqlSession) {
	if f.passing = f.choice.table(table); f.passing {
		f.give(session)
		f.write(head)
	}
}

func (f *mysqlFeed) rows(p []byte) {
	if f.passing {
		f.write(p)
	}
}

func (f *mysqlFeed) endRows() { f.passing = false }

// end writes what is still kept here.
func (f *mysqlFeed) end() error {
	if f.err == nil {
		f.fail(f.out.Flush())
	}
	return f.err
}

// mysqlChoice says what of a dump is restored; nil tables stand for everything.
type mysqlChoice struct {
	tables map[string]bool
	// sequences are those that the tables need; those that are there already are not
	// made again, but put forward.
	sequences map[string]bool
	present   map[string]bool
}

func (c mysqlChoice) table(name string) bool { return c.tables == nil || c.tables[name] }

func (c mysqlChoice) sequence(name string) bool {
	return c.tables == nil || c.sequences[name] && !c.present[name]
}

func (c mysqlChoice) position(name string) bool { return c.tables == nil || c.sequences[name] }

func (c mysqlChoice) object(p mysqlPart) bool {
	return c.tables == nil || p.object.Kind == models.ObjectTrigger && c.tables[p.table]
}

// mysqlSurvey gathers what must be known of a dump before its target is touched.
type mysqlSurvey struct {
	// needs are the sequences that each table needs.
	needs map[string][]string
	// tables tells, of each, the engine.
	tables map[string]string
}

func newMySQLSurvey() *mysqlSurvey {
	return &mysqlSurvey{needs: map[string][]string{}, tables: map[string]string{}}
}

func (s *mysqlSurvey) part(p mysqlPart, _ *mysqlSession) {
	if p.kind == partTable {
		s.needs[p.object.Name], s.tables[p.object.Name] = p.sequences, p.engine
	}
}

func (s *mysqlSurvey) insert(string, []byte, *mysqlSession) {}
func (s *mysqlSurvey) rows([]byte)                          {}
func (s *mysqlSurvey) endRows()                             {}
