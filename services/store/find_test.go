package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func testBackupsByPrefix(t *testing.T, s *Store) {
	f := configure(t, s)
	ids := []string{"0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b", "0197c9a4-5b1e-7cc0-8b4a-ffffffffffff", "0197c9a5-0000-7000-8000-000000000000", "0297c9a4-0000-7000-8000-000000000000"}
	for _, id := range ids {
		b := f.backup("manual:" + id)
		b.ID, b.DriveFiles, b.Status = id, nil, models.StatusFailed
		must(t, s.InsertBackup(t.Context(), b))
	}
	for prefix, want := range map[string][]string{
		"0197c9a4":                 {ids[1], ids[0]},
		"0197c9a4-5b1e-7cc0-8b4a-": {ids[1], ids[0]},
		"0197":                     {ids[2], ids[1], ids[0]},
		ids[0]:                     {ids[0]},
		"0297c9a5":                 nil,
		"f":                        nil,
		"%":                        nil,
	} {
		var got []string
		for _, b := range value(s.BackupsByPrefix(t.Context(), prefix, 5))(t) {
			got = append(got, b.ID)
		}
		equal(t, "what begins with "+prefix, strings.Join(got, " "), strings.Join(want, " "))
	}
	equal(t, "the number of at most two", len(value(s.BackupsByPrefix(t.Context(), "0", 2))(t)), 2)
}

// TestBackupsAreFoundByTheIndexOfIds looks at how the query is carried out: there may be
// a hundred thousand.
func TestBackupsAreFoundByTheIndexOfIds(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	var plan []struct{ Detail string }
	must(t, s.db.Raw("EXPLAIN QUERY PLAN SELECT * FROM backups WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 5", "0197", "0197g").Scan(&plan).Error)
	if len(plan) != 1 || !strings.HasPrefix(plan[0].Detail, "SEARCH backups USING INDEX sqlite_autoindex_backups_1 (id>? AND id<?)") {
		t.Errorf("it is carried out as %v", plan)
	}
}
