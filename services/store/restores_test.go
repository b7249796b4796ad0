package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// restoring is a restore of a backup into a database of its own that has not ended.
func restoring(t *testing.T, s *Store, b models.Backup) models.Restore {
	t.Helper()
	r := models.Restore{
		ID: models.NewID(), BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, FileName: b.FileName, Label: b.Label, Provider: "mysql",
		TargetKind: models.TargetNew, TargetSourceID: b.SourceID, TargetLabel: "shop", TargetName: "db " + models.NewID(),
		Trigger: models.TriggerPage, Status: models.StatusPending, Phase: models.RestoreQueued, RunnerID: "r1", CreatedAt: models.Now(),
	}
	must(t, s.InsertRestore(t.Context(), r))
	return r
}

func idsOfRestores(restores []models.Restore) []string {
	ids := []string{}
	for _, r := range restores {
		ids = append(ids, r.ID)
	}
	return ids
}

func testRestoreSettles(t *testing.T, s *Store) {
	ctx := t.Context()
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	r := restoring(t, s, b)
	if got := value(s.Restore(ctx, r.ID))(t); !reflect.DeepEqual(got, r) {
		t.Fatalf("read\n%+v\nwant\n%+v", got, r)
	}
	at := models.Now()
	wants(t, s.SettleRestore(ctx, r.ID, models.StatusPending, "", "", 0, at), models.ErrInvalid)
	must(t, s.SettleRestore(ctx, r.ID, models.StatusFinished, "", "one\ntwo", 5*time.Second, at))
	r.Status, r.Warnings, r.RestoreTook, r.SettledAt = models.StatusFinished, "one\ntwo", 5*time.Second, &at
	if got := value(s.Restore(ctx, r.ID))(t); !reflect.DeepEqual(got, r) {
		t.Fatalf("settled as\n%+v\nwant\n%+v", got, r)
	}
	equal(t, "how long the restore took", value(s.Backup(ctx, b.ID))(t).RestoreTook, 5*time.Second)
	wants(t, s.SettleRestore(ctx, r.ID, models.StatusFailed, "no", "", 0, at), models.ErrConflict)
	equal(t, "the status", value(s.Restore(ctx, r.ID))(t).Status, models.StatusFinished)
	wants(t, s.SettleRestore(ctx, models.NewID(), models.StatusFailed, "no", "", 0, at), models.ErrNotFound)
	_, err := s.Restore(ctx, models.NewID())
	wants(t, err, models.ErrNotFound)
}

// testRestoreTook sees that only a finished restore of everything measures a backup.
func testRestoreTook(t *testing.T, s *Store) {
	ctx := t.Context()
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	failed := restoring(t, s, b)
	must(t, s.SettleRestore(ctx, failed.ID, models.StatusFailed, "the client stopped", "", time.Second, models.Now()))
	equal(t, "the error", value(s.Restore(ctx, failed.ID))(t).Error, "the client stopped")

	part := restoring(t, s, b)
	part.ID, part.Tables, part.TargetName = models.NewID(), []models.TableName{{Schema: "a b", Name: `odd "ü"`}}, "another"
	must(t, s.InsertRestore(ctx, part))
	if got := value(s.Restore(ctx, part.ID))(t); !reflect.DeepEqual(got.Tables, part.Tables) {
		t.Fatalf("the tables are %+v", got.Tables)
	}
	must(t, s.SettleRestore(ctx, part.ID, models.StatusFinished, "", "", time.Second, models.Now()))
	equal(t, "how long the restore took", value(s.Backup(ctx, b.ID))(t).RestoreTook, 0)
}

func testRestoreProgress(t *testing.T, s *Store) {
	ctx := t.Context()
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	r := restoring(t, s, b)
	asked := value(s.SaveRestoreProgress(ctx, r.ID, "r1", models.RunProgress{
		Phase: models.RestoreSafety, DriveFileID: b.DriveFiles[1].ID, Done: 7, Total: 9, SafetyBackupID: "safe"}))(t)
	equal(t, "being asked to stop", asked, false)
	must(t, s.AskRestoreCancel(ctx, r.ID))
	asked = value(s.SaveRestoreProgress(ctx, r.ID, "r1", models.RunProgress{Phase: models.RestoreRestoring}))(t)
	equal(t, "being asked to stop", asked, true)
	got := value(s.Restore(ctx, r.ID))(t)
	equal(t, "the phase", got.Phase, models.RestoreRestoring)
	equal(t, "the copy", got.DriveFileID, b.DriveFiles[1].ID)
	equal(t, "the safety backup", got.SafetyBackupID, "safe")
	equal(t, "what is done", got.Done, 0)
	_, err := s.SaveRestoreProgress(ctx, r.ID, "r2", models.RunProgress{})
	wants(t, err, models.ErrConflict)

	must(t, s.SettleRestore(ctx, r.ID, models.StatusFailed, "stopped", "", 0, models.Now()))
	_, err = s.SaveRestoreProgress(ctx, r.ID, "r1", models.RunProgress{})
	wants(t, err, models.ErrConflict)
	wants(t, s.AskRestoreCancel(ctx, r.ID), models.ErrConflict)
	wants(t, s.AskRestoreCancel(ctx, models.NewID()), models.ErrNotFound)
}

// testRestoreOnce sees that of restores into one target one is made at a time.
func testRestoreOnce(t *testing.T, s *Store) {
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	r := restoring(t, s, b)
	same := r
	same.ID = models.NewID()
	err := s.InsertRestore(t.Context(), same)
	wants(t, err, models.ErrConflict)
	mentions(t, err, r.TargetName, r.ID)
	must(t, s.SettleRestore(t.Context(), r.ID, models.StatusFinished, "", "", 0, models.Now()))
	won := race(t, 8, func(int) error {
		again := r
		again.ID = models.NewID()
		return s.InsertRestore(t.Context(), again)
	})
	equal(t, "the number of winners", won, 1)
}

func testRestoreLists(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	a, b := f.settled(t, s, slot(1), models.StatusFinished), f.settled(t, s, slot(2), models.StatusFinished)
	first, second, third := restoring(t, s, a), restoring(t, s, b), restoring(t, s, a)
	must(t, s.SettleRestore(ctx, first.ID, models.StatusFailed, "no", "", 0, models.Now()))
	value(s.SaveRestoreProgress(ctx, third.ID, "r1", models.RunProgress{}))(t)

	list := func(f models.RestoreFilter, after models.Cursor) []string {
		return idsOfRestores(value(s.Restores(ctx, f, after, 2))(t))
	}
	sameList(t, "a page", list(models.RestoreFilter{}, models.Cursor{}), third.ID, second.ID)
	sameList(t, "the next page", list(models.RestoreFilter{}, models.Cursor{CreatedAt: second.CreatedAt, ID: second.ID}), first.ID)
	sameList(t, "those of a backup", list(models.RestoreFilter{BackupID: a.ID}, models.Cursor{}), third.ID, first.ID)
	sameList(t, "those that failed", list(models.RestoreFilter{Status: models.StatusFailed}, models.Cursor{}), first.ID)
	must(t, s.db.Exec("UPDATE restores SET created_at = ? WHERE id = ?", models.Now().Add(-time.Hour), second.ID).Error)
	sameList(t, "the silent ones", idsOfRestores(value(s.SilentRestores(ctx, time.Minute))(t)), second.ID)
	sameList(t, "the silent ones at all", idsOfRestores(value(s.SilentRestores(ctx, 0))(t)), second.ID, third.ID)
	_, err := s.Restores(ctx, models.RestoreFilter{}, models.Cursor{}, 0)
	wants(t, err, models.ErrInvalid)
}
