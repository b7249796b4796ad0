package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/backupman/backupman/models"
)

// mysqlDoubts are things in a database that the vendors' tools can't dump, or
// not so that they come back as they were.
type mysqlDoubts struct {
	// options are the database's defaults, as CREATE DATABASE takes them.
	options string
	// broken are the server's sentences about views that can't be read.
	broken []string
	// endless names events that the tools never come to an end with.
	endless []string
	// precise names tables whose history the tools can't read.
	precise []string
	// floats names tables whose numbers lose digits.
	floats []string
	// sequences names tables with defaults that name this database.
	sequences []string
	// collated names what was made under another collation of the database.
	collated []string
	// late names views that are restored before what they must be able to change.
	late []string
}

// doubtQueries fill the lists of names. Each takes the database's name.
var doubtQueries = []struct {
	when    func(mysqlServer, mysqlContents) bool // nil for always
	without string
	query   string
	list    func(*mysqlDoubts) *[]string
}{
	{query: "SELECT DISTINCT c.TABLE_NAME, '' FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME) " +
		"WHERE c.TABLE_SCHEMA = ? AND c.DATA_TYPE = 'float' AND c.NUMERIC_SCALE IS NULL AND t.TABLE_TYPE <> 'VIEW' ORDER BY 1",
		list: func(d *mysqlDoubts) *[]string { return &d.floats }},
	{query: "SELECT EVENT_NAME, '' FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? AND EVENT_DEFINITION LIKE '%;;%' ORDER BY 1",
		without: withoutEvents, list: func(d *mysqlDoubts) *[]string { return &d.endless }},
	{query: "SELECT DISTINCT TABLE_NAME, '' FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND GENERATION_EXPRESSION = 'ROW START' AND DATA_TYPE = 'bigint' ORDER BY 1",
		when: func(_ mysqlServer, c mysqlContents) bool { return c.versioned }, list: func(d *mysqlDoubts) *[]string { return &d.precise }},
	{query: "SELECT DISTINCT TABLE_NAME, '' FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND COLUMN_DEFAULT LIKE '%nextval(%' ORDER BY 1",
		when: func(s mysqlServer, _ mysqlContents) bool { return s.mariadb }, list: func(d *mysqlDoubts) *[]string { return &d.sequences }},
	{query: "SELECT CONCAT('routine ', ROUTINE_NAME), '' FROM information_schema.ROUTINES JOIN information_schema.SCHEMATA ON SCHEMA_NAME = ROUTINE_SCHEMA " +
		"WHERE ROUTINE_SCHEMA = ? AND DATABASE_COLLATION <> DEFAULT_COLLATION_NAME ORDER BY 1",
		without: withoutRoutines, list: func(d *mysqlDoubts) *[]string { return &d.collated }},
	{query: "SELECT CONCAT('trigger ', TRIGGER_NAME), '' FROM information_schema.TRIGGERS JOIN information_schema.SCHEMATA ON SCHEMA_NAME = TRIGGER_SCHEMA " +
		"WHERE TRIGGER_SCHEMA = ? AND DATABASE_COLLATION <> DEFAULT_COLLATION_NAME ORDER BY 1",
		without: withoutTriggers, list: func(d *mysqlDoubts) *[]string { return &d.collated }},
	{query: "SELECT CONCAT('event ', EVENT_NAME), '' FROM information_schema.EVENTS JOIN information_schema.SCHEMATA ON SCHEMA_NAME = EVENT_SCHEMA " +
		"WHERE EVENT_SCHEMA = ? AND DATABASE_COLLATION <> DEFAULT_COLLATION_NAME ORDER BY 1",
		without: withoutEvents, list: func(d *mysqlDoubts) *[]string { return &d.collated }},
}

func (m *MySQL) doubts(ctx context.Context, db *sql.DB, server mysqlServer, c mysqlContents) (mysqlDoubts, error) {
	var d mysqlDoubts
	err := m.list(ctx, db, "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
		func(set, collation string) { d.options = "CHARACTER SET " + set + " COLLATE " + collation })
	if err != nil {
		return d, err
	}
	for _, q := range doubtQueries {
		if q.when != nil && !q.when(server, c) || m.without[q.without] {
			continue
		}
		names := q.list(&d)
		if err := m.list(ctx, db, q.query, func(name, _ string) { *names = append(*names, name) }); err != nil {
			return d, err
		}
	}
	if d.late, err = m.lateViews(ctx, db, c); err != nil {
		return d, err
	}
	return d, m.brokenViews(ctx, db, c, &d)
}

