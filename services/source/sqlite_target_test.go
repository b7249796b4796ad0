package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestSQLiteLook(t *testing.T) {
	dir := t.TempDir()
	full, empty, folder, garbage := filepath.Join(dir, "full.db"), filepath.Join(dir, "empty.db"), filepath.Join(dir, "folder"), filepath.Join(dir, "garbage")
	link, stale := filepath.Join(dir, "link"), filepath.Join(dir, "stale.db")
	makeSQLite(t, full, "PRAGMA journal_mode = WAL; CREATE TABLE a (x); CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO a VALUES (1), (2); CREATE VIEW v AS SELECT 1; CREATE INDEX i ON a (x)")
	for path, content := range map[string]string{empty: "", garbage: strings.Repeat("no database ", 500), stale + "-wal": "x"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Symlink("nothing", link)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path          string
		exists, empty bool
		problem       string
	}{
		"full":         {full, true, false, ""},
		"empty":        {empty, true, true, ""},
		"new":          {filepath.Join(dir, "new.db"), false, true, ""},
		"no folder":    {filepath.Join(dir, "no", "new.db"), false, true, "there is no folder"},
		"in a file":    {filepath.Join(garbage, "new.db"), false, true, "is no folder"},
		"a folder":     {folder, true, true, "is no file"},
		"garbage":      {garbage, true, true, "not an SQLite database"},
		"broken link":  {link, false, true, "link to nothing"},
		"a log's rest": {stale, false, true, "without its database"},
		"a log":        {filepath.Join(dir, "other.db-wal"), false, true, "a file of its own"},
		"a journal":    {full + "-journal", false, true, "a file of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := sqliteTarget(t, c.path).Look(t.Context())
			if err != nil || state.Exists != c.exists || state.Empty() != c.empty || state.Server == "" || state.Database != c.path {
				t.Errorf("got %+v, %v", state, err)
			}
			if problems := strings.Join(state.Problems, "; "); !strings.Contains(problems, c.problem) || (problems == "") != (c.problem == "") {
				t.Errorf("problems: %q", state.Problems)
			}
		})
	}
	state, _ := sqliteTarget(t, full).Look(t.Context())
	if len(state.Tables) != 2 || state.Tables[0].Name != "a" || state.Tables[0].Rows != 2 || state.Tables[0].Bytes != 8192 ||
		state.Objects != 2 || state.Size < 8192 || state.ChangedAt == nil {
		t.Errorf("got %#v", state)
	}
}

func TestSQLiteCreateAndDrop(t *testing.T) {
	dir := t.TempDir()
	fresh, full := filepath.Join(dir, "new.db"), filepath.Join(dir, "full.db")
	makeSQLite(t, full, "CREATE TABLE a (x)").Close()
	for path, want := range map[string]error{fresh: nil, full: models.ErrConflict, filepath.Join(dir, "no", "x"): models.ErrConflict, dir: models.ErrConflict} {
		if err := sqliteTarget(t, path).Create(t.Context(), ""); !errors.Is(err, want) {
			t.Errorf("create %s: %v", path, err)
		}
	}
	if got := shellSQLite(t, full, "SELECT name FROM sqlite_schema"); got != "a\n" {
		t.Errorf("what was there is %q", got)
	}
	if err := os.WriteFile(fresh+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := sqliteTarget(t, fresh).Drop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(fresh + "*"); left != nil {
		t.Errorf("left: %q", left)
	}
	if err := sqliteTarget(t, dir).Drop(t.Context()); err == nil {
		t.Error("a folder is dropped")
	}
}

func TestSQLiteSameServer(t *testing.T) {
	dir, links := t.TempDir(), filepath.Join(t.TempDir(), "links")
	a, b, hard, soft := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "hard"), filepath.Join(dir, "soft")
	makeSQLite(t, a, "CREATE TABLE a (x)").Close()
	makeSQLite(t, b, "CREATE TABLE a (x)").Close()
	if err := errors.Join(os.Link(a, hard), os.Symlink(a, soft), os.Symlink(dir, links)); err != nil {
		t.Fatal(err)
	}
	for other, want := range map[string]bool{a: true, b: false, hard: true, soft: true, filepath.Join(links, "a"): true, filepath.Join(links, "b"): false} {
		if got, err := sqliteTarget(t, a).SameServer(t.Context(), sqliteTarget(t, other)); got != want || err != nil {
			t.Errorf("%s: %v, %v", other, got, err)
		}
	}
	if got, _ := sqliteTarget(t, filepath.Join(dir, "new")).SameServer(t.Context(), sqliteTarget(t, filepath.Join(links, "new"))); !got {
		t.Error("a file that is not made yet is told apart from itself")
	}
}
