package source

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// Restore implements Target. Tables and their rows go through the vendor's client. Routines,
// triggers, views and events are made afterwards, one statement each, through a connection
// that takes no second statement: what has a body can't be told from several statements
// by how it looks. Then views find what they need whatever they are called, and nothing
// that the dump brings along runs before everything is there.
func (t *MySQLTarget) Restore(ctx context.Context, req RestoreRequest) error {
	r := &mysqlRestore{MySQLTarget: t, req: req}
	if err := r.run(ctx); err != nil {
		return &TargetLeft{Cause: err, Untouched: !r.touched}
	}
	return nil
}

// mysqlRestore is one restore.
type mysqlRestore struct {
	*MySQLTarget
	req     RestoreRequest
	db      *sql.DB
	of      mysqlServer
	client  mysqlClient
	choice  mysqlChoice
	engines map[string]bool
	// options are the database's defaults.
	options string
	touched bool
}

func (r *mysqlRestore) run(ctx context.Context) error {
	var err error
	if r.db, r.of, err = r.server(ctx); err != nil {
		return err
	}
	defer r.db.Close()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.makeRoom(ctx); err != nil {
		return err
	}
	r.touched = true
	objects, err := r.fill(ctx)
	if err != nil {
		return err
	}
	return r.makeObjects(ctx, objects)
}

// prepare looks whether the restore can be made. It changes nothing.
func (r *mysqlRestore) prepare(ctx context.Context) (err error) {
	if r.client, err = r.chooseClient(ctx, r.of); err != nil {
		return err
	}
	if r.options, err = r.defaults(ctx, r.db); err != nil {
		return err
	}
	if r.options == "" && !r.replaces() {
		return models.Conflictf("there is no database %q on the server at %s", r.database(), r.where())
	}
	account, err := r.account(ctx, r.db, r.of)
	if err != nil {
		return err
	}
	if lacks := account.lacksOf(r.needed()); lacks != "" {
		return models.Invalidf("%s", lacks)
	}
	if err := r.askEngines(ctx); err != nil {
		return err
	}
	if err := r.asleep(ctx); err != nil {
		return err
	}
	if r.replaces() {
		if err := r.knowsOptions(ctx); err != nil {
			return err
		}
	}
	if len(r.req.Tables) > 0 || r.replaces() {
		return r.survey(ctx)
	}
	return nil
}

// replaces tells whether the whole database is replaced.
func (r *mysqlRestore) replaces() bool { return r.req.Replace && len(r.req.Tables) == 0 }

// knowsOptions wants the server to know the defaults of the database in the backup: once
// the old one is dropped it is too late to find out.
func (r *mysqlRestore) knowsOptions(ctx context.Context) error {
	words, err := r.createOptions(r.req.Inventory.Options)
	if err != nil || words == "" {
		return err
	}
	fields := strings.Fields(words)
	_, err = r.db.ExecContext(ctx, "DO CONVERT('' USING "+fields[2]+") COLLATE "+fields[4])
	if err != nil {
		return r.refused(ctx, r.of, r.req.Inventory, "look whether it knows the collation of the backup", err)
	}
	return nil
}

// needed are the privileges that this dump asks for.
func (r *mysqlRestore) needed() []string {
	needed := slices.Clone(writing)
	for _, need := range []struct {
		kind       models.ObjectKind
		privileges []string
	}{
		{models.ObjectTrigger, []string{"TRIGGER"}},
		{models.ObjectView, []string{"CREATE VIEW", "SHOW VIEW"}},
		{models.ObjectRoutine, []string{"CREATE ROUTINE", "ALTER ROUTINE"}},
		{models.ObjectEvent, []string{"EVENT"}},
	} {
		whole := len(r.req.Tables) == 0 || need.kind == models.ObjectTrigger
		if whole && r.req.Inventory.Count(need.kind) > 0 {
			needed = append(needed, need.privileges...)
		}
	}
	return needed
}

// asleep wants the events of a scratch database not to run.
func (r *mysqlRestore) asleep(ctx context.Context) error {
	if !r.req.Scratch || r.req.Inventory.Count(models.ObjectEvent) == 0 {
		return nil
	}
	var scheduler string
	if err := r.db.QueryRowContext(ctx, "SELECT @@event_scheduler").Scan(&scheduler); err != nil {
		return r.wrap("ask whether it runs events", err)
	}
	if scheduler == "ON" {
		return Incapablef("the server at %s runs events, and would run those of the backup in the scratch database: SET GLOBAL event_scheduler = OFF there, or use the scratch server %s", r.where(), models.ScratchTemporary)
	}
	return nil
}

func (r *mysqlRestore) askEngines(ctx context.Context) error {
	rows, err := r.db.QueryContext(ctx, "SELECT ENGINE FROM information_schema.ENGINES WHERE SUPPORT IN ('YES', 'DEFAULT')")
	if err != nil {
		return r.wrap("ask for its storage engines", err)
	}
	defer rows.Close()
	r.engines = map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return r.wrap("ask for its storage engines", err)
		}
		r.engines[strings.ToUpper(name)] = true
	}
	return rows.Err()
}