// viewInvalid is the server's error about a view that refers to what is gone.
const viewInvalid = 1356

// brokenViews asks for each view's columns, as the tools do: neither vendor's
// catalogue tells for certain which views still work.
func (m *MySQL) brokenViews(ctx context.Context, db *sql.DB, c mysqlContents, d *mysqlDoubts) error {
	for _, o := range c.objects {
		if o.Kind != models.ObjectView {
			continue
		}
		rows, err := db.QueryContext(ctx, "SHOW FIELDS FROM "+quoteMySQL(o.Name))
		if err == nil {
			err = errors.Join(rows.Close(), rows.Err())
		}
		var answer *mysql.MySQLError
		switch {
		case err == nil:
		case !errors.As(err, &answer):
			return m.wrap("look at its views", err)
		case answer.Number == viewInvalid:
			d.broken = append(d.broken, fmt.Sprintf("view %q can't be dumped, because it is broken: repair or drop it (%s)", o.Name, answer.Message))
		}
	}
	return nil
}

// lateViews names views that can be changed through another view which sorts
// after them. Tools restore views by name, and stand-ins that nobody can change
// are in the others' places until then.
func (m *MySQL) lateViews(ctx context.Context, db *sql.DB, c mysqlContents) ([]string, error) {
	place := map[string]int{}
	for i, o := range c.objects {
		if o.Kind == models.ObjectView {
			place[o.Name] = i + 1
		}
	}
	var late []string
	err := m.list(ctx, db, "SELECT TABLE_NAME, COALESCE(VIEW_DEFINITION, '') FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? AND (IS_UPDATABLE = 'YES' OR CHECK_OPTION <> 'NONE') ORDER BY 1",
		func(name, definition string) {
			for _, other := range namesAfter(definition, m.database()) {
				if place[other] > place[name] {
					late = append(late, name+" (needs "+other+")")
					return
				}
			}
		})
	return late, err
}

// namesAfter returns the quoted names that follow a database's in a view's
// definition, in which servers write every name so.
func namesAfter(definition, database string) []string {
	var names []string
	w := &words{text: []byte(definition)}
	after := false
	for {
		word, quoted := w.next()
		if word == "" && !quoted {
			return names
		}
		if quoted && after {
			names = append(names, word)
		}
		after = quoted && strings.EqualFold(word, database) && w.peek() == '.'
		if after {
			w.pos++
		}
	}
}

// problems keep a dump from being made.
func (d mysqlDoubts) problems() []string {
	problems := append([]string{}, d.broken...)
	if len(d.endless) > 0 {
		problems = append(problems, "the dump tool does not come to an end with events that have ;; in their body: "+listNames(d.endless)+
			"; change them, or set without: events, if the backup may do without them")
	}
	return problems
}

// warnings tell what will not come back as it was, or only from this program's hands,
// and the way out.
func (d mysqlDoubts) warnings(database string) []string {
	var warnings []string
	add := func(names []string, sentence string) {
		if len(names) > 0 {
			warnings = append(warnings, sentence+": "+listNames(names))
		}
	}
	add(d.floats, "FLOAT columns come back with 6 significant digits, for the dump tool writes no more (DOUBLE keeps all), in tables")
	const byHand = "restored by hand, and not by this program, "
	add(d.sequences, fmt.Sprintf(byHand+"the dump needs a database of the same name, %q, for it names it in column defaults that take their values from a sequence: "+
		"set the defaults again afterwards, of tables", database))
	add(d.collated, fmt.Sprintf(byHand+"the dump alters database %q by its name, whatever it is restored into, around what was made when the database had another collation: "+
		"create these anew, or restore only under the same name and on another server", database))
	add(d.late, byHand+"views that can be changed come back as read-only, or stop the restore, because they are restored before a view they depend on: "+
		"create them anew after a restore, or rename them")
	return warnings
}
