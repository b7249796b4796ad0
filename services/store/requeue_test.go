package store

import (
	"testing"

	"github.com/backupman/backupman/models"
)

// halfDone is a failed backup: its dump is proven, its first copy is there and
// its second is not.
func halfDone(t *testing.T, s *Store, f fixture) models.Backup {
	t.Helper()
	b := f.claimed(t, s, slot(1), "r1")
	path, at := "/mnt/nas/x", models.Now()
	must(t, s.Begin(t.Context(), b.ID, "r1", at))
	must(t, s.RecordDump(t.Context(), b.ID, "r1",
		models.DumpFacts{RawSize: 900, Size: 90, SHA256: "d", DumpPath: "/spool/x", Warnings: "w", DumpedAt: at}, sampleManifest(b.ID)))
	must(t, s.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[0].ID, "r1",
		models.DriveFileChange{Status: models.StatusFinished, Path: &path, Size: 90, VerifiedAt: &at}))
	must(t, s.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[1].ID, "r1",
		models.DriveFileChange{Status: models.StatusFailed, Error: "unplugged", Size: 12}))
	spool := "/spool/x"
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFailed, Error: "usb: unplugged", DumpPath: &spool, At: at}))
	return value(s.Backup(t.Context(), b.ID))(t)
}

func testRequeueCopies(t *testing.T, s *Store) {
	b := halfDone(t, s, configure(t, s))
	must(t, s.Requeue(t.Context(), b.ID, false))
	got := value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the status", got.Status, models.StatusPending)
	equal(t, "the phase", got.Phase, models.PhaseQueued)
	equal(t, "the attempt", got.Attempt, 2)
	equal(t, "the error", got.Error, "")
	equal(t, "the digest", got.SHA256, "d")
	equal(t, "the size", got.Size, 90)
	equal(t, "the dump path", *got.DumpPath, "/spool/x")
	if got.SettledAt != nil || got.DumpedAt == nil {
		t.Fatalf("SettledAt is %v and DumpedAt is %v", got.SettledAt, got.DumpedAt)
	}
	equal(t, "the good copy", got.DriveFiles[0].Status, models.StatusFinished)
	equal(t, "the bad copy", got.DriveFiles[1].Status, models.StatusPending)
	equal(t, "the bad copy's error", got.DriveFiles[1].Error, "")
	equal(t, "the bad copy's size", got.DriveFiles[1].Size, 0)
	value(s.Manifest(t.Context(), b.ID))(t)
	equal(t, "the next queued", value(s.NextToCopy(t.Context(), here))(t).ID, b.ID)
}

func testRequeueDump(t *testing.T, s *Store) {
	b := halfDone(t, s, configure(t, s))
	must(t, s.InsertDrill(t.Context(), models.Drill{ID: models.NewID(), BackupID: b.ID, Outcome: models.DrillProven}))
	must(t, s.Requeue(t.Context(), b.ID, true))
	got := value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the attempt", got.Attempt, 2)
	equal(t, "the digest", got.SHA256, "")
	equal(t, "the size", got.Size, 0)
	equal(t, "the raw size", got.RawSize, 0)
	equal(t, "the warnings", got.Warnings, "")
	if got.DumpPath != nil || got.DumpedAt != nil || got.ProvenAt != nil {
		t.Fatalf("the dump is not forgotten: %+v", got)
	}
	for _, file := range got.DriveFiles {
		equal(t, "a copy", file.Status, models.StatusPending)
		if file.Path != nil || file.VerifiedAt != nil {
			t.Fatalf("the copy is not forgotten: %+v", file)
		}
	}
	_, err := s.Manifest(t.Context(), b.ID)
	wants(t, err, models.ErrNotFound)
}

func testRequeueConflicts(t *testing.T, s *Store) {
	f := configure(t, s)
	failed := f.settled(t, s, slot(1), models.StatusFailed)
	finished := f.settled(t, s, slot(2), models.StatusFinished)
	pending := f.inserted(t, s, slot(3))
	wants(t, s.Requeue(t.Context(), finished.ID, false), models.ErrConflict)
	wants(t, s.Requeue(t.Context(), pending.ID, false), models.ErrConflict)
	wants(t, s.Requeue(t.Context(), failed.ID, true), models.ErrConflict)
	wants(t, s.Requeue(t.Context(), models.NewID(), false), models.ErrNotFound)
}
