package source

import (
	"bytes"
	"errors"
	"maps"
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

// guarded tells what the guard says to one entry.
func guarded(e *archiveEntry) error {
	return guardArchive([]*archiveEntry{{id: 1, desc: "ENCODING", defn: "SET client_encoding = 'UTF8';\n"},
		{id: 2, desc: "STDSTRINGS", defn: "SET standard_conforming_strings = 'on';\n"}, e})
}

// TestPostgresGuard wants each statement to be refused, in whichever kind of entry it is.
func TestPostgresGuard(t *testing.T) {
	words := slices.AppendSeq([]string{"no such kind", "TABLE DATA", "BLOBS", "BLOB METADATA", "BLOB COMMENTS", "DATABASE PROPERTY"}, maps.Keys(pgMakes))
	for _, more := range pgActs {
		words = append(words, more...)
	}
	for _, word := range words {
		for _, statements := range hostileStatements {
			if err := guarded(&archiveEntry{desc: word, schema: "public", tag: "x", defn: statements}); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("%s as a %s: %v", statements, word, err)
			}
		}
		for _, drop := range hostileDrops {
			if err := guarded(&archiveEntry{desc: word, schema: "public", tag: "x", drop: drop}); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("%s as what removes a %s: %v", drop, word, err)
			}
		}
	}
	for word, statements := range map[string]string{"TABLE": "CREATE TRIGGER x AFTER INSERT ON a EXECUTE FUNCTION f();", "VIEW": "CREATE RULE x AS ON INSERT TO a DO NOTHING;",
		"COMMENT": "GRANT SELECT ON a TO b;", "ACL": "SELECT pg_catalog.setval('a', 1);", "FUNCTION": "REFRESH MATERIALIZED VIEW a;", "no such kind": "CREATE TABLE a ();"} {
		if err := guarded(&archiveEntry{desc: word, defn: statements}); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s as a %s: %v", statements, word, err)
		}
	}
}

// TestPostgresGuardLetsPass wants what pg_dump writes, and only some of its versions or
// for what no test has, to pass.
func TestPostgresGuardLetsPass(t *testing.T) {
	for _, e := range []*archiveEntry{
		{desc: "SCHEMA", defn: "-- *not* creating schema, since initdb creates it\n", drop: "-- *not* dropping schema, since initdb creates it\n"},
		{desc: "FUNCTION", defn: "CREATE FUNCTION public.f(a integer) RETURNS integer\n    LANGUAGE sql\n    BEGIN ATOMIC\n SELECT CASE\n WHEN true THEN 1\n ELSE CASE WHEN false THEN 2 END\n END AS \"end\", 1 AS \"case\";\n SELECT 2;\nEND;\n", drop: "DROP FUNCTION public.f(a integer);\n"},
		{desc: "PROCEDURE", defn: "CREATE PROCEDURE public.f()\n    LANGUAGE sql\n    BEGIN ATOMIC\nEND;\n", drop: "DROP PROCEDURE public.f();\n"},
		{desc: "RULE", defn: "CREATE RULE r AS\n    ON INSERT TO public.a DO INSTEAD ( SELECT 1;\n DELETE FROM public.b;\n NOTIFY x;\n);\n", drop: "DROP RULE r ON public.a;\n"},
		{desc: "RULE", tag: "v _RETURN", defn: "CREATE OR REPLACE VIEW public.v AS\n SELECT 1;\n", drop: "CREATE OR REPLACE VIEW public.v AS\nSELECT\n    NULL::integer AS n;\n"},
		{desc: "SEQUENCE SET", defn: "SELECT pg_catalog.setval('public.\"a ''b\"', 5, true);\n"},
		{desc: "BLOB", defn: "SELECT pg_catalog.lo_create('7');\n", drop: "SELECT pg_catalog.lo_unlink('7');\n"},
		{desc: "BLOB METADATA", defn: "1\n2\n33", drop: "-- dummy"},
		{desc: "ACL", defn: "REVOKE ALL ON SCHEMA public FROM PUBLIC;\nSET SESSION AUTHORIZATION a;\nGRANT SELECT(\"on\") ON TABLE public.t TO b WITH GRANT OPTION;\nRESET SESSION AUTHORIZATION;\n"},
		{desc: "DEFAULT ACL", defn: "ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA b REVOKE ALL ON TABLES FROM c;\n"},
		{desc: "STATISTICS DATA", defn: "SELECT * FROM pg_catalog.pg_restore_relation_stats(\n\t'version', '180000'::integer,\n\t'schemaname', 'public',\n\t'relname', 'a',\n\t'relpages', '1'::integer\n);\n"},
		{desc: "MATERIALIZED VIEW DATA", defn: "REFRESH MATERIALIZED VIEW public.m;\n"},
		{desc: "PROCEDURAL LANGUAGE", defn: "CREATE OR REPLACE TRUSTED PROCEDURAL LANGUAGE x HANDLER y;\n"},
		{desc: "CONVERSION", defn: "CREATE DEFAULT CONVERSION public.c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;\n"},
		{desc: "OPERATOR FAMILY", defn: "CREATE OPERATOR FAMILY public.o USING btree;\nALTER OPERATOR FAMILY public.o USING btree ADD\n    OPERATOR 1 <(integer,bigint);\n"},
		{desc: "SUBSCRIPTION", defn: "CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p WITH (connect = false, slot_name = 's');\n"},
		{desc: "USER MAPPING", defn: "CREATE USER MAPPING FOR a SERVER s OPTIONS (\n    \"user\" 'b'\n);\n"},
		{desc: "SECURITY LABEL", defn: "SECURITY LABEL FOR selinux ON TABLE public.a IS 'x';\n"},
		{desc: "TABLE", defn: "CREATE UNLOGGED TABLE public.a (\n    lo_export integer\n);\nALTER TABLE ONLY public.a REPLICA IDENTITY FULL;\n", drop: "DROP TABLE public.a;\n"},
		{desc: "TABLE DATA", schema: "public", tag: "a", hasData: true, defn: "-- load via partition root public.a", copy: "COPY public.a (n) FROM stdin;\n"},
	} {
		if err := guarded(e); err != nil {
			t.Errorf("%s: %v", e.defn, err)
		}
	}
}

