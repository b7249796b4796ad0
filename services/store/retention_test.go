package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// kept is a finished backup with a manifest, a log and a copy in each folder.
func kept(t *testing.T, s *Store, f fixture, slot string) models.Backup {
	t.Helper()
	ctx := t.Context()
	b := f.claimed(t, s, slot, "r1")
	must(t, s.RecordDump(ctx, b.ID, "r1", models.DumpFacts{Size: 90, SHA256: "d", DumpedAt: models.Now()}, sampleManifest(b.ID)))
	for i, file := range b.DriveFiles {
		path := "/mnt/" + f.drives[i].Label + "/" + b.FileName
		must(t, s.ChangeDriveFile(ctx, b.ID, file.ID, "r1", models.DriveFileChange{Status: models.StatusFinished, Path: &path, Size: 90}))
	}
	dump := "/mnt/" + f.drives[0].Label + "/" + b.FileName
	must(t, s.Settle(ctx, b.ID, "r1", models.Settlement{Status: models.StatusFinished, DumpPath: &dump, At: models.Now()}))
	must(t, s.SaveLog(ctx, b.ID, "what it did"))
	return value(s.Backup(ctx, b.ID))(t)
}

// going is the removal of a copy.
func going(b models.Backup, n int) models.Removal {
	f, at := b.DriveFiles[n], models.Now()
	return models.Removal{ID: f.ID, JobID: b.JobID, BackupID: b.ID, BackupMade: b.CreatedAt, DriveID: f.DriveID, FileName: f.Label,
		Key: f.Key, Size: f.Size, Reason: "no rule keeps it", TryAt: &at, CreatedAt: at}
}

// pruned removes copies whatever the rules say.
func pruned(t *testing.T, s *Store, removals ...models.Removal) {
	t.Helper()
	done := value(s.PruneJob(t.Context(), removals[0].JobID, func(models.RetentionSnapshot) []models.Removal { return removals }))(t)
	equal(t, "the number of removals", len(done), len(removals))
}

func testPruneJob(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	whole, partly, stays := kept(t, s, f, slot(1)), kept(t, s, f, slot(2)), kept(t, s, f, slot(3))
	d := drilled(t, s, whole, models.DrillProven, models.LevelEquals)
	var seen models.RetentionSnapshot
	done := value(s.PruneJob(ctx, f.job.ID, func(now models.RetentionSnapshot) []models.Removal {
		seen = now
		return []models.Removal{going(whole, 0), going(whole, 1), going(partly, 0)}
	}))(t)
	equal(t, "the number of removals", len(done), 3)
	equal(t, "the number of backups that were looked at", len(seen.Backups), 3)
	equal(t, "the newest of them", seen.Backups[0].ID, stays.ID)
	equal(t, "the number of its copies", len(seen.Backups[0].DriveFiles), 2)
	equal(t, "the label of a drive", seen.Drives[f.drives[1].ID], f.drives[1].Label)

	_, err := s.Backup(ctx, whole.ID)
	wants(t, err, models.ErrNotFound)
	mentions(t, err, whole.ID, "was removed on", "no rule keeps it")
	_, err = s.Manifest(ctx, whole.ID)
	wants(t, err, models.ErrNotFound)
	equal(t, "the log", value(s.LogText(ctx, whole.ID))(t), "")
	equal(t, "the drill's outcome", value(s.Drill(ctx, d.ID))(t).Outcome, models.DrillProven)
	wants(t, s.InsertDrill(ctx, models.Drill{ID: models.NewID(), BackupID: whole.ID}), models.ErrNotFound)
	wants(t, s.Requeue(ctx, whole.ID, false), models.ErrNotFound)

	left := value(s.Backup(ctx, partly.ID))(t)
	equal(t, "the number of copies left", len(left.DriveFiles), 1)
	equal(t, "the copy left", left.DriveFiles[0].ID, partly.DriveFiles[1].ID)
	equal(t, "where the dump is", *left.DumpPath, *partly.DriveFiles[1].Path)
	value(s.Manifest(ctx, partly.ID))(t)
	equal(t, "the log of the other", value(s.LogText(ctx, partly.ID))(t), "what it did")
	equal(t, "the copies of the third", len(value(s.Backup(ctx, stays.ID))(t).DriveFiles), 2)

	of := value(s.RemovalsOf(ctx, whole.ID))(t)
	equal(t, "the removals of the backup", len(of), 2)
	equal(t, "its moment", of[0].BackupMade, whole.CreatedAt)
	equal(t, "those of the job", len(value(s.Removals(ctx, f.job.ID, 2))(t)), 2)
	equal(t, "those of another", len(value(s.Removals(ctx, models.NewID(), 9))(t)), 0)
	equal(t, "those of all", len(value(s.Removals(ctx, "", 9))(t)), 3)

	pruned(t, s, going(partly, 1))
	_, err = s.Backup(ctx, partly.ID)
	wants(t, err, models.ErrNotFound)
	_, err = s.PruneJob(ctx, models.NewID(), func(models.RetentionSnapshot) []models.Removal { return nil })
	wants(t, err, models.ErrNotFound)
}

