package source_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/source"
)

// oddSQLite is a schema with what is easily lost or changed on the way.
const oddSQLite = `
CREATE TABLE plain (a, b INTEGER, c DATETIME, d BLOB, e REAL);
INSERT INTO plain VALUES (NULL, 1, '2024-02-30 99:00:00', x'00ff27', 0.1), ('', -9223372036854775808, NULL, x'', 1e308), ('🐘 ''quoted''', 0, 'not a date', zeroblob(70000), -0.0);
CREATE TABLE "na me ""q"" =-" ("or der" TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
INSERT INTO "na me ""q"" =-" VALUES ('x', 1), ('y', 2);
CREATE TABLE generated (n INTEGER, twice INTEGER AS (n * 2) STORED, thrice INTEGER AS (n * 3));
INSERT INTO generated (n) VALUES (21);
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x);
INSERT INTO counted VALUES (41, 'x');
CREATE VIRTUAL TABLE words USING fts5(body);
INSERT INTO words VALUES ('the quick brown fox');
CREATE INDEX plain_b ON plain (b) WHERE b > 0;
CREATE VIEW v AS SELECT * FROM plain;
CREATE VIEW vv AS SELECT count(*) AS n FROM v;
CREATE TRIGGER tr AFTER INSERT ON plain BEGIN UPDATE generated SET n = n + 1; END;
PRAGMA user_version = 7;
PRAGMA application_id = 99;
`

func sqliteSource(t *testing.T, path string) source.Source {
	t.Helper()
	kind, err := source.Lookup("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	s, err := kind.Open("wiki", models.Settings{"db_path": path})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func makeSQLite(t *testing.T, path, script string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), script); err != nil {
		t.Fatal(err)
	}
	return db
}

func dumpSQLite(t *testing.T, path string) (models.Inventory, []byte) {
	t.Helper()
	var out bytes.Buffer
	inv, err := sqliteSource(t, path).Dump(t.Context(), source.DumpRequest{Out: &out, Log: io.Discard, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return inv, out.Bytes()
}

func text(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	var s string
	if err := db.QueryRowContext(t.Context(), query).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSQLiteDumpIsTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wi ki#?%.db")
	live := filepath.Join(t.TempDir(), "live.db")
	db := makeSQLite(t, live, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"+oddSQLite)
	for _, end := range []string{"", "-wal", "-shm"} { // a name that is not a plain URI
		if err := os.Link(live+end, path+end); err != nil {
			t.Fatal(err)
		}
	}
	inv, dump := dumpSQLite(t, path)
	restored := filepath.Join(t.TempDir(), "restored.db")
	if err := os.WriteFile(restored, dump, 0o600); err != nil {
		t.Fatal(err)
	}
	back, err := sql.Open("sqlite", restored)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	for _, query := range []string{
		`SELECT group_concat(type || name || coalesce(sql, ''), char(10)) FROM (SELECT * FROM sqlite_schema ORDER BY name)`,
		`SELECT group_concat(rowid || quote(a) || quote(b) || quote(c) || quote(d) || quote(e), char(10)) FROM plain`,
		`SELECT group_concat(n || twice || thrice) FROM generated`,
		`SELECT seq FROM sqlite_sequence WHERE name = 'counted'`,
		`SELECT body FROM words WHERE words MATCH 'quick'`,
		`SELECT user_version FROM pragma_user_version`,
		`SELECT application_id FROM pragma_application_id`,
		`SELECT integrity_check FROM pragma_integrity_check`,
	} {
		if want, got := text(t, db, query), text(t, back, query); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", query, got, want)
		}
	}
	if inv.Count(models.ObjectView) != 2 || inv.Count(models.ObjectTrigger) != 1 {
		t.Errorf("inventory: %+v", inv.Objects)
	}
	for _, table := range inv.Tables {
		if table.Name == "plain" && table.Rows != 3 {
			t.Errorf("plain has %d rows in the inventory", table.Rows)
		}
	}
}

func TestSQLiteSnapshotHoldsWhatOnlyTheWALHas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal.db")
	makeSQLite(t, path, `PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)`)
	inv, _ := dumpSQLite(t, path)
	if len(inv.Tables) != 1 || inv.Tables[0].Rows != 2 {
		t.Errorf("got %+v: rows that are only in the write-ahead log are missing", inv.Tables)
	}
}

func TestSQLiteDigestTellsRowsApart(t *testing.T) {
	digest := func(values string) string {
		path := filepath.Join(t.TempDir(), "d.db")
		makeSQLite(t, path, `CREATE TABLE t (a, b); INSERT INTO t VALUES `+values)
		inv, _ := dumpSQLite(t, path)
		return inv.Tables[0].SHA256
	}
	seen := map[string]string{}
	for _, values := range []string{`(1, 2)`, `('1', 2)`, `(1.0, 2)`, `(x'31', 2)`, `(NULL, 2)`, `('', 2)`, `('12', NULL)`, `('1', '2')`, `(1, 2), (1, 2)`} {
		d := digest(values)
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", values, other)
		}
		seen[d] = values
		if digest(values) != d {
			t.Errorf("%s has two digests", values)
		}
	}
}

func TestSQLiteRestoreEqualsItsInventory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	makeSQLite(t, path, oddSQLite)
	inv, dump := dumpSQLite(t, path)
	kind, err := source.Lookup("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	got, err := kind.Read(t.Context(), bytes.NewReader(dump), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range got.Tables {
		if table != inv.Tables[i] {
			t.Errorf("restored %+v, dumped %+v", table, inv.Tables[i])
		}
	}
	if _, err := kind.Read(t.Context(), bytes.NewReader(dump[:len(dump)-4096]), t.TempDir()); err == nil {
		t.Error("a dump that lacks its last page restores without an error")
	}
}

func TestSQLiteRefusals(t *testing.T) {
	dir := t.TempDir()
	garbage, empty, damaged := filepath.Join(dir, "garbage"), filepath.Join(dir, "empty"), filepath.Join(dir, "damaged")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	makeSQLite(t, empty, `PRAGMA user_version = 1`)
	db := makeSQLite(t, damaged, `CREATE TABLE t (x); CREATE INDEX i ON t (x);
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) INSERT INTO t SELECT hex(randomblob(40)) FROM c`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, damaged)
	for name, c := range map[string]struct {
		path string
		kind error
		says string
	}{
		"no such file": {filepath.Join(dir, "nothing"), models.ErrNotFound, "there is no file"},
		"no database":  {garbage, models.ErrInvalid, "not an SQLite database"},
		"no table":     {empty, models.ErrInvalid, "holds no table"},
		"damaged":      {damaged, models.ErrConflict, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqliteSource(t, c.path).Dump(t.Context(), source.DumpRequest{Out: io.Discard, Log: io.Discard, TempDir: t.TempDir()})
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "nothing")); err == nil {
				t.Error("a missing database was made")
			}
			if name == "damaged" {
				return // a check does not read every page
			}
			report, err := sqliteSource(t, c.path).Check(t.Context())
			if err != nil || len(report.Problems) == 0 || !strings.Contains(report.Problems[0], c.says) {
				t.Errorf("check: %+v, %v", report, err)
			}
		})
	}
}

// damage overwrites a page in the middle.
func damage(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 4096), 20*4096); err != nil {
		t.Fatal(err)
	}
}
