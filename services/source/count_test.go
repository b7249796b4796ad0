package source

import (
	"bytes"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/backupman/backupman/models"
)

// countOf are the tables that have passed and those that there are.
func countOf(c *TableCount) [2]int {
	done, total := c.Now()
	return [2]int{done, total}
}

func TestTablesAreCountedAsTheyPass(t *testing.T) {
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			dump := recorded(t, name)
			s, count := newSQLScanner(), &TableCount{}
			s.count = count
			count.expect(5)
			seen := [2]int{0, 5}
			for len(dump) > 0 {
				n := min(64, len(dump))
				_, _ = s.Write(dump[:n])
				dump = dump[n:]
				now := countOf(count)
				if now[0] < seen[0] || now[0] > seen[0]+1 || now[1] != 5 {
					t.Fatalf("%v after %v", now, seen)
				}
				seen = now
			}
			if seen[0] != min(len(s.order)-1, 5) { // the last one is done when the tool has ended
				t.Errorf("ends at %v", seen)
			}
		})
	}
	t.Run("an archive", func(t *testing.T) {
		dump, err := os.ReadFile("testdata/postgres.dump")
		if err != nil {
			t.Fatal(err)
		}
		s, count := newArchiveScanner(), &TableCount{}
		defer s.stop()
		s.count = count
		rows := bytes.Index(dump, []byte("1\tone\n"))
		_, _ = s.Write(dump[:rows])
		if got := countOf(count); got != [2]int{0, 2} {
			t.Errorf("before any row %v", got)
		}
		_, _ = s.Write(dump[rows:])
		if got := countOf(count); s.Err("pg_dump") != nil || got != [2]int{2, 2} {
			t.Errorf("at its end %v", got)
		}
	})
	t.Run("a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.sqlite")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE a (n); CREATE TABLE b (n); CREATE INDEX i ON b (n)"); err != nil {
			t.Fatal(err)
		}
		count := &TableCount{}
		src := opened(t, sqliteKind, models.Settings{"db_path": path})
		if _, err := src.Dump(t.Context(), DumpRequest{Out: io.Discard, Log: io.Discard, TempDir: t.TempDir(), Tables: count}); err != nil {
			t.Fatal(err)
		}
		if got := countOf(count); got != [2]int{2, 2} {
			t.Errorf("at its end %v", got)
		}
	})
	if got := countOf(nil); got != [2]int{} {
		t.Errorf("nothing counts as %v", got)
	}
}
