package source_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/source"
)

func tortureSQLite(t *testing.T) (path string) {
	t.Helper()
	script, err := os.ReadFile("testdata/torture.sqlite.sql")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "torture.db")
	if err := makeSQLite(t, path, string(script)).Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// shellSQLite runs statements in the stock sqlite3 program, which shares no code with this
// one, and returns what it prints.
func shellSQLite(t *testing.T, path string, statements ...string) string {
	t.Helper()
	if _, err := exec.LookPath("sqlite3"); err != nil {
		needs.Missing(t, "needs sqlite3, which is not installed: apt-get install sqlite3")
	}
	cmd := exec.CommandContext(t.Context(), "sqlite3", append([]string{"-batch", "-readonly", path}, statements...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", statements, err, out)
	}
	return string(out)
}

// everythingIn returns all that the sqlite3 program tells about a database.
func everythingIn(t *testing.T, path string) string {
	t.Helper()
	return shellSQLite(t, path, ".dump --preserve-rowids", "PRAGMA user_version", "PRAGMA application_id", "PRAGMA encoding",
		"SELECT * FROM sqlite_schema ORDER BY name", "SELECT rowid, quote(b), typeof(b), typeof(f), typeof(i) FROM storage",
		"SELECT * FROM words WHERE words MATCH 'fox'", "SELECT id FROM boxes WHERE x0 < -1", "SELECT * FROM generated",
		`SELECT * FROM "v v"`, "PRAGMA integrity_check")
}

func sameText(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			t.Errorf("line %d differs\nwant %.300q\ngot  %.300q", i+1, w[min(i, len(w)):min(i+1, len(w))], g[min(i, len(g)):min(i+1, len(g))])
			return
		}
	}
}

func sqliteKind(t *testing.T) source.Kind {
	t.Helper()
	kind, err := source.Lookup("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	return kind
}

func sqliteTarget(t *testing.T, path string) source.Target {
	t.Helper()
	target, err := sqliteKind(t).OpenTarget("wiki", models.Settings{"db_path": path})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func requestOf(t *testing.T, dump []byte) source.RestoreRequest {
	t.Helper()
	return source.RestoreRequest{
		Open:    func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(dump)), nil },
		RawSize: int64(len(dump)), Log: io.Discard, TempDir: t.TempDir(),
	}
}

func only(req source.RestoreRequest, tables ...string) source.RestoreRequest {
	for _, name := range tables {
		req.Tables = append(req.Tables, models.TableName{Name: name})
	}
	return req
}

func restoreSQLite(t *testing.T, path string, req source.RestoreRequest) {
	t.Helper()
	if err := sqliteTarget(t, path).Restore(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteRoundTrip(t *testing.T) {
	path := tortureSQLite(t)
	inv, dump := dumpSQLite(t, path)
	want := everythingIn(t, path)
	for name, prepare := range map[string]func(target source.Target, path string){
		"a new file": func(source.Target, string) {},
		"a created file": func(target source.Target, _ string) {
			if err := target.Create(t.Context(), "ENCODING 'x'"); err != nil {
				t.Fatal(err)
			}
		},
		"over another": func(_ source.Target, path string) { makeSQLite(t, path, oddSQLite).Close() },
		"over another with pages of another size": func(_ source.Target, path string) {
			makeSQLite(t, path, "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL;"+oddSQLite).Close()
		},
		"over one of another encoding": func(_ source.Target, path string) {
			makeSQLite(t, path, "PRAGMA encoding = 'UTF-16be'; CREATE TABLE t (x); INSERT INTO t VALUES ('x')").Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := requestOf(t, dump)
			req.Replace = strings.HasPrefix(name, "over")
			to := filepath.Join(t.TempDir(), "wi ki#?%.db") // a name that is not a plain URI
			if req.Replace {
				to = filepath.Join(t.TempDir(), "wiki.db")
			}
			target := sqliteTarget(t, to)
			prepare(target, to)
			var done int64
			req.Progress = func(n int64) { done = n }
			restoreSQLite(t, to, req)
			sameText(t, want, everythingIn(t, to))
			if done != int64(len(dump)) {
				t.Errorf("progress ends at %d of %d", done, len(dump))
			}
			again, _ := dumpSQLite(t, to)
			if !slices.Equal(inv.Tables, again.Tables) || !slices.Equal(inv.Objects, again.Objects) {
				t.Errorf("the inventories differ:\n%+v\n%+v", inv, again)
			}
			if broken, err := target.TryViews(t.Context()); broken != nil || err != nil {
				t.Errorf("views: %v, %v", broken, err)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(to), "*")); len(left) != 1 {
				t.Errorf("more is left than the file: %q", left)
			}
		})
	}
}

