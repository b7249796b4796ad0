package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// torturePostgresFile fills a database with everything that a restore can get wrong.
func torturePostgresFile(t *testing.T, s *servers.PostgreSQL, database string) {
	t.Helper()
	script, err := os.ReadFile("testdata/torture.postgres.sql")
	if err != nil {
		t.Fatal(err)
	}
	s.Client(t, "psql", database, bytes.NewReader(script), "-Xq", "-v", "ON_ERROR_STOP=1")
}

var restrictLine = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n`)

// plainPostgres is a database as pg_dump writes it for people.
func plainPostgres(t *testing.T, s *servers.PostgreSQL, database string, args ...string) string {
	t.Helper()
	return restrictLine.ReplaceAllString(s.Client(t, "pg_dump", database, nil, append([]string{"--format=plain"}, args...)...), "")
}

func samePlain(t *testing.T, want, got string) {
	t.Helper()
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("line %d was\n%.300s\nand is\n%.300s", i, strings.Join(a[max(0, i-3):i+1], "\n"), strings.Join(b[max(0, i-3):i+1], "\n"))
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d lines, not %d", len(b), len(a))
	}
}

// TestPostgresRestore restores everything that is easily lost into databases of other
// names, and compares them as the stock tool writes them, not by digests.
func TestPostgresRestore(t *testing.T) {
	s := servers.Postgres(t)
	owner, from := s.Role(t), s.Database(t)
	torturePostgresFile(t, s, from)
	s.Exec(t, from, "ALTER TABLE hen OWNER TO "+owner, "GRANT SELECT (id) ON egg TO "+owner+" WITH GRANT OPTION", "CREATE POLICY theirs ON audit TO "+owner,
		"ALTER DEFAULT PRIVILEGES FOR ROLE "+owner+" GRANT SELECT ON TABLES TO "+owner)
	inv, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	req := restoreRequest(t, postgresKind, dump)
	if !slices.Equal(req.Inventory.Tables, inv.Tables) || !slices.Equal(req.Inventory.Objects, inv.Objects) || req.Inventory.ServerVersion == "" {
		t.Errorf("read %+v\nnot  %+v", req.Inventory, inv)
	}
	for _, to := range []string{"a=b " + from, "-x " + from, "host=nowhere dbname=" + from, "sp ace'\"\\ 🐘 # /" + from} {
		target := openedTarget(t, postgresKind, postgresSettings(s, to))
		if err := target.Create(t.Context(), inv.Options); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = target.Drop(context.Background()) })
		if err := target.Create(t.Context(), inv.Options); !errors.Is(err, models.ErrConflict) {
			t.Errorf("a second database: %v", err)
		}
		var taken int64
		req.Progress = func(n int64) { taken = n }
		mustRestore(t, target, req)
		if taken != int64(len(dump)) {
			t.Errorf("%d bytes taken, not %d", taken, len(dump))
		}
		samePlain(t, plainPostgres(t, s, from), plainPostgres(t, s, to))
		again, _ := mustDump(t, opened(t, postgresKind, postgresSettings(s, to)))
		sameTables(t, inv, again)
		if !slices.Equal(inv.Objects, again.Objects) {
			t.Errorf("objects %v, not %v", again.Objects, inv.Objects)
		}
		if broken, err := target.TryViews(t.Context()); err != nil || len(broken) > 0 {
			t.Errorf("views: %q, %v", broken, err)
		}
		if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrConflict) {
			t.Errorf("into what is not empty: %v", err)
		}
		state, err := target.Look(t.Context())
		if err != nil || !state.Exists || len(state.Tables) != 34 || state.Objects == 0 || len(state.Problems) > 0 || state.Empty() {
			t.Errorf("it looks %+v, %v", state, err)
		}
		if err := target.Drop(t.Context()); err != nil {
			t.Error(err)
		}
		if err := target.Drop(t.Context()); err != nil {
			t.Error(err)
		}
		if state, err := target.Look(t.Context()); err != nil || state.Exists || !state.Empty() {
			t.Errorf("it looks %+v, %v", state, err)
		}
	}
}

// TestPostgresRestoreInParallel restores a large dump through several connections.
func TestPostgresRestoreInParallel(t *testing.T) {
	s := servers.Postgres(t)
	from, to := s.Database(t), s.Database(t)
	torturePostgresFile(t, s, from)
	s.Exec(t, from, "CREATE TABLE large AS SELECT g AS id, repeat(md5(g::text), 20) AS t FROM generate_series(1, 60000) g", "ALTER TABLE large ADD PRIMARY KEY (id)")
	_, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	var log bytes.Buffer
	req := restoreRequest(t, postgresKind, dump)
	req.Log = &log
	var taken int64
	req.Progress = func(n int64) { taken = n }
	if err := openedTarget(t, postgresKind, postgresSettings(s, to)).Restore(t.Context(), req); err != nil {
		t.Fatalf("%v\nlog: %s", err, log.String())
	}
	if len(dump) < parallelSize || taken != int64(len(dump)) {
		t.Errorf("%d bytes of %d taken", taken, len(dump))
	}
	if rest, _ := os.ReadDir(req.TempDir); len(rest) > 0 {
		t.Errorf("the temporary folder still holds %s", rest[0].Name())
	}
	samePlain(t, plainPostgres(t, s, from), plainPostgres(t, s, to))
}

// TestPostgresReplace replaces a database only once everything is there.
func TestPostgresReplace(t *testing.T) {
	s := servers.Postgres(t)
	role := s.Role(t)
	from, to := s.Database(t), s.Database(t)
	torturePostgresFile(t, s, from)
	inv, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	quoted := quoteIdentifier(to)
	s.Exec(t, to, "CREATE TABLE old (n int)", "INSERT INTO old VALUES (1)", "ALTER DATABASE "+quoted+" SET search_path TO \"$user\", public, \"odd % schema\"",
		"ALTER DATABASE "+quoted+" SET work_mem = '5MB'", "ALTER ROLE "+role+" IN DATABASE "+quoted+" SET application_name TO 'it''s \\ %'",
		"GRANT CREATE ON DATABASE "+quoted+" TO "+role+" WITH GRANT OPTION", "REVOKE CONNECT ON DATABASE "+quoted+" FROM PUBLIC",
		"COMMENT ON DATABASE "+quoted+" IS 'it''s \\ a %'", "ALTER DATABASE "+quoted+" CONNECTION LIMIT 33", "ALTER DATABASE "+quoted+" OWNER TO "+role)
	outside := "SELECT datacl, datconnlimit, pg_get_userbyid(datdba), shobj_description(oid, 'pg_database'), (SELECT string_agg(setrole || setconfig::text, ',' ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = '" + to + "'"
	databases := "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database"
	before, all := s.Query(t, "postgres", outside), s.Query(t, "postgres", databases)
	target := openedTarget(t, postgresKind, postgresSettings(s, to))
	req := restoreRequest(t, postgresKind, dump)
	req.Replace = true
	req.Inventory.Options = inv.Options

	ctx, cancel := context.WithCancel(t.Context())
	stopped := req
	stopped.Progress = func(n int64) {
		if n > int64(len(dump))/2 {
			cancel()
		}
	}
	if err := left(t, target.Restore(ctx, stopped), true); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	broken := req
	broken.Open = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(dump[:len(dump)-100])), nil
	}
	_ = left(t, target.Restore(t.Context(), broken), true)
	if got := s.Query(t, "postgres", databases); got != all || s.Query(t, to, "SELECT n FROM old") != "1\n" || s.Query(t, "postgres", outside) != before {
		t.Errorf("a restore that failed changed something: %s", got)
	}

	s.Exec(t, to, "CREATE SUBSCRIPTION sub CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)")
	if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "DROP SUBSCRIPTION") {
		t.Errorf("got %v", err)
	}
	s.Exec(t, to, "ALTER SUBSCRIPTION sub SET (slot_name = NONE)", "DROP SUBSCRIPTION sub")

	src, err := newPostgres("shop", postgresSettings(s, to))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := src.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp(t.Context(), conn)
	mustRestore(t, target, req)
	samePlain(t, plainPostgres(t, s, from), plainPostgres(t, s, to))
	if got := s.Query(t, "postgres", outside); got != before {
		t.Errorf("outside the database it was\n%s\nand is\n%s", before, got)
	}
	if got := s.Query(t, "postgres", databases); got != all {
		t.Errorf("databases %s, not %s", got, all)
	}
	if err := target.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustRestore(t, target, req)
	samePlain(t, plainPostgres(t, s, from), plainPostgres(t, s, to))
}

// TestPostgresReplaceKeepsPlaceAndPrivileges replaces a database that is elsewhere, and that
// nobody was granted anything on.
func TestPostgresReplaceKeepsPlaceAndPrivileges(t *testing.T) {
	s := servers.Postgres(t)
	place := s.Role(t) // a name of its own
	s.Exec(t, "postgres", "SET allow_in_place_tablespaces = true", "CREATE TABLESPACE "+place+" LOCATION ''")
	t.Cleanup(func() { s.Exec(t, "postgres", "DROP TABLESPACE "+place) })
	from, to := s.Database(t), s.Database(t)
	s.Exec(t, from, "CREATE TABLE a (n int)", "INSERT INTO a VALUES (1)")
	inv, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	quoted := quoteIdentifier(to)
	s.Exec(t, "postgres", "ALTER DATABASE "+quoted+" SET TABLESPACE "+place, "REVOKE ALL ON DATABASE "+quoted+" FROM PUBLIC, "+s.User)
	outside := "SELECT datacl, spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = '" + to + "'"
	before := s.Query(t, "postgres", outside)
	req := restoreRequest(t, postgresKind, dump)
	req.Replace, req.Inventory.Options = true, inv.Options
	mustRestore(t, openedTarget(t, postgresKind, postgresSettings(s, to)), req)
	if got := s.Query(t, "postgres", outside); got != before || before != "{}|"+place+"\n" {
		t.Errorf("it was %q and is %q", before, got)
	}
	if got := s.Query(t, to, "SELECT n FROM a"); got != "1\n" {
		t.Errorf("it holds %q", got)
	}
}

// TestPostgresExplains tells what a server met from what is wrong with a dump.
func TestPostgresExplains(t *testing.T) {
	target := openedTarget(t, postgresKind, models.Settings{"host": "h", "port": "1", "user": "u", "db_name": "d"}).(*PostgresTarget)
	for said, incapable := range map[string]bool{
		"could not execute query: ERROR:  permission denied to create extension \"dblink\"":              true,
		"could not execute query: server closed the connection unexpectedly":                             true,
		"error returned by PQputCopyData: FATAL:  terminating connection due to administrator command":   true,
		"could not execute query: ERROR:  could not extend file \"base/1/2\": No space left on device":   true,
		"a worker process died unexpectedly":                                                             true,
		"could not execute query: ERROR:  relation \"a\" does not exist":                                 false,
		"COPY failed for table \"a\": ERROR:  duplicate key value violates unique constraint \"a_pkey\"": false,
	} {
		r := &postgresRestore{PostgresTarget: target, archive: &pgArchive{}}
		err := r.explain(&restoreLog{first: said}, models.Invalidf("pg_restore failed"))
		var found *IncapableError
		if errors.As(err, &found) != incapable {
			t.Errorf("%s: %v", said, err)
		}
	}
}

func openBytes(dump []byte) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(dump)), nil }
}

// TestPostgresStopEndsWhatTheServerDoes stops a restore while the server makes an index,
// which does not look whether its client is still there.
func TestPostgresStopEndsWhatTheServerDoes(t *testing.T) {
	s := servers.Postgres(t)
	from, to := s.Database(t), s.Database(t)
	s.Exec(t, from, "CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF current_setting('application_name') LIKE 'backupman%' THEN PERFORM pg_sleep(600); END IF; RETURN n; END $$",
		"CREATE TABLE a (n int)", "INSERT INTO a VALUES (1)", "CREATE INDEX ON a (public.slow(n))")
	_, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	req := restoreRequest(t, postgresKind, dump)
	req.Tables = named("public.a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		for ctx.Err() == nil && !strings.Contains(s.Query(t, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+to+"' AND wait_event = 'PgSleep'"), "1") {
			time.Sleep(sessionPoll)
		}
	}()
	if err := left(t, openedTarget(t, postgresKind, postgresSettings(s, to)).Restore(ctx, req), true); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := s.Query(t, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = '"+to+"'"); got != "0\n" {
		t.Errorf("%s sessions are left", got)
	}
	if got := s.Query(t, to, "SELECT count(*) FROM pg_class WHERE relname = 'a'"); got != "0\n" {
		t.Errorf("%s tables are left", got)
	}
}

// TestPostgresRestoreAsOwner restores as a role that owns the database and is no
// superuser, where the roles of the dump are not there or not its own.
func TestPostgresRestoreAsOwner(t *testing.T) {
	s, other := servers.Postgres(t), servers.OtherPostgres(t)
	stranger := s.Role(t)
	from := s.Database(t)
	s.Exec(t, from, "CREATE TABLE a (id serial PRIMARY KEY, t text)", "INSERT INTO a (t) VALUES ('x')", "ALTER TABLE a OWNER TO "+stranger,
		"GRANT SELECT ON a TO "+stranger+", PUBLIC", "CREATE VIEW v AS SELECT 1 AS one", "COMMENT ON TABLE a IS 'kept'", "ALTER DEFAULT PRIVILEGES FOR ROLE "+stranger+" GRANT SELECT ON TABLES TO PUBLIC")
	inv, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	role := other.Role(t)
	other.Exec(t, "postgres", "ALTER ROLE "+role+" CREATEDB")
	to := "owned_" + from
	target := openedTarget(t, postgresKind, postgresSettings(other, to, "restore_user", role, "restore_password", other.Password))
	if err := target.Create(t.Context(), inv.Options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Drop(context.Background()) })
	for _, replace := range []bool{false, true} {
		req := restoreRequest(t, postgresKind, dump)
		req.Replace = replace
		var warned []string
		req.Warn = func(sentence string) { warned = append(warned, sentence) }
		mustRestore(t, target, req)
		if len(warned) != 2 || !strings.Contains(warned[0]+warned[1], stranger) {
			t.Errorf("warned %q", warned)
		}
		if got := other.Query(t, to, "SELECT tableowner, has_table_privilege('public', 'a', 'SELECT'), obj_description('a'::regclass) FROM pg_tables WHERE tablename = 'a'"); got != role+"|t|kept\n" {
			t.Errorf("restored %s", got)
		}
		if state, err := target.Look(t.Context()); err != nil || len(state.Problems) > 0 {
			t.Errorf("it looks %+v, %v", state, err)
		}
	}
	plain := openedTarget(t, postgresKind, postgresSettings(other, "postgres", "user", role))
	if state, err := plain.Look(t.Context()); err != nil || len(state.Problems) != 1 || !strings.Contains(state.Problems[0], "OWNER TO") {
		t.Errorf("it looks %+v, %v", state, err)
	}
	req := restoreRequest(t, postgresKind, dump)
	req.Replace = true
	if err := left(t, plain.Restore(t.Context(), req), true); !strings.Contains(err.Error(), "belongs to role") {
		t.Errorf("got %v", err)
	}
}

// TestPostgresIncapable tells what the server lacks from what is wrong with a dump.
func TestPostgresIncapable(t *testing.T) {
	s := servers.Postgres(t)
	from, to := s.Database(t), s.Database(t)
	s.Exec(t, from, "CREATE EXTENSION hstore", "CREATE TABLE a (n int)", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER TABLE a ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON a FOR SELECT TO PUBLIC USING (true)")
	_, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	for name, c := range map[string]struct {
		patch func(a *pgArchive)
		want  string
	}{
		"an extension": {func(a *pgArchive) { entryOf(t, a, "EXTENSION").tag = "no such" }, "lacks extensions of the backup: no such"},
		"a role":       {func(a *pgArchive) { entryOf(t, a, "POLICY").defn = "CREATE POLICY p ON public.a TO nosuch;\n" }, `role "nosuch"`},
		"a parameter":  {func(a *pgArchive) { entryOf(t, a, "TABLE").defn = "CREATE TABLE public.a (n int) WITH (nosuch = 1);\n" }, "unrecognized parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			req := restoreRequest(t, postgresKind, dump)
			req.Open = openBytes(patched(t, dump, c.patch))
			req.Replace = true
			err := left(t, openedTarget(t, postgresKind, postgresSettings(s, to, "restore_tool", s.Bin+"/pg_restore")).Restore(t.Context(), req), true)
			var incapable *IncapableError
			if !errors.As(err, &incapable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	req := restoreRequest(t, postgresKind, dump)
	req.Inventory.Tables[0].SHA256 = "other"
	req.Replace = true
	if err := left(t, openedTarget(t, postgresKind, postgresSettings(s, to)).Restore(t.Context(), req), true); !strings.Contains(err.Error(), "not the one that was looked at") {
		t.Errorf("got %v", err)
	}
}
