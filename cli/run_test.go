package cli_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunTakesABackupThatWasQueuedAndNeverBegun leaves a backup as a process
// does that is killed between queueing and claiming it.
func TestRunTakesABackupThatWasQueuedAndNeverBegun(t *testing.T) {
	dir := t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "data", "backupman.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE backups SET status = 'pending', phase = 'queued', dumped_at = NULL, lease_owner = ''`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	base := []string{"-c", filepath.Join(dir, "config.yaml"), "--data", filepath.Join(dir, "data")}
	if code, out, said := backupman(t, append(base, "run", "shop-hourly", "--wait")...); code != 0 {
		t.Errorf("status %d: %s%s", code, out, said)
	}
	if _, out, _ := backupman(t, append(base, "list")...); strings.Count(out, "finished") != 1 {
		t.Errorf("the list is:\n%s", out)
	}
}