// What the rules did not see cannot go, and then nothing does.
func testPruneRefuses(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	b := kept(t, s, f, slot(1))
	stranger := going(b, 1)
	stranger.ID = models.NewID()
	if _, err := s.PruneJob(ctx, f.job.ID, func(models.RetentionSnapshot) []models.Removal { return []models.Removal{going(b, 0), stranger} }); err == nil {
		t.Fatal("a copy that is not there was removed")
	}
	equal(t, "the number of copies", len(value(s.Backup(ctx, b.ID))(t).DriveFiles), 2)
	equal(t, "the number of removals", len(value(s.Removals(ctx, "", 9))(t)), 0)
}

func testRetentionSnapshot(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	idle, read, drillee, safety := kept(t, s, f, slot(1)), kept(t, s, f, slot(2)), kept(t, s, f, slot(3)), kept(t, s, f, slot(4))
	r, d := restoring(t, s, read), begun(t, s, drillee)
	value(s.SaveRestoreProgress(ctx, r.ID, "r1", models.RunProgress{Phase: models.RestoreSafety, SafetyBackupID: safety.ID}))(t)
	must(t, s.RaiseAlarm(ctx, anomalyOf(idle, "the dump is empty")))
	now := value(s.RetentionSnapshot(ctx, f.job.ID))(t)
	equal(t, "the number of alarms", now.Alarms, 1)
	equal(t, "the number of backups that are needed", len(now.Reading), 3)
	for _, b := range []models.Backup{read, drillee, safety} {
		if now.Reading[b.ID] == "" {
			t.Errorf("%s is not needed: %v", b.ID, now.Reading)
		}
	}
	must(t, s.SettleRestore(ctx, r.ID, models.StatusFailed, "stopped", "", 0, models.Now()))
	d.Outcome, d.Reason = models.DrillUnverified, "stopped"
	must(t, s.SettleDrill(ctx, d))
	lately := value(s.RetentionSnapshot(ctx, f.job.ID))(t).Reading
	if len(lately) != 1 || lately[safety.ID] == "" {
		t.Errorf("after the restore these are needed: %v", lately)
	}
	must(t, s.db.Exec("UPDATE restores SET settled_at = ?", utc(models.Now().Add(-undoTime-time.Second))).Error)
	equal(t, "the number that are needed a week later", len(value(s.RetentionSnapshot(ctx, f.job.ID))(t).Reading), 0)
	must(t, s.ApplyPlan(ctx, models.Plan{}))
	gone := value(s.RetentionSnapshot(ctx, f.job.ID))(t).Gone
	equal(t, "that a drive left the configuration", gone[f.drives[0].ID], true)
	_, err := s.RetentionSnapshot(ctx, models.NewID())
	wants(t, err, models.ErrNotFound)
}

