package store

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/backupman/backupman/models"
)

func testClaim(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.inserted(t, s, slot(1))
	const until = soon
	before := value(s.clock(t.Context()))(t)
	must(t, s.Claim(t.Context(), b.ID, "", "r1", until))
	got := value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the owner", got.LeaseOwner, "r1")
	lasts(t, s, before, got, until)
	if got.UpdatedAt == nil {
		t.Fatal("a claimed backup has no UpdatedAt")
	}
	wants(t, s.Claim(t.Context(), b.ID, "", "r2", until), models.ErrConflict)
	wants(t, s.Claim(t.Context(), b.ID, "r3", "r2", until), models.ErrConflict)
	wants(t, s.Claim(t.Context(), models.NewID(), "", "r2", until), models.ErrNotFound)
	wants(t, s.Claim(t.Context(), b.ID, "r1", "", until), models.ErrInvalid)
	must(t, s.Claim(t.Context(), b.ID, "r1", "r2", until))
	equal(t, "the new owner", value(s.Backup(t.Context(), b.ID))(t).LeaseOwner, "r2")

	must(t, s.Settle(t.Context(), b.ID, "r2", models.Settlement{Status: models.StatusFailed, Error: "no", At: models.Now()}))
	wants(t, s.Claim(t.Context(), b.ID, "", "r1", until), models.ErrConflict)
}

// testCopySize: a report of progress that comes late undoes nothing.
func testCopySize(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.inserted(t, s, slot(1))
	must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
	file := value(s.Backup(t.Context(), b.ID))(t).DriveFiles[0]
	must(t, s.SaveCopySize(t.Context(), b.ID, file.ID, "r1", 7))
	equal(t, "the size", value(s.Backup(t.Context(), b.ID))(t).DriveFiles[0].Size, int64(7))
	path, at := "/nas/f", models.Now()
	must(t, s.ChangeDriveFile(t.Context(), b.ID, file.ID, "r1", models.DriveFileChange{Status: models.StatusFinished, Path: &path, Size: 9, VerifiedAt: &at}))
	must(t, s.SaveCopySize(t.Context(), b.ID, file.ID, "r1", 8))
	got := value(s.Backup(t.Context(), b.ID))(t).DriveFiles[0]
	equal(t, "the status", got.Status, models.StatusFinished)
	equal(t, "the size", got.Size, int64(9))
	if got.Path == nil || *got.Path != path {
		t.Errorf("the path is %v", got.Path)
	}
	wants(t, s.SaveCopySize(t.Context(), b.ID, file.ID, "r2", 8), models.ErrConflict)
}

func testRaceClaim(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.inserted(t, s, slot(1))
	won := race(t, 20, func(i int) error {
		return s.Claim(t.Context(), b.ID, "", fmt.Sprintf("r%d", i), soon)
	})
	equal(t, "the number of winners", won, 1)
}

func testQueue(t *testing.T, s *Store) {
	must(t, s.ApplyPlan(t.Context(), plan("a", "b", "c")))
	_, err := s.nextToDump(t.Context())
	wants(t, err, models.ErrNotFound)
	var ids []string
	for _, label := range []string{"c", "a", "b"} {
		f := fixture{job: value(s.JobByLabel(t.Context(), label))(t), drives: value(s.Drives(t.Context()))(t)}
		ids = append(ids, f.inserted(t, s, slot(1)).ID)
	}
	equal(t, "the oldest queued", value(s.nextToDump(t.Context()))(t).ID, ids[0])
	must(t, s.Claim(t.Context(), ids[0], "", "r1", soon))
	next := value(s.nextToDump(t.Context()))(t)
	equal(t, "the next queued", next.ID, ids[1])
	equal(t, "the number of its drive files", len(next.DriveFiles), 2)

	held := value(s.Held(t.Context()))(t)
	equal(t, "the number of held backups", len(held), 1)
	equal(t, "the held backup", held[0].ID, ids[0])
	equal(t, "the number of its drive files", len(held[0].DriveFiles), 2)
}