// hostileDrops are read in another way once pg_restore has made a statement of them that
// gives the object its owner.
var hostileDrops = []string{
	"/*   FUNCTION f() COST 5; COPY a TO PROGRAM 'x'; --*/ DROP FUNCTION f();", "--  \nDROP FUNCTION f();", " DROP FUNCTION f();", "DROP FUNCTION f() /* x */;",
	"DROP/**/FUNCTION f();", "DROP FUNCTION f(); DROP FUNCTION g();", "DROP DATABASE x;", "DROP ROLE x;", "COPY a TO PROGRAM 'x';",
}

// hostileStatements are what pg_dump does not write, or only into entries of another kind.
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
	"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS case; END; SELECT lo_export(1, '/tmp/x'); SELECT 1 AS end;", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 case; END; DELETE FROM a; SELECT 1 end;",
	"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; BEGIN ATOMIC SELECT 1; END;", "GRANT SELECT ON LARGE OBJECT 1 TO a -- ; COPY a TO PROGRAM 'x' -- ON LARGE OBJECT 1;\n;",
	"CREATE SCHEMA s GRANT SET ON PARAMETER archive_command TO PUBLIC;", "CREATE SCHEMA s CREATE VIEW v AS SELECT 1;", "CREATE MATERIALIZED VIEW m AS SELECT pg_catalog.\"lo_export\"(1, '/tmp/x');",
	"CREATE TABLE x (a int CHECK (lo_export(1, '/tmp/x') = 1));", "CREATE OPERATOR === (LEFTARG = oid, RIGHTARG = text, FUNCTION = lo_export);",
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
	"statements in place of large objects": func(t *testing.T, a *pgArchive) {
		entryOf(t, a, "TABLE DATA").desc, entryOf(t, a, "TABLE DATA").copy = "BLOBS", ""
	},
	"large objects in place of rows": func(t *testing.T, a *pgArchive) {
		e := entryOf(t, a, "BLOBS")
		e.desc, e.copy = "TABLE DATA", "COPY public.x FROM stdin;\n"
	},
	"statements beside large objects": func(t *testing.T, a *pgArchive) { entryOf(t, a, "BLOBS").desc = "BLOB COMMENTS" },
	"two of one number":               func(t *testing.T, a *pgArchive) { a.entries[8].id = a.entries[9].id },
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