func TestSQLiteReadIsDump(t *testing.T) {
	inv, dump := dumpSQLite(t, tortureSQLite(t))
	dir := t.TempDir()
	got, err := sqliteKind(t).Read(t.Context(), bytes.NewReader(dump), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(inv.Tables, got.Tables) || !slices.Equal(inv.Objects, got.Objects) {
		t.Errorf("the inventories differ:\n%+v\n%+v", inv, got)
	}
	defined := 0
	for _, o := range got.Objects {
		if o.Definition != "" {
			defined++
		}
	}
	if defined < 40 {
		t.Errorf("only %d of %d objects have a definition", defined, len(got.Objects))
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left in the folder: %v", left)
	}
}

func TestSQLiteReplaceWhileItIsOpen(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		t.Run(mode, func(t *testing.T) {
			path := tortureSQLite(t)
			_, dump := dumpSQLite(t, path)
			live := filepath.Join(t.TempDir(), "live.db")
			db := makeSQLite(t, live, "PRAGMA journal_mode = "+mode+"; CREATE TABLE old (x); INSERT INTO old VALUES (1)")
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if mode == "WAL" { // a reader keeps its state of the database
				if _, err := conn.ExecContext(t.Context(), "BEGIN; SELECT * FROM old"); err != nil {
					t.Fatal(err)
				}
			}
			req := requestOf(t, dump)
			req.Replace = true
			restoreSQLite(t, live, req)
			if mode == "WAL" {
				if got := onConn(t, conn, "SELECT count(*) FROM old"); got != "1" {
					t.Errorf("a reader of before sees %s rows", got)
				}
				if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
					t.Fatal(err)
				}
			}
			if got := onConn(t, conn, "SELECT count(*) FROM bytes"); got != "256" {
				t.Errorf("a program that has it open sees %s rows", got)
			}
			if _, err := conn.ExecContext(t.Context(), "INSERT INTO pairs VALUES ('after', 1, 1)"); err != nil {
				t.Errorf("a program that has it open can't write: %v", err)
			}
			if got := onConn(t, conn, "PRAGMA journal_mode"); !strings.EqualFold(got, mode) {
				t.Errorf("the mode is %s", got)
			}
			if got := onConn(t, conn, "PRAGMA integrity_check"); got != "ok" {
				t.Error(got)
			}
		})
	}
}

