package store

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// TestSQLiteCrowdOfFilters reads the second page of a list of a hundred thousand backups, of which
// every fiftieth failed, every tenth is proven, every thousandth disproven or pinned, and
// two hundred jobs and fifty sources have the same share.
func TestSQLiteCrowdOfFilters(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	fill(t, s, crowd)
	for _, change := range []string{
		"UPDATE backups SET job_id = printf('job-%03d', rowid % 200), source_id = printf('source-%02d', rowid % 50)",
		"UPDATE backups SET status = 'failed' WHERE rowid % 50 = 7",
		"UPDATE backups SET proven_at = created_at WHERE rowid % 10 = 3",
		"UPDATE backups SET disproven_at = created_at WHERE rowid % 1000 = 5",
		"UPDATE backups SET pinned_at = created_at WHERE rowid % 1000 = 6",
		"UPDATE drive_files SET drive_id = printf('drive-%d', rowid / 2 / 1000 % 20)",
		"UPDATE drive_files SET drive_id = 'rare' WHERE rowid % 5000 = 4",
	} {
		must(t, s.db.Exec(change).Error)
	}
	middle := models.Cursor{CreatedAt: time.Date(2020, 2, 4, 0, 0, 0, 0, time.UTC), ID: "0"}
	for name, f := range map[string]models.BackupFilter{
		"all": {}, "job": {JobID: "job-007"}, "source": {SourceID: "source-07"}, "drive": {DriveID: "drive-3"}, "rare drive": {DriveID: "rare"},
		"failed": {Status: models.StatusFailed}, "proven": {Proof: models.ProofProven}, "unproven": {Proof: models.ProofUnproven},
		"disproven": {Proof: models.ProofDisproven}, "pinned": {Pinned: true}, "job and drive": {JobID: "job-007", DriveID: "drive-3"},
		"source and failed": {SourceID: "source-07", Status: models.StatusFailed}, "drive and failed": {DriveID: "drive-4", Status: models.StatusFailed},
		"drive and proven": {DriveID: "drive-3", Proof: models.ProofProven}, "source, drive and proof": {SourceID: "source-07", DriveID: "drive-4", Proof: models.ProofUnproven},
		"finished and unproven": {Status: models.StatusFinished, Proof: models.ProofUnproven},
		"a day":                 {Since: middle.CreatedAt.AddDate(0, 0, -1), Until: middle.CreatedAt},
		"a day of a drive":      {DriveID: "drive-3", Since: middle.CreatedAt.AddDate(0, 0, -1), Until: middle.CreatedAt},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			page := value(s.Backups(t.Context(), f, middle, 26))(t)
			t.Logf("%d backups in %s", len(page), time.Since(began))
			after := middle
			for _, b := range page {
				if !b.CreatedAt.Before(after.CreatedAt) || !passes(f, b) {
					t.Fatalf("%+v is not wanted after %s", b, after.CreatedAt)
				}
				after.CreatedAt = b.CreatedAt
			}
			if len(page) == 0 {
				t.Fatal("nothing was found")
			}
		})
	}
}

// passes reports whether a backup is one of those that a filter asks for.
func passes(f models.BackupFilter, b models.Backup) bool {
	onDrive := slices.ContainsFunc(b.DriveFiles, func(c models.DriveFile) bool { return c.DriveID == f.DriveID })
	proof := models.ProofUnproven
	switch {
	case b.DisprovenAt != nil:
		proof = models.ProofDisproven
	case b.ProvenAt != nil:
		proof = models.ProofProven
	}
	return (f.JobID == "" || b.JobID == f.JobID) && (f.SourceID == "" || b.SourceID == f.SourceID) && (f.DriveID == "" || onDrive) &&
		(f.Status == "" || b.Status == f.Status) && (f.Proof == "" || proof == f.Proof) && (!f.Pinned || b.Pinned(models.Now())) &&
		(f.Since.IsZero() || !b.CreatedAt.Before(f.Since)) && (f.Until.IsZero() || b.CreatedAt.Before(f.Until))
}
