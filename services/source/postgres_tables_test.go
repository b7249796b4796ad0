package source

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

func named(names ...string) []models.TableName {
	var tables []models.TableName
	for _, name := range names {
		schema, table, _ := strings.Cut(name, ".")
		tables = append(tables, models.TableName{Schema: schema, Name: table})
	}
	return tables
}

// TestPostgresRestoreTables restores tables of every kind, one by one and together, into
// an empty database and over themselves.
func TestPostgresRestoreTables(t *testing.T) {
	s := servers.Postgres(t)
	from, to := s.Database(t), s.Database(t)
	torturePostgresFile(t, s, from)
	_, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	target := openedTarget(t, postgresKind, postgresSettings(s, to))
	all := restoreRequest(t, postgresKind, dump)
	for _, tables := range [][]models.TableName{
		named("public.numbers"), named("odd schema.has space"), named("public.by_range"), named("public.texts", "public.others"), named("public.numbered"),
		named("public.hen", "public.egg"), named("public.tree"), named("public.indexed"), named("public.audit"), named(`public.quo"te`), named("public.child", "public.parent"),
		named("public.semi;colon", "public.-leading", "public.no_columns"), named("public.by_hash_0", "public.by_hash"), named("public.derived"),
	} {
		var log bytes.Buffer
		req := all
		req.Tables, req.Log = tables, &log
		if err := target.Restore(t.Context(), req); err != nil {
			t.Fatalf("%v: %v\nlog: %s", tables, err, log.String())
		}
		err := left(t, target.Restore(t.Context(), req), true)
		if !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), tables[0].String()) {
			t.Errorf("%v a second time: %v", tables, err)
		}
		var only []string
		for _, table := range tables {
			only = append(only, "--table="+quoteTable(table))
		}
		s.Exec(t, to, "COMMENT ON TABLE "+quoteTable(tables[0])+" IS 'changed'")
		req.Replace = true
		if err := target.Restore(t.Context(), req); err != nil {
			t.Fatalf("%v over themselves: %v\nlog: %s", tables, err, log.String())
		}
		samePlain(t, plainPostgres(t, s, from, only...), plainPostgres(t, s, to, only...))
	}
	req := all
	req.Tables = named("public.nosuch")
	if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestPostgresReplacesTablesAtOnce leaves the old table when the restore fails, is
// stopped, or something else needs the table.
func TestPostgresReplacesTablesAtOnce(t *testing.T) {
	s := servers.Postgres(t)
	from, to := s.Database(t), s.Database(t)
	s.Exec(t, from, "CREATE TABLE a (id serial PRIMARY KEY, t text)", "INSERT INTO a (t) SELECT repeat('x', 1000) FROM generate_series(1, 3000)", "CREATE TABLE b (a int REFERENCES a)", "INSERT INTO b VALUES (1)")
	_, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	target := openedTarget(t, postgresKind, postgresSettings(s, to))
	s.Exec(t, to, "CREATE TABLE a (other int)", "INSERT INTO a VALUES (42)")
	req := restoreRequest(t, postgresKind, dump)
	req.Tables, req.Replace = named("public.a"), true
	ctx, cancel := context.WithCancel(t.Context())
	stopped := req
	stopped.Progress = func(int64) { cancel() }
	if err := left(t, target.Restore(ctx, stopped), true); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.Exec(t, to, "CREATE VIEW needs_a AS SELECT other FROM a")
	if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "needs_a") {
		t.Errorf("got %v", err)
	}
	if got := s.Query(t, to, "SELECT other FROM needs_a"); got != "42\n" {
		t.Errorf("the old table holds %q", got)
	}
	s.Exec(t, to, "DROP VIEW needs_a")
	mustRestore(t, target, req)
	if got := s.Query(t, to, "SELECT count(*), nextval('a_id_seq') FROM a"); got != "3000|3001\n" {
		t.Errorf("restored %q", got)
	}
	lone := s.Database(t)
	var warned []string
	req.Tables, req.Replace = named("public.b"), false
	req.Warn = func(sentence string) { warned = append(warned, sentence) }
	mustRestore(t, openedTarget(t, postgresKind, postgresSettings(s, lone)), req)
	if len(warned) != 1 || !strings.Contains(warned[0], `foreign key "b b_a_fkey" was left out`) {
		t.Errorf("warned %q", warned)
	}
	mustRestore(t, target, req)
	if got := s.Query(t, to, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"); got != "1\n" {
		t.Errorf("%s foreign keys", got)
	}
}

// TestPostgresRestoresAPartition puts one partition back into its table, and makes a table
// of its own of one whose table is not there.
func TestPostgresRestoresAPartition(t *testing.T) {
	s := servers.Postgres(t)
	from, lone := s.Database(t), s.Database(t)
	s.Exec(t, from, "CREATE TYPE mood AS ENUM ('sad')", "CREATE SCHEMA apart", "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
		"CREATE TABLE p (id int PRIMARY KEY, m mood) PARTITION BY RANGE (id)", "CREATE INDEX p_m ON p (m)", "CREATE TABLE apart.one PARTITION OF p FOR VALUES FROM (0) TO (10)",
		"CREATE TABLE two PARTITION OF p DEFAULT", "CREATE TRIGGER every BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f()", "CREATE TRIGGER own BEFORE INSERT ON apart.one FOR EACH ROW EXECUTE FUNCTION f()",
		"CREATE PUBLICATION pub FOR TABLE apart.one", "INSERT INTO p VALUES (1, 'sad'), (100, NULL)")
	_, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	before := plainPostgres(t, s, from)
	s.Exec(t, from, "DELETE FROM p", "INSERT INTO two VALUES (55)")
	req := restoreRequest(t, postgresKind, dump)
	req.Tables, req.Replace = named("apart.one"), true
	mustRestore(t, openedTarget(t, postgresKind, postgresSettings(s, from)), req)
	if got := s.Query(t, from, "SELECT * FROM p ORDER BY id"); got != "1|sad\n55|\n" {
		t.Errorf("the table holds %q", got)
	}
	s.Exec(t, from, "TRUNCATE two", "INSERT INTO two VALUES (100)")
	samePlain(t, before, plainPostgres(t, s, from))
	var warned []string
	req.Replace, req.Warn = false, func(sentence string) { warned = append(warned, sentence) }
	mustRestore(t, openedTarget(t, postgresKind, postgresSettings(s, lone)), req)
	if got := s.Query(t, lone, "SELECT *, (SELECT count(*) FROM pg_trigger) FROM apart.one"); got != "1|sad|1\n" {
		t.Errorf("the lone table holds %q", got)
	}
	if !strings.Contains(strings.Join(warned, " "), "is no partition any more") {
		t.Errorf("warned %q", warned)
	}
}