func testProgress(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.claimed(t, s, slot(1), "r1")
	const until = 2 * soon
	began, before := models.Now(), value(s.clock(t.Context()))(t)
	must(t, s.Begin(t.Context(), b.ID, "r1", began))
	value(s.Renew(t.Context(), b.ID, "r1", until, models.Progress{Phase: models.PhaseDumping, RawSize: 500, Size: 50, TablesDone: 2, TablesTotal: 7}))(t)
	got := value(s.Backup(t.Context(), b.ID))(t)
	sameTime(t, "StartedAt", got.StartedAt, began)
	lasts(t, s, before, got, until)
	equal(t, "the phase", got.Phase, models.PhaseDumping)
	equal(t, "the raw size", got.RawSize, 500)
	equal(t, "the size", got.Size, 50)
	equal(t, "the tables", [2]int{got.TablesDone, got.TablesTotal}, [2]int{2, 7})

	must(t, s.Begin(t.Context(), b.ID, "r1", models.Now()))
	got = value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the raw size of a new attempt", got.RawSize, 0)
	equal(t, "the size of a new attempt", got.Size, 0)
	equal(t, "the tables of a new attempt", got.TablesDone+got.TablesTotal, 0)

	must(t, s.RecordDump(t.Context(), b.ID, "r1", models.DumpFacts{RawSize: 900, Size: 90, SHA256: "d"}, sampleManifest(b.ID)))
	value(s.Renew(t.Context(), b.ID, "r1", until, models.Progress{Phase: models.PhaseUploading}))(t)
	must(t, s.Begin(t.Context(), b.ID, "r1", models.Now()))
	got = value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the phase", got.Phase, models.PhaseUploading)
	equal(t, "the raw size of a proven dump", got.RawSize, 900)
	equal(t, "the size of a proven dump", got.Size, 90)
	equal(t, "the tables of a proven dump", [2]int{got.TablesDone, got.TablesTotal}, [2]int{1, 1})
}

func sampleManifest(id string) models.Manifest {
	return models.Manifest{
		Format: "backupman-manifest", Version: models.ManifestVersion, BackupID: id, Job: "nightly", CreatedAt: models.Now(),
		File: models.FileFacts{Name: "f", Size: 90, SHA256: "d", Compression: models.CompressionZstd},
		Inventory: models.Inventory{
			Database: "shop 🐘", Tables: []models.TableDigest{{Name: "orders", Rows: 3, SHA256: "e"}},
			Objects: []models.Object{{Kind: models.ObjectTable, Name: `o'"\rders`}},
		},
	}
}

func testRecordDump(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.claimed(t, s, slot(1), "r1")
	_, err := s.Manifest(t.Context(), b.ID)
	wants(t, err, models.ErrNotFound)
	facts := models.DumpFacts{RawSize: 900, Size: 90, SHA256: "d", DumpPath: "/spool/x", Warnings: "w", DumpedAt: models.Now()}
	m := sampleManifest(b.ID)
	must(t, s.RecordDump(t.Context(), b.ID, "r1", facts, models.Manifest{}))
	must(t, s.RecordDump(t.Context(), b.ID, "r1", facts, m))

	got := value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the raw size", got.RawSize, 900)
	equal(t, "the size", got.Size, 90)
	equal(t, "the digest", got.SHA256, "d")
	equal(t, "the warnings", got.Warnings, "w")
	equal(t, "the dump path", *got.DumpPath, "/spool/x")
	sameTime(t, "DumpedAt", got.DumpedAt, facts.DumpedAt)
	if stored := value(s.Manifest(t.Context(), b.ID))(t); !reflect.DeepEqual(stored, m) {
		t.Fatalf("the manifest is\n%+v\nwant\n%+v", stored, m)
	}
}

func testChangeDriveFile(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.claimed(t, s, slot(1), "r1")
	path, at := "/mnt/nas/x", models.Now()
	change := models.DriveFileChange{Status: models.StatusFinished, Path: &path, Size: 90, VerifiedAt: &at}
	must(t, s.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[1].ID, "r1", change))

	files := value(s.Backup(t.Context(), b.ID))(t).DriveFiles
	if files[0].UpdatedAt != nil || files[0].Status != models.StatusPending {
		t.Fatalf("the other copy was changed too: %+v", files[0])
	}
	got := files[1]
	equal(t, "the status", got.Status, models.StatusFinished)
	equal(t, "the path", *got.Path, path)
	equal(t, "the size", got.Size, 90)
	sameTime(t, "VerifiedAt", got.VerifiedAt, at)
	if got.UpdatedAt == nil {
		t.Fatal("a changed copy has no UpdatedAt")
	}
	must(t, s.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[1].ID, "r1", models.DriveFileChange{Status: models.StatusFailed, Error: "gone"}))
	got = value(s.Backup(t.Context(), b.ID))(t).DriveFiles[1]
	if got.Path != nil || got.VerifiedAt != nil || got.Size != 0 || got.Error != "gone" {
		t.Fatalf("the change was not the whole copy: %+v", got)
	}
	wants(t, s.ChangeDriveFile(t.Context(), b.ID, models.NewID(), "r1", change), models.ErrNotFound)
}

func testSettle(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.claimed(t, s, slot(1), "r1")
	at, path := models.Now(), "/mnt/nas/x"
	wants(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusPending, At: at}), models.ErrInvalid)
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFailed, Error: "why", DumpPath: &path, At: at}))
	got := value(s.Backup(t.Context(), b.ID))(t)
	equal(t, "the status", got.Status, models.StatusFailed)
	equal(t, "the error", got.Error, "why")
	equal(t, "the dump path", *got.DumpPath, path)
	equal(t, "the owner", got.LeaseOwner, "")
	sameTime(t, "SettledAt", got.SettledAt, at)
	if got.LeaseUntil != nil {
		t.Fatalf("a settled backup has a lease until %v", got.LeaseUntil)
	}
}