// survey reads the dump once before anything is removed for it.
func (r *mysqlRestore) survey(ctx context.Context) error {
	survey := newMySQLSurvey()
	if err := r.read(ctx, newMySQLGuard(survey, r.of.reads()), nil); err != nil {
		return err
	}
	r.choice = mysqlChoice{}
	if len(r.req.Tables) > 0 {
		r.choice = mysqlChoice{tables: map[string]bool{}, sequences: map[string]bool{}, present: map[string]bool{}}
	}
	for _, table := range r.req.Tables {
		if _, ok := survey.tables[table.Name]; !ok || table.Schema != "" {
			return models.NotFoundf("the backup has no table %q", table.String())
		}
		r.choice.tables[table.Name] = true
		for _, sequence := range survey.needs[table.Name] {
			r.choice.sequences[sequence] = true
		}
	}
	feed := &mysqlFeed{choice: r.choice, engines: r.engines}
	for table, engine := range survey.tables {
		if r.choice.table(table) {
			feed.engine(mysqlPart{object: models.Object{Name: table}, engine: engine})
		}
	}
	return feed.err
}

// read hands the dump to a guard, from its beginning to its end.
func (r *mysqlRestore) read(ctx context.Context, guard *mysqlGuard, progress func(int64)) error {
	dump, err := r.req.Open(ctx)
	if err != nil {
		return err
	}
	defer dump.Close()
	if err := guardDump(ctx, guard, dump, progress); err != nil {
		return err
	}
	if want := r.req.Inventory.Tables; !slices.Equal(want, guard.scan.Tables()) {
		return models.Invalidf("the dump is not the one that was looked at: its tables hold something else")
	}
	return nil
}

// makeRoom makes the database, or what is restored of it, empty.
func (r *mysqlRestore) makeRoom(ctx context.Context) error {
	switch {
	case len(r.req.Tables) > 0:
		return r.makeRoomForTables(ctx)
	case r.replaces():
		return r.replace(ctx)
	}
	contents, err := r.contents(ctx, r.db, r.of)
	if err != nil {
		return err
	}
	if n := len(contents.objects); n > 0 {
		return models.Conflictf("database %q is not empty: it holds %s; replace it, or restore into another", r.database(), plural(n, "object", "objects"))
	}
	return nil
}

// replace drops the database and makes it anew with the defaults of the one in the
// backup, or else those that it had.
func (r *mysqlRestore) replace(ctx context.Context) error {
	words, err := r.createOptions(r.req.Inventory.Options)
	if err != nil {
		return err
	}
	if words == "" && r.options != "" {
		words = " " + r.options
	}
	r.touched = true // a server that can't drop all of it has dropped some tables
	if err := r.drop(ctx, r.db); err != nil {
		return err
	}
	if err := r.create(ctx, r.db, r.of, words); err != nil {
		return err
	}
	r.options, err = r.defaults(ctx, r.db)
	return err
}

// makeRoomForTables looks at what is there under the names of the tables, and removes it
// when that was asked for.
func (r *mysqlRestore) makeRoomForTables(ctx context.Context) error {
	there := map[string]string{}
	err := r.list(ctx, r.db, "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?",
		func(name, kind string) { there[r.folded(name)] = kind })
	if err != nil {
		return err
	}
	for sequence := range r.choice.sequences {
		kind, ok := there[r.folded(sequence)]
		if ok && kind != "SEQUENCE" {
			return models.Conflictf("database %q has %q, which is no sequence, but the tables need a sequence of that name", r.database(), sequence)
		}
		r.choice.present[sequence] = ok
	}
	var names, drops []string
	for _, table := range r.req.Tables {
		kind, ok := there[r.folded(table.Name)]
		if !ok {
			continue
		}
		names = append(names, table.Name)
		drops = append(drops, "DROP "+map[string]string{"VIEW": "VIEW ", "SEQUENCE": "SEQUENCE "}[kind]+map[bool]string{true: "TABLE "}[kind != "VIEW" && kind != "SEQUENCE"]+quoteMySQL(r.database())+"."+quoteMySQL(table.Name))
	}
	if len(names) > 0 && !r.req.Replace {
		return models.Conflictf("database %q already has %s: replace them, or restore into another database", r.database(), listNames(names))
	}
	return r.remove(ctx, drops)
}

// folded is a name as the server tells tables apart.
func (r *mysqlRestore) folded(name string) string {
	if r.of.foldsNames {
		return strings.ToLower(name)
	}
	return name
}

func (r *mysqlRestore) remove(ctx context.Context, drops []string) error {
	if len(drops) == 0 {
		return nil
	}
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return r.wrap("connect", err)
	}
	defer conn.Close()
	r.touched = true
	for _, statement := range append([]string{"SET SESSION foreign_key_checks = 0"}, append(drops, "SET SESSION foreign_key_checks = 1")...) {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return r.refused(ctx, r.of, r.req.Inventory, "remove a table", err)
		}
	}
	return nil
}

// fill runs the client on the tables and rows of the dump, and returns what is to be
// made afterwards.
func (r *mysqlRestore) fill(ctx context.Context) ([]mysqlObject, error) {
	options, err := r.optionFile(r.req.TempDir, r.client.mariadb)
	if err != nil {
		return nil, err
	}
	defer removeSecret(options, r.req.Log)
	fmt.Fprintf(r.req.Log, "restoring into database %q of %s %s with %s %s\n", r.database(), r.of.vendor(), r.of.text, r.client.path, r.client.version)
	t := tool{path: r.client.path, args: r.client.arguments(options, r.database()), dir: r.req.TempDir, secrets: r.secrets()}
	var objects []mysqlObject
	err = t.feed(ctx, r.req.Log, func(in io.Writer) error {
		feed := newMySQLFeed(in, r.choice, r.engines)
		guard := newMySQLGuard(feed, r.of.reads())
		err := r.read(ctx, guard, func(n int64) {
			if r.req.Progress != nil {
				r.req.Progress(n)
			}
		})
		objects = feed.objects
		if err != nil {
			return err
		}
		return feed.end()
	})
	return objects, r.clientRefused(r.of, r.req.Inventory, err)
}
