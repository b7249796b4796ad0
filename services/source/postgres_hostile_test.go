package source

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// patched returns an archive with another table of contents.
func patched(t *testing.T, dump []byte, patch func(a *pgArchive)) []byte {
	t.Helper()
	scan := newArchiveScanner()
	defer scan.stop()
	_, _ = scan.Write(dump)
	if err := scan.end(); err != nil {
		t.Fatal(err)
	}
	a := &pgArchive{head: scan.head, minor: scan.minor, intSize: scan.intSize, offsets: scan.offsets, length: scan.contentsEnd, entries: scan.order}
	patch(a)
	return append(a.contents(), dump[scan.contentsEnd:]...)
}

func entryOf(t *testing.T, a *pgArchive, desc string) *archiveEntry {
	t.Helper()
	for _, e := range a.entries {
		if e.desc == desc {
			return e
		}
	}
	t.Fatalf("the archive has no %s", desc)
	return nil
}

// TestPostgresReadsWhatItWrites makes sure that patched archives differ by the patch alone.
func TestPostgresReadsWhatItWrites(t *testing.T) {
	s := servers.Postgres(t)
	from := s.Database(t)
	torturePostgresFile(t, s, from)
	inv, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	got, err := readPostgres(t.Context(), bytes.NewReader(patched(t, dump, func(*pgArchive) {})), "")
	if err != nil {
		t.Fatal(err)
	}
	sameInventory(t, inv, got)
	for _, n := range []int{0, 5, 100, len(dump) / 2, len(dump) - 1} {
		if _, err := readPostgres(t.Context(), bytes.NewReader(dump[:n]), ""); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	for _, statements := range hostileStatements {
		hostile := patched(t, dump, func(a *pgArchive) { entryOf(t, a, "TABLE").defn += statements })
		if _, err := readPostgres(t.Context(), bytes.NewReader(hostile), ""); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", statements, err)
		}
	}
	for name, patch := range hostilePatches {
		hostile := patched(t, dump, func(a *pgArchive) { patch(t, a) })
		if _, err := readPostgres(t.Context(), bytes.NewReader(hostile), ""); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		req := restoreRequest(t, postgresKind, dump)
		req.Open = openBytes(hostile)
		_ = left(t, openedTarget(t, postgresKind, postgresSettings(s, "nosuch")).Restore(t.Context(), req), true)
	}
}

// hostileStatements are put behind the statement that makes a table.
var hostileStatements = []string{
	"COPY t TO PROGRAM 'touch /tmp/never';", "copy/**/t from program 'x'", "DO $$ BEGIN END $$;", "CALL p();", "EXECUTE x;", "LOAD 'x';", "PREPARE x AS SELECT 1;",
	"ALTER SYSTEM SET archive_command = 'x';", "ALTER DATABASE x RENAME TO y;", "CREATE DATABASE x;", "DROP DATABASE x;", "CREATE ROLE x SUPERUSER;", "ALTER ROLE x SUPERUSER;",
	"CREATE USER x;", "ALTER USER x;", "CREATE TABLESPACE x LOCATION '/tmp';", "DROP TABLE x;", "GRANT a TO b;", "GRANT ALL ON DATABASE a TO b;", "GRANT SET ON PARAMETER a TO b;", "REVOKE a FROM b;",
	"SELECT lo_export(1, '/tmp/x');", "SELECT pg_catalog.lo_export(1, '/tmp/x');", "SELECT pg_catalog.setval('a', (SELECT f()));", "SELECT pg_catalog.setval('a', lo_export(1, '/tmp/x'));",
	"SET session_authorization = x;", "SET ROLE x;", "RESET ALL;", "COMMENT ON DATABASE x IS 'y';", "COMMENT ON ROLE x IS 'y';", "SECURITY LABEL FOR x ON ROLE y IS 'z';",
	"INSERT INTO pg_catalog.pg_authid VALUES (1);", "UPDATE pg_catalog.pg_class SET relname = 'x';", "DELETE FROM a;", "TRUNCATE a;", "VACUUM;", "LISTEN x;", "NOTIFY x;", "COMMIT;", "BEGIN;",
	"\\! touch /tmp/never\n", "\n\\copy x from program 'y'\n", "/* /* */ COPY a TO PROGRAM 'x';", "SELECT 'a' 'b';", "CREATE VIEW v AS SELECT E'a'\n'b\\'; COPY a TO PROGRAM ''x''; --';",
	"CREATE VIEW v AS SELECT begin atomic FROM t; COPY a TO PROGRAM 'x'; SELECT 1 end;", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; COPY a TO PROGRAM 'x'; END;",
	"CREATE VIEW v AS SELECT (1; COPY a TO PROGRAM 'x';);", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; COPY a TO PROGRAM 'x');", "SELECT $a$ $b$ $a$; COPY a TO PROGRAM 'x'; SELECT $b$ $b$;",
	"CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/evil.so', 'f';", "CREATE FUNCTION f() RETURNS int AS '$libdir/../../tmp/evil', 'f' LANGUAGE 'C';",
	"CREATE FOREIGN TABLE f (a int) SERVER s OPTIONS (program 'x');", `ALTER FOREIGN TABLE f OPTIONS (ADD "program" 'x');`,
	"CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p;", "ALTER SUBSCRIPTION s ENABLE;", "SELECT U&'a'", "x", "'", `"`, "$a$", "(", ")",
}