// A backup is read or it is removed, and never both.
func testRacePruneRead(t *testing.T, s *Store) {
	f := configure(t, s)
	for i := range 6 {
		b := kept(t, s, f, slot(i))
		var began atomic.Int32
		var removed []models.Removal
		var all sync.WaitGroup
		begin := func(insert func() error) {
			all.Go(func() {
				switch err := insert(); {
				case err == nil:
					began.Add(1)
				case !errors.Is(err, models.ErrNotFound) && !errors.Is(err, models.ErrConflict):
					t.Error(err)
				}
			})
		}
		begin(func() error { return s.InsertDrill(t.Context(), models.Drill{ID: models.NewID(), BackupID: b.ID}) })
		begin(func() error {
			return s.InsertRestore(t.Context(), models.Restore{ID: models.NewID(), BackupID: b.ID, TargetKind: models.TargetFile, TargetName: b.ID})
		})
		all.Go(func() {
			var err error
			removed, err = s.PruneJob(t.Context(), f.job.ID, func(now models.RetentionSnapshot) []models.Removal {
				if now.Reading[b.ID] != "" {
					return nil
				}
				return []models.Removal{going(b, 0), going(b, 1)}
			})
			if err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if _, err := s.Backup(t.Context(), b.ID); (err == nil) != (len(removed) == 0) || (began.Load() > 0) == (len(removed) > 0) {
			t.Fatalf("%d began to read it, %d copies were removed, and the backup then: %v", began.Load(), len(removed), err)
		}
	}
}

func testRemovals(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	one, two := kept(t, s, f, slot(1)), kept(t, s, f, slot(2))
	pruned(t, s, going(one, 0), going(one, 1), going(two, 0))
	now, lease := models.Now().Add(time.Second), time.Minute
	here := one.DriveFiles[0].DriveID
	equal(t, "the number of drives that are asked", len(value(s.RemovalDrives(ctx, now))(t)), 2)

	first := value(s.ClaimRemoval(ctx, here, now, lease))(t)
	equal(t, "the oldest", first.ID, one.DriveFiles[0].ID)
	equal(t, "its tries", first.Tries, 1)
	second := value(s.ClaimRemoval(ctx, here, now, lease))(t)
	equal(t, "the next", second.ID, two.DriveFiles[0].ID)
	_, err := s.ClaimRemoval(ctx, here, now, lease)
	wants(t, err, models.ErrNotFound)

	must(t, s.ConfirmRemoval(ctx, first.ID, now))
	must(t, s.PostponeRemoval(ctx, first.ID, "too late", now)) // which a slower one may say
	later := now.Add(time.Hour)
	must(t, s.PostponeRemoval(ctx, second.ID, "the disk is away", later))
	_, err = s.ClaimRemoval(ctx, here, later.Add(-time.Second), lease)
	wants(t, err, models.ErrNotFound)
	again := value(s.ClaimRemoval(ctx, here, later, lease))(t)
	equal(t, "the one that is tried again", again.ID, second.ID)
	equal(t, "its tries then", again.Tries, 2)
	equal(t, "what went wrong", again.Error, "the disk is away")
	lost := value(s.ClaimRemoval(ctx, here, later.Add(2*lease), lease))(t)
	equal(t, "the one whose process has died", lost.ID, second.ID)
	must(t, s.ConfirmRemoval(ctx, second.ID, later))
	equal(t, "the number of drives that are asked then", len(value(s.RemovalDrives(ctx, later.Add(24*time.Hour)))(t)), 1)
	done := value(s.RemovalsOf(ctx, one.ID))(t)
	for _, r := range done {
		if r.ID == first.ID && (r.DoneAt == nil || !r.DoneAt.Equal(now) || r.TryAt != nil || r.Error != "") {
			t.Errorf("confirmed: %+v", r)
		}
	}
}

func testRaceRemovals(t *testing.T, s *Store) {
	f := configure(t, s)
	var all []models.Removal
	for i := range 8 {
		all = append(all, going(kept(t, s, f, slot(i)), 0))
	}
	pruned(t, s, all...)
	now := models.Now().Add(time.Second)
	var mu sync.Mutex
	claimed := map[string]int{}
	won := race(t, 16, func(int) error {
		r, err := s.ClaimRemoval(t.Context(), f.drives[0].ID, now, time.Minute)
		if errors.Is(err, models.ErrNotFound) {
			return models.Conflictf("nothing is left")
		}
		mu.Lock()
		defer mu.Unlock()
		claimed[r.ID]++
		return err
	})
	equal(t, "the number of claims", won, 8)
	equal(t, "the number of removals that were claimed", len(claimed), 8)
}

func testPins(t *testing.T, s *Store) {
	ctx := t.Context()
	b := kept(t, s, configure(t, s), slot(1))
	at, until := models.Now(), models.Now().Add(time.Hour)
	wants(t, s.UnpinBackup(ctx, b.ID), models.ErrConflict)
	must(t, s.PinBackup(ctx, b.ID, at, &until))
	pinned := value(s.Backup(ctx, b.ID))(t)
	sameTime(t, "PinnedAt", pinned.PinnedAt, at)
	sameTime(t, "PinnedUntil", pinned.PinnedUntil, until)
	must(t, s.PinBackup(ctx, b.ID, at, nil))
	if pinned = value(s.Backup(ctx, b.ID))(t); pinned.PinnedUntil != nil {
		t.Errorf("pinned for ever it is until %s", pinned.PinnedUntil)
	}
	must(t, s.UnpinBackup(ctx, b.ID))
	if pinned = value(s.Backup(ctx, b.ID))(t); pinned.PinnedAt != nil {
		t.Errorf("unpinned it is pinned at %s", pinned.PinnedAt)
	}
	wants(t, s.PinBackup(ctx, models.NewID(), at, nil), models.ErrNotFound)
}

// What works on copies copes with those that vanish meanwhile.
func testVanishedCopies(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	partly, whole := kept(t, s, f, slot(1)), kept(t, s, f, slot(2))
	pruned(t, s, going(partly, 0), going(whole, 0), going(whole, 1))
	for _, b := range []models.Backup{partly, whole} {
		lost := models.LostCopy{BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, Attempt: b.Attempt, Error: "missing", BackupError: "lost", HealAt: models.Now()}
		wants(t, s.LoseCopy(ctx, lost), models.ErrNotFound)
		must(t, s.VerifyCopy(ctx, b.DriveFiles[0].ID, models.Now()))
	}
	equal(t, "the status of what is left", value(s.Backup(ctx, partly.ID))(t).Status, models.StatusFinished)
	wants(t, s.TakeFailed(ctx, whole.ID, "r1", soon), models.ErrNotFound)
	must(t, s.PostponeHeal(ctx, whole.ID, models.Now()))
	wants(t, s.RaiseAlarm(ctx, anomalyOf(whole, "x")), models.ErrNotFound)
	wants(t, s.InsertRestore(ctx, models.Restore{ID: models.NewID(), BackupID: whole.ID}), models.ErrNotFound)
	equal(t, "the number of copies to read back", len(value(s.SampleCopies(ctx, f.drives[0].ID, models.Now(), 9))(t)), 0)
	summary := value(s.JobSummaries(ctx))(t)[0]
	equal(t, "the newest backup", summary.Newest.ID, partly.ID)
	equal(t, "the number of finished backups", summary.Finished, 1)
}

// What a drive has still to remove is not adopted from it.
func testAdoptBeingRemoved(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	b, m := found(f.job, f.drives[0]), sampleManifest("x")
	adopted(t, s, b, &m)
	inserted := value(s.Backup(ctx, b.ID))(t)
	pruned(t, s, going(inserted, 0))
	_, _, err := s.AdoptBackup(ctx, b, &m)
	wants(t, err, models.ErrConflict)
	mentions(t, err, b.DriveFiles[0].Key, "being removed")
	// The same file on another drive is another copy.
	elsewhere := found(f.job, f.drives[1])
	if isNew, copies := adopted(t, s, elsewhere, &m); !isNew || copies != 1 {
		t.Fatalf("from another drive: new %v, %d copies", isNew, copies)
	}
	must(t, s.ConfirmRemoval(ctx, inserted.DriveFiles[0].ID, models.Now()))
	if isNew, copies := adopted(t, s, b, &m); isNew || copies != 1 {
		t.Fatalf("put back after it was removed: new %v, %d copies", isNew, copies)
	}
}
