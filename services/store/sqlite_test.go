package store

import (
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestSQLite(t *testing.T) {
	contract(t, func(t *testing.T) *Store { return openFile(t, filepath.Join(t.TempDir(), "m.db")) })
}

func openFile(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path}, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.Ping(t.Context()))
	return s
}

func TestSQLiteOddPaths(t *testing.T) {
	for _, name := range []string{"a b", "what?", "no#1", "100%", "%41", "a&b=c;d", `q'u"o\te`, "日本 🐘", "a:b", "-x"} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "made", name)
			path := filepath.Join(folder, name+".db")
			s := openFile(t, path)
			f := configure(t, s)
			f.inserted(t, s, slot(1))
			entries := value(os.ReadDir(folder))(t)
			for _, e := range entries {
				info := value(e.Info())(t)
				equal(t, "the mode of "+e.Name(), info.Mode().Perm(), 0o600)
				if !strings.HasPrefix(e.Name(), name+".db") {
					t.Fatalf("there is a file of another name: %q", e.Name())
				}
			}
			equal(t, "the mode of the folder", value(os.Stat(folder))(t).Mode().Perm(), 0o700)
			equal(t, "the number of files", len(entries), 3)
		})
	}
}

func TestSQLiteRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	openFile(t, "here.db")
	value(os.Stat("here.db"))(t)
}

func TestSQLiteBadPaths(t *testing.T) {
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "text"), []byte(strings.Repeat("this is no database\n", 100)), 0o600))
	for name, path := range map[string]string{
		"a folder": folder, "a file as folder": filepath.Join(folder, "text", "m.db"), "no database": filepath.Join(folder, "text"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), Config{Path: path}, nil)
			mentions(t, err, path)
		})
	}
	_, err := Open(t.Context(), Config{}, nil)
	wants(t, err, models.ErrInvalid)
	_, err = Open(t.Context(), Config{Provider: "oracle"}, nil)
	wants(t, err, models.ErrInvalid)
	_, err = Open(t.Context(), Config{Provider: ProviderMySQL}, nil)
	wants(t, err, models.ErrInvalid)
}

func TestSQLiteConcurrentOpen(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "m.db")
		stores := make([]*Store, 8)
		race(t, len(stores), func(i int) (err error) {
			stores[i], err = Open(t.Context(), Config{Path: path}, nil)
			return err
		})
		if t.Failed() {
			return
		}
		b := configure(t, stores[0]).inserted(t, stores[1], slot(1))
		for _, s := range stores {
			equal(t, "the backup", value(s.Backup(t.Context(), b.ID))(t).ID, b.ID)
			must(t, s.Close())
		}
	}
}

// TestSQLiteConcurrentWriters writes from several stores on one file, as
// several processes do, and from several goroutines on each.
func TestSQLiteConcurrentWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	stores := make([]*Store, 4)
	for i := range stores {
		stores[i] = openFile(t, path)
	}
	testWriters(t, stores)
}

func TestSQLiteFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	s := openFile(t, path)
	b := configure(t, s).inserted(t, s, slot(1))
	// The bound belongs to a connection, so that there must be only one.
	s.pool.SetMaxOpenConns(1)
	must(t, s.db.Exec("PRAGMA max_page_count = 1").Error)
	err := s.SaveLog(t.Context(), b.ID, strings.Repeat("x", 1<<20))
	wants(t, err, models.ErrNoSpace)
	mentions(t, err, path)
	must(t, s.db.Exec("PRAGMA max_page_count = 1000000").Error)
	must(t, s.SaveLog(t.Context(), b.ID, strings.Repeat("x", 1<<20)))
}

func TestSQLiteLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	s := openFile(t, path)
	b := configure(t, s).inserted(t, s, slot(1))
	other := value(sql.Open("sqlite", sqliteDSN(path)))(t)
	defer other.Close()
	tx := value(other.Begin())(t)
	s.pool.SetMaxOpenConns(1)
	must(t, s.db.Exec("PRAGMA busy_timeout = 10").Error)
	err := s.SaveLog(t.Context(), b.ID, "x")
	mentions(t, err, path, "locked by another program")
	must(t, tx.Rollback())
	must(t, s.SaveLog(t.Context(), b.ID, "x"))
}