func onConn(t *testing.T, conn *sql.Conn, query string) (value string) {
	t.Helper()
	if err := conn.QueryRowContext(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// TestSQLiteFailedRestores looks at what restores that can't be made leave: nothing.
func TestSQLiteFailedRestores(t *testing.T) {
	_, dump := dumpSQLite(t, tortureSQLite(t))
	const mine = "CREATE TABLE mine (x); INSERT INTO mine VALUES (1); CREATE INDEX partial ON mine (x); CREATE VIEW pairs AS SELECT 1 AS x"
	broken := errors.New("the drive broke")
	for name, c := range map[string]struct {
		script string
		change func(req *source.RestoreRequest)
		kind   error
		says   string
	}{
		"not empty":      {mine, func(*source.RestoreRequest) {}, models.ErrConflict, "replace it"},
		"cut off":        {mine, func(r *source.RestoreRequest) { replaceWith(r, dump[:len(dump)-4096]) }, models.ErrInvalid, "not whole"},
		"cut in a page":  {mine, func(r *source.RestoreRequest) { replaceWith(r, dump[:len(dump)-1]) }, models.ErrInvalid, "not whole"},
		"not the length": {mine, func(r *source.RestoreRequest) { replaceWith(r, dump); r.RawSize++ }, models.ErrInvalid, "should have"},
		"no database":    {mine, func(r *source.RestoreRequest) { replaceWith(r, []byte("CREATE TABLE x;")) }, models.ErrInvalid, "no SQLite database"},
		"broken drive": {mine, func(r *source.RestoreRequest) {
			r.Replace, r.Open = true, func(context.Context) (io.ReadCloser, error) { return nil, broken }
		}, broken, "broke"},
		"table there":  {"CREATE TABLE Bytes (x)", func(r *source.RestoreRequest) { *r = only(*r, "bytes") }, models.ErrConflict, "has a table Bytes"},
		"view there":   {mine, func(r *source.RestoreRequest) { *r = only(*r, "pairs"); r.Replace = true }, models.ErrConflict, "has a view"},
		"index there":  {mine, func(r *source.RestoreRequest) { *r = only(*r, "egg", "storage") }, models.ErrConflict, "index partial already exists"},
		"unknown":      {mine, func(r *source.RestoreRequest) { *r = only(*r, "nothing") }, models.ErrNotFound, "no table nothing"},
		"virtual":      {mine, func(r *source.RestoreRequest) { *r = only(*r, "words") }, models.ErrInvalid, "virtual table"},
		"shadow":       {mine, func(r *source.RestoreRequest) { *r = only(*r, "words_data") }, models.ErrInvalid, "part of a virtual table"},
		"SQLite's own": {mine, func(r *source.RestoreRequest) { *r = only(*r, "sqlite_sequence") }, models.ErrInvalid, "SQLite's own"},
		"encoding":     {"PRAGMA encoding = 'UTF-16le';" + mine, func(r *source.RestoreRequest) { *r = only(*r, "bytes") }, models.ErrConflict, "keeps text as"},
	} {
		t.Run(name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "to.db")
			makeSQLite(t, to, c.script).Close()
			before, _ := os.ReadFile(to)
			req := requestOf(t, dump)
			c.change(&req)
			err := sqliteTarget(t, to).Restore(t.Context(), req)
			var left *source.TargetLeft
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || !errors.As(err, &left) || !left.Untouched {
				t.Errorf("got %v", err)
			}
			if after, _ := os.ReadFile(to); !bytes.Equal(before, after) {
				t.Error("the target has changed")
			}
			for _, dir := range []string{filepath.Dir(to), req.TempDir} {
				if files, _ := filepath.Glob(dir + "/*"); len(files) != 0 && !slices.Equal(files, []string{to}) {
					t.Errorf("left: %q", files)
				}
			}
		})
	}
}

func replaceWith(req *source.RestoreRequest, dump []byte) {
	req.Replace, req.RawSize = true, int64(len(dump))
	req.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(dump)), nil }
}

func TestSQLiteReplaceOfABusyDatabase(t *testing.T) {
	_, dump := dumpSQLite(t, tortureSQLite(t))
	for name, c := range map[string]struct{ script, look, says string }{
		"a writer": {"CREATE TABLE mine (x); INSERT INTO mine VALUES (1); BEGIN IMMEDIATE", "in use", "in use"},
		"pages of another size": {"PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE mine (x); INSERT INTO mine VALUES (1)",
			"", "pages of another size"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits until a restore gives up
			to := filepath.Join(t.TempDir(), "busy.db")
			db := makeSQLite(t, to, c.script)
			target := sqliteTarget(t, to)
			state, err := target.Look(t.Context())
			if problems := strings.Join(state.Problems, "; "); err != nil || !strings.Contains(problems, c.look) || (problems == "") != (c.look == "") {
				t.Errorf("look: %+v, %v", state, err)
			}
			req := requestOf(t, dump)
			req.Replace = true
			var left *source.TargetLeft
			err = target.Restore(t.Context(), req)
			if !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), c.says) || !errors.As(err, &left) || !left.Untouched {
				t.Errorf("got %v", err)
			}
			if got := text(t, db, "SELECT count(*) FROM mine"); got != "1" {
				t.Errorf("%s rows", got)
			}
		})
	}
}

