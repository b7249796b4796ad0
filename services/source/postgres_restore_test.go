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
	for _, to := range []string{"a=b " + from, "-x " + from, "postgres://" + from, "host=nowhere dbname=" + from, "sp ace'\"\\ 🐘 # /" + from} {
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

	conn, err := openedPostgres(t, postgresSettings(s, to)).connect(t.Context())
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

func openedPostgres(t *testing.T, settings models.Settings) *Postgres {
	t.Helper()
	src, err := openPostgres("shop", settings)
	if err != nil {
		t.Fatal(err)
	}
	return src.(*Postgres)
}
