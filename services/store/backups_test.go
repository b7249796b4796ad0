package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func testInsertAndRead(t *testing.T, s *Store) {
	f := configure(t, s)
	want := f.backup(slot(1))
	// A zone and nanoseconds that the store does not keep.
	at := time.Date(2025, 1, 31, 23, 59, 59, 123456789, time.FixedZone("", 2*3600))
	kept := time.Date(2025, 1, 31, 21, 59, 59, 123456000, time.UTC)
	path, later := "/data/spool/ü.zst", at.Add(time.Hour)
	want.CreatedAt, want.StartedAt, want.DumpedAt, want.DumpPath = at, &later, &later, &path
	want.Warnings, want.RawSize, want.Size, want.SHA256 = "one\ntwo 🐘", 1<<40, 77, "abc"
	want.DriveFiles[0].VerifiedAt = &later
	must(t, s.InsertBackup(t.Context(), want))

	got := value(s.Backup(t.Context(), want.ID))(t)
	keptLater := kept.Add(time.Hour)
	want.CreatedAt, want.StartedAt, want.DumpedAt = kept, &keptLater, &keptLater
	want.DriveFiles[0].VerifiedAt = &keptLater
	for i := range want.DriveFiles {
		want.DriveFiles[i].CreatedAt = kept // a copy is as old as its backup
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("read\n%+v\nwant\n%+v", got, want)
	}
	if got.UpdatedAt != nil || got.DriveFiles[0].UpdatedAt != nil {
		t.Fatal("a new backup already has an UpdatedAt")
	}
	_, err := s.Backup(t.Context(), models.NewID())
	wants(t, err, models.ErrNotFound)
}

func testInsertNeedsJob(t *testing.T, s *Store) {
	b := fixture{job: models.Job{ID: models.NewID(), Label: "ghost"}}.backup(slot(1))
	wants(t, s.InsertBackup(t.Context(), b), models.ErrNotFound)
}

func testOnePending(t *testing.T, s *Store) {
	f := configure(t, s)
	_, err := s.PendingOf(t.Context(), f.job.ID)
	wants(t, err, models.ErrNotFound)
	b := f.claimed(t, s, slot(1), "r1")
	equal(t, "the pending backup", value(s.PendingOf(t.Context(), f.job.ID))(t).ID, b.ID)

	err = s.InsertBackup(t.Context(), f.backup(slot(2)))
	wants(t, err, models.ErrConflict)
	mentions(t, err, "nightly", b.ID)
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFinished, At: models.Now()}))
	f.inserted(t, s, slot(2))
}

func testSlotOnce(t *testing.T, s *Store) {
	f := configure(t, s)
	f.settled(t, s, slot(1), models.StatusFinished)
	wants(t, s.InsertBackup(t.Context(), f.backup(slot(1))), models.ErrConflict)
	equal(t, "the number of backups", len(everyBackup(t, s, models.BackupFilter{})), 1)
}

func testRaceOneSlot(t *testing.T, s *Store) {
	f := configure(t, s)
	won := race(t, 20, func(int) error { return s.InsertBackup(t.Context(), f.backup(slot(1))) })
	equal(t, "the number of winners", won, 1)
	equal(t, "the number of backups", len(everyBackup(t, s, models.BackupFilter{})), 1)
}

func testRaceOneJob(t *testing.T, s *Store) {
	f := configure(t, s)
	won := race(t, 20, func(i int) error { return s.InsertBackup(t.Context(), f.backup(slot(i))) })
	equal(t, "the number of winners", won, 1)
	left := everyBackup(t, s, models.BackupFilter{Status: models.StatusPending})
	equal(t, "the number of pending backups", len(left), 1)
	equal(t, "the number of its drive files", len(left[0].DriveFiles), 2)
}

func testRaceRequeue(t *testing.T, s *Store) {
	f := configure(t, s)
	var failed []models.Backup
	for i := range 10 {
		failed = append(failed, f.settled(t, s, slot(i), models.StatusFailed))
	}
	won := race(t, 20, func(i int) error {
		if i < len(failed) {
			return s.Requeue(t.Context(), failed[i].ID, true)
		}
		return s.InsertBackup(t.Context(), f.backup(slot(100+i)))
	})
	equal(t, "the number of winners", won, 1)
	pending := everyBackup(t, s, models.BackupFilter{Status: models.StatusPending})
	equal(t, "the number of pending backups", len(pending), 1)
}

func testLastFinished(t *testing.T, s *Store) {
	f := configure(t, s)
	_, err := s.LastFinished(t.Context(), f.job.ID)
	wants(t, err, models.ErrNotFound)
	f.settled(t, s, slot(1), models.StatusFinished)
	want := f.settled(t, s, slot(2), models.StatusFinished)
	f.settled(t, s, slot(3), models.StatusFailed)
	got := value(s.LastFinished(t.Context(), f.job.ID))(t)
	equal(t, "the newest finished backup", got.ID, want.ID)
	equal(t, "the number of its drive files", len(got.DriveFiles), 2)
}

func everyBackup(t *testing.T, s *Store, f models.BackupFilter) []models.Backup {
	t.Helper()
	var all []models.Backup
	must(t, s.EachBackup(t.Context(), f, func(b models.Backup) error {
		all = append(all, b)
		return nil
	}))
	return all
}