func TestSQLiteRestoreOntoAFullDisk(t *testing.T) {
	from := filepath.Join(t.TempDir(), "big.db")
	makeSQLite(t, from, "CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(3000000))").Close()
	_, dump := dumpSQLite(t, from)
	for name, tables := range map[string][]string{"a new file": nil, "over another": nil, "a table": {"big"}} {
		t.Run(name, func(t *testing.T) {
			small := t.TempDir()
			needs.SmallDisk(t, small, 1<<20)
			to := filepath.Join(small, "to.db")
			var before string
			if name != "a new file" {
				makeSQLite(t, to, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)").Close()
				before = shellSQLite(t, to, ".dump")
			}
			req := only(requestOf(t, dump), tables...)
			req.Replace = true
			var left *source.TargetLeft
			if err := sqliteTarget(t, to).Restore(t.Context(), req); !errors.Is(err, models.ErrNoSpace) || !errors.As(err, &left) || !left.Untouched {
				t.Errorf("got %v", err)
			}
			if before != "" {
				sameText(t, before, shellSQLite(t, to, ".dump"))
			}
			if files, _ := filepath.Glob(small + "/*"); len(files) > 1 || len(files) == 1 && before == "" {
				t.Errorf("left: %q", files)
			}
		})
	}
}

func TestSQLiteTables(t *testing.T) {
	path := tortureSQLite(t)
	_, dump := dumpSQLite(t, path)
	all := strings.Fields("storage bytes generated pairs typed counted taken alltaken hen egg [table]")
	names := []string{"counted, empty", "sp ace", `qu"ote`, "back`tick", "-rf", "table", "it's", "semi;colon -- /* */",
		"ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJ", "ünïcode 🐘"}
	names = append(names, all[:len(all)-1]...)
	for name, script := range map[string]string{
		"a side file": "",
		"a database":  "CREATE TABLE other (x); INSERT INTO other VALUES (1)",
		"in place of others": "CREATE TABLE Storage (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO storage VALUES (9); CREATE INDEX partial ON storage (id);" +
			"CREATE TABLE other (x); CREATE VIEW v AS SELECT * FROM storage; CREATE TRIGGER tr AFTER INSERT ON storage BEGIN INSERT INTO other VALUES (1); END",
	} {
		t.Run(name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "to.db")
			if script != "" {
				makeSQLite(t, to, script).Close()
			}
			req := only(requestOf(t, dump), names...)
			req.Replace = name == "in place of others"
			var warnings []string
			req.Warn = func(s string) { warnings = append(warnings, s) }
			restoreSQLite(t, to, req)
			for _, table := range names {
				word := "'" + strings.ReplaceAll(table, "'", "''") + "'"
				for _, statement := range []string{
					".dump --preserve-rowids " + `"` + strings.NewReplacer(`"`, `\"`, "-", "_").Replace(table) + `"`,
					"SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name = " + word + " ORDER BY name",
					"SELECT * FROM sqlite_sequence WHERE name = " + word,
				} {
					sameText(t, shellSQLite(t, path, statement), shellSQLite(t, to, statement))
				}
			}
			for _, statement := range []string{"SELECT rowid, quote(a), typeof(b), typeof(f), quote(e) FROM storage", "SELECT _rowid_, * FROM taken", "SELECT * FROM generated", "SELECT quote(b) FROM bytes"} {
				sameText(t, shellSQLite(t, path, statement), shellSQLite(t, to, statement))
			}
			if got := shellSQLite(t, to, "PRAGMA integrity_check"); got != "ok\n" {
				t.Error(got)
			}
			if warnings != nil {
				t.Errorf("warnings: %q", warnings)
			}
			left, _ := filepath.Glob(filepath.Dir(to) + "/*")
			if !slices.Equal(left, []string{to}) {
				t.Errorf("left: %q", left)
			}
		})
	}
}