var hostilePatches = map[string]func(t *testing.T, a *pgArchive){
	"rows of a program": func(t *testing.T, a *pgArchive) {
		entryOf(t, a, "TABLE DATA").copy = "COPY public.a FROM PROGRAM 'x';\n"
	},
	"rows of another table": func(t *testing.T, a *pgArchive) {
		entryOf(t, a, "TABLE DATA").copy = "COPY pg_catalog.pg_authid FROM stdin;\n"
	},
	"rows that are statements": func(t *testing.T, a *pgArchive) { entryOf(t, a, "TABLE DATA").copy = "" },
	"rows with a query":        func(t *testing.T, a *pgArchive) { entryOf(t, a, "TABLE DATA").copy += "SELECT 1;" },
	"rows with a definition":   func(t *testing.T, a *pgArchive) { entryOf(t, a, "TABLE DATA").defn = "SELECT 1;" },
	"rows of the server": func(t *testing.T, a *pgArchive) {
		e := entryOf(t, a, "TABLE DATA")
		e.schema, e.tag, e.copy = "pg_catalog", "pg_authid", "COPY pg_catalog.pg_authid FROM stdin;\n"
	},
	"rows of a function":  func(t *testing.T, a *pgArchive) { entryOf(t, a, "TABLE DATA").desc = "FUNCTION" },
	"a drop with more":    func(t *testing.T, a *pgArchive) { entryOf(t, a, "TABLE").drop = "DROP TABLE a; DROP DATABASE b;" },
	"a zero byte":         func(t *testing.T, a *pgArchive) { entryOf(t, a, "TABLE").defn += "\x00" },
	"a zero byte in text": func(t *testing.T, a *pgArchive) { entryOf(t, a, "TABLE").defn += "CREATE VIEW v AS SELECT '\x00'" },
	"another encoding":    func(t *testing.T, a *pgArchive) { entryOf(t, a, "ENCODING").defn = "SET client_encoding = 'SJIS';\n" },
	"statements as one":   func(t *testing.T, a *pgArchive) { entryOf(t, a, "ENCODING").defn += "DROP TABLE a;" },
	"two search paths":    func(t *testing.T, a *pgArchive) { entryOf(t, a, "STDSTRINGS").desc = "SEARCHPATH" },
	"no word about texts": func(t *testing.T, a *pgArchive) {
		entryOf(t, a, "STDSTRINGS").defn, entryOf(t, a, "STDSTRINGS").desc = "", "COMMENT"
	},
	"two of one number": func(t *testing.T, a *pgArchive) { a.entries[8].id = a.entries[9].id },
	"backslashes in texts": func(t *testing.T, a *pgArchive) {
		entryOf(t, a, "STDSTRINGS").defn = "SET standard_conforming_strings = 'off';\n"
		entryOf(t, a, "VIEW").defn = `CREATE VIEW public.v AS SELECT 'a\', '; COPY a TO PROGRAM ''x''; --';`
	},
	"a trigger before rows": func(t *testing.T, a *pgArchive) {
		trigger := slices.Index(a.entries, entryOf(t, a, "TRIGGER"))
		a.entries[8], a.entries[trigger] = a.entries[trigger], a.entries[8]
	},
	"large objects by statement": func(_ *testing.T, a *pgArchive) {
		a.entries = append(a.entries, &archiveEntry{id: 999999, desc: "BLOB METADATA", defn: "1');DROP TABLE a;--"})
	},
}

// TestPostgresHostileRunsNothing restores what passes for a dump, with names that look like
// options and statements.
func TestPostgresHostileRunsNothing(t *testing.T) {
	s := servers.Postgres(t)
	from, to := s.Database(t), s.Database(t)
	name := `x"; DROP TABLE a; --`
	s.Exec(t, from, "CREATE TABLE a (n int)", "CREATE TABLE "+quoteIdentifier(name)+" (n int)", "CREATE TABLE "+quoteIdentifier("--jobs=9\n\\! touch x")+" (n int)", "CREATE SCHEMA "+quoteIdentifier("--\n"+name))
	_, dump := mustDump(t, opened(t, postgresKind, postgresSettings(s, from)))
	owner := `nobody"; DROP DATABASE "` + to + "\n"
	dump = patched(t, dump, func(a *pgArchive) {
		for _, e := range a.entries {
			e.owner = owner
			e.tablespace.text = owner
		}
		a.head.database = "--help\n" + name
	})
	var warned []string
	req := restoreRequest(t, postgresKind, dump)
	req.Warn = func(sentence string) { warned = append(warned, sentence) }
	mustRestore(t, openedTarget(t, postgresKind, postgresSettings(s, to)), req)
	samePlain(t, plainPostgres(t, s, from), plainPostgres(t, s, to))
	if len(warned) != 2 || !strings.Contains(warned[0], owner) {
		t.Errorf("warned %q", warned)
	}
}