// testFence calls everything that names a runner: with the wrong one, with
// nobody, and after the end; and sees that nothing changes.
func testFence(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.inserted(t, s, slot(1))
	calls := map[string]func(id, runner string) error{
		"Begin": func(id, r string) error { return s.Begin(t.Context(), id, r, models.Now()) },
		"Renew": func(id, r string) error {
			_, err := s.Renew(t.Context(), id, r, soon, models.Progress{Phase: models.PhaseVerifying, Size: 1})
			return err
		},
		"RecordDump": func(id, r string) error {
			return s.RecordDump(t.Context(), id, r, models.DumpFacts{Size: 1}, sampleManifest(id))
		},
		"ChangeDriveFile": func(id, r string) error {
			return s.ChangeDriveFile(t.Context(), id, b.DriveFiles[0].ID, r, models.DriveFileChange{Status: models.StatusFailed})
		},
		"Settle": func(id, r string) error {
			return s.Settle(t.Context(), id, r, models.Settlement{Status: models.StatusFinished})
		},
	}
	refused := func(state string, runners ...string) {
		t.Helper()
		before := value(s.Backup(t.Context(), b.ID))(t)
		for name, call := range calls {
			for _, runner := range runners {
				t.Log(state, name, runner)
				wants(t, call(b.ID, runner), models.ErrConflict)
			}
		}
		if after := value(s.Backup(t.Context(), b.ID))(t); !reflect.DeepEqual(after, before) {
			t.Fatalf("%s: the backup changed from\n%+v\nto\n%+v", state, before, after)
		}
		_, err := s.Manifest(t.Context(), b.ID)
		wants(t, err, models.ErrNotFound)
	}
	refused("held by nobody", "", "r1")
	must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
	must(t, s.Claim(t.Context(), b.ID, "r1", "r2", soon))
	refused("held by another", "", "r1")
	must(t, s.Settle(t.Context(), b.ID, "r2", models.Settlement{Status: models.StatusFinished}))
	refused("settled", "", "r1", "r2")
	for _, call := range calls {
		wants(t, call(models.NewID(), "r1"), models.ErrNotFound)
	}
}

func testCancel(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.inserted(t, s, slot(1))
	renewed := func(state string, cancelled bool) {
		t.Helper()
		asked := value(s.Renew(t.Context(), b.ID, "r1", soon, models.Progress{Phase: models.PhaseDumping, Size: 9}))(t)
		equal(t, "being cancelled "+state, asked, cancelled)
		now := value(s.Backup(t.Context(), b.ID))(t)
		if equal(t, "the size "+state, now.Size, int64(9)); now.LeaseUntil == nil || now.CancelAskedAt != nil != cancelled {
			t.Errorf("%s: the lease is until %v, and it is to be cancelled since %v", state, now.LeaseUntil, now.CancelAskedAt)
		}
	}
	must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
	renewed("unasked", false)
	must(t, s.PutBack(t.Context(), b.ID, "r1"))
	_, err := s.NextCancelled(t.Context())
	wants(t, err, models.ErrNotFound)
	must(t, s.AskBackupCancel(t.Context(), b.ID))
	first := value(s.Backup(t.Context(), b.ID))(t).CancelAskedAt
	must(t, s.AskBackupCancel(t.Context(), b.ID))
	equal(t, "when it was asked for", *value(s.Backup(t.Context(), b.ID))(t).CancelAskedAt, *first)
	equal(t, "what waits to be cancelled", value(s.NextCancelled(t.Context()))(t).ID, b.ID)

	must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
	_, err = s.NextCancelled(t.Context())
	wants(t, err, models.ErrNotFound)
	renewed("asked", true)
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFailed, Error: "cancelled"}))
	wants(t, s.AskBackupCancel(t.Context(), b.ID), models.ErrConflict)
	wants(t, s.AskBackupCancel(t.Context(), models.NewID()), models.ErrNotFound)

	// A retry is not cancelled, and neither is what has finished all the same.
	must(t, s.Requeue(t.Context(), b.ID, true))
	again := value(s.Backup(t.Context(), b.ID))(t)
	if again.CancelAskedAt != nil {
		t.Fatal("a retry is still to be cancelled")
	}
	must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
	must(t, s.AskBackupCancel(t.Context(), b.ID))
	must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFinished}))
	if value(s.Backup(t.Context(), b.ID))(t).CancelAskedAt != nil {
		t.Fatal("a finished backup is still to be cancelled")
	}
}