func TestSQLiteTablesTellOfOrphans(t *testing.T) {
	_, dump := dumpSQLite(t, tortureSQLite(t))
	to := filepath.Join(t.TempDir(), "to.db")
	makeSQLite(t, to, `CREATE TABLE hen (id INTEGER PRIMARY KEY, egg REFERENCES egg (id)); INSERT INTO hen VALUES (5, NULL);
		CREATE TABLE egg (id INTEGER PRIMARY KEY, hen REFERENCES hen (id) ON DELETE CASCADE); INSERT INTO egg VALUES (9, 5);
		CREATE TABLE unrelated (x REFERENCES egg (id)); INSERT INTO unrelated VALUES (1)`).Close()
	req := only(requestOf(t, dump), "egg")
	req.Replace = true
	var warnings []string
	req.Warn = func(s string) { warnings = append(warnings, s) }
	restoreSQLite(t, to, req)
	if want := "2 rows of table egg refer to rows of table hen that are not there"; !slices.Equal(warnings, []string{want}) {
		t.Errorf("warnings: %q", warnings)
	}
}

// TestSQLiteDamagedDumps cuts and flips a dump everywhere: each is refused, or is found to
// be another, or is the same database in every row.
func TestSQLiteDamagedDumps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.db")
	makeSQLite(t, path, `CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, y REAL); CREATE INDEX i ON t (x); CREATE VIEW v AS SELECT x FROM t;
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 400) INSERT INTO t SELECT n, hex(n * 7919), n / 3.0 FROM c`).Close()
	inv, dump := dumpSQLite(t, path)
	read := sqliteKind(t).Read
	for i := range 200 {
		at := len(dump) * i / 200
		if _, err := read(t.Context(), bytes.NewReader(dump[:at]), t.TempDir()); err == nil {
			t.Errorf("a dump of %d of %d bytes reads", at, len(dump))
		}
	}
	want := shellSQLite(t, path, ".dump --preserve-rowids")
	missed := 0
	for i := range 300 {
		bit := (i*7919 + i*i*104729) % (len(dump) * 8)
		flipped := bytes.Clone(dump)
		flipped[bit/8] ^= 1 << (bit % 8)
		got, err := read(t.Context(), bytes.NewReader(flipped), t.TempDir())
		if err != nil || !slices.Equal(inv.Tables, got.Tables) || !slices.Equal(inv.Objects, got.Objects) {
			continue
		}
		missed++
		file := filepath.Join(t.TempDir(), "flipped.db")
		if err := os.WriteFile(file, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		sameText(t, want, shellSQLite(t, file, ".dump --preserve-rowids"))
	}
	t.Logf("%d of 300 flips changed nothing in the tables", missed)
}

func TestSQLiteHostileDumps(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "marker.db")
	for name, script := range map[string]string{
		"a second statement in a table": `CREATE TABLE t (a); INSERT INTO t VALUES (1); PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = sql || '; ATTACH ''` + marker + `'' AS m; CREATE TABLE m.x (y)' WHERE name = 't'`,
		"a second statement after a trigger": `CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;
			PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || '; DROP TABLE mine;' WHERE name = 'r'`,
		"behind a comment": `CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE INDEX i ON t (a);
			PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' -- ;' || char(10) || '; DROP TABLE mine -- ' WHERE name = 'i'`,
	} {
		t.Run(name, func(t *testing.T) {
			from, to := filepath.Join(t.TempDir(), "from.db"), filepath.Join(t.TempDir(), "to.db")
			makeSQLite(t, from, script).Close()
			makeSQLite(t, to, "CREATE TABLE mine (x)").Close()
			dump, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sqliteKind(t).Read(t.Context(), bytes.NewReader(dump), t.TempDir()); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("it reads: %v", err)
			}
			if err := sqliteTarget(t, to).Restore(t.Context(), only(requestOf(t, dump), "t")); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(marker); err == nil {
				t.Error("the dump made a file")
			}
			if got := shellSQLite(t, to, "SELECT name FROM sqlite_schema"); got != "mine\n" {
				t.Errorf("the target holds %q", got)
			}
		})
	}
}

func TestSQLiteViewsThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.db")
	makeSQLite(t, path, `CREATE TABLE t (a, b); CREATE VIEW fine AS SELECT a FROM t; CREATE VIEW lost AS SELECT * FROM gone;
		CREATE VIEW theirs AS SELECT its_own(a) FROM t`).Close()
	found, err := sqliteTarget(t, path).TryViews(t.Context())
	if err != nil || len(found) != 1 || !strings.Contains(found[0], "the view lost can't be read") || !strings.Contains(found[0], "gone") {
		t.Errorf("got %q, %v", found, err)
	}
}

// TestSQLiteEndlessViews reads views that never end, until nobody wants to wait any more.
func TestSQLiteEndlessViews(t *testing.T) {
	for name, query := range map[string]string{"rows without end": "SELECT n FROM c", "a sum without end": "SELECT sum(n) FROM c"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "v.db")
			makeSQLite(t, path, "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "+query).Close()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if found, err := sqliteTarget(t, path).TryViews(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %q, %v", found, err)
			}
		})
	}
}

// TestSQLiteStoppedRestores stops restores once they write into the target.
func TestSQLiteStoppedRestores(t *testing.T) {
	_, dump := dumpSQLite(t, tortureSQLite(t))
	for name, prepare := range map[string]func(req *source.RestoreRequest, stop func()){
		"whole": func(r *source.RestoreRequest, stop func()) {
			r.Progress = func(n int64) {
				if n == int64(len(dump)) {
					stop()
				}
			}
		},
		"tables": func(r *source.RestoreRequest, stop func()) {
			*r = only(*r, "storage", "bytes")
			r.Log = writerFunc(func(p []byte) (int, error) {
				if bytes.Contains(p, []byte("bytes")) {
					stop()
				}
				return len(p), nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "to.db")
			makeSQLite(t, to, oddSQLite).Close()
			before := shellSQLite(t, to, ".dump")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req := requestOf(t, dump)
			req.Replace = true
			prepare(&req, cancel)
			var left *source.TargetLeft
			err := sqliteTarget(t, to).Restore(ctx, req)
			if !errors.Is(err, context.Canceled) || !errors.As(err, &left) || !left.Untouched {
				t.Errorf("got %v", err)
			}
			sameText(t, before, shellSQLite(t, to, ".dump"))
		})
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestSQLiteScratch(t *testing.T) {
	kind := sqliteKind(t)
	inv, dump := dumpSQLite(t, tortureSQLite(t))
	scratch, err := kind.StartScratch(t.Context(), source.ScratchRequest{Dir: t.TempDir(), Inventory: inv, Log: io.Discard})
	if err != nil || scratch.Server == "" {
		t.Fatalf("%+v, %v", scratch, err)
	}
	target, err := kind.OpenTarget("scratch", scratch.Settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(target.Create(t.Context(), inv.Options), target.Restore(t.Context(), requestOf(t, dump))); err != nil {
		t.Fatal(err)
	}
	got, _ := dumpSQLite(t, scratch.Settings["db_path"])
	if fmt.Sprint(inv.Tables, inv.Objects) != fmt.Sprint(got.Tables, got.Objects) {
		t.Errorf("the inventories differ:\n%+v\n%+v", inv, got)
	}
	if err := errors.Join(target.Drop(t.Context()), target.Drop(t.Context()), scratch.Stop()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(scratch.Settings["db_path"]); err == nil {
		t.Error("the scratch database is left")
	}
}
