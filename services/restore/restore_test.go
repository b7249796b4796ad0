package restore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

func (w *world) into(b models.Backup, to models.RestoreTarget) models.RestoreRequest {
	w.t.Helper()
	req := models.RestoreRequest{BackupID: b.ID, Target: to, Trigger: models.TriggerAPI}
	p, err := w.restore.Plan(w.t.Context(), req)
	w.must(err)
	req.Confirm = p.Confirm
	return req
}

func (w *world) run(req models.RestoreRequest) models.Restore {
	w.t.Helper()
	r, err := w.restore.Run(w.t.Context(), req)
	w.must(err)
	stored, err := w.store.Restore(w.t.Context(), r.ID)
	w.must(err)
	if stored.Status != r.Status || stored.Error != r.Error || stored.SettledAt == nil {
		w.t.Errorf("recorded %s (%s), returned %s (%s)", stored.Status, stored.Error, r.Status, r.Error)
	}
	w.wantNothingLeft()
	return stored
}

func (w *world) wantFinished(r models.Restore) {
	w.t.Helper()
	if r.Status != models.StatusFinished || r.Error != "" || r.RestoreTook <= 0 {
		w.t.Errorf("%s: %s, took %s", r.Status, r.Error, r.RestoreTook)
	}
	if text, err := w.store.LogText(w.t.Context(), r.ID); err != nil || !strings.Contains(text, "finished: restored in") {
		w.t.Errorf("the log is %q (%v)", text, err)
	}
}

func (w *world) wantFailed(r models.Restore, says ...string) {
	w.t.Helper()
	if r.Status != models.StatusFailed {
		w.t.Errorf("it is %s", r.Status)
	}
	for _, text := range says {
		if !strings.Contains(r.Error, text) {
			w.t.Errorf("%q does not say %q", r.Error, text)
		}
	}
}

func TestRestoreIntoANewDatabase(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	r := w.run(w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"}))
	w.wantFinished(r)
	path := filepath.Join(filepath.Dir(w.shop), "copy.db")
	if n := w.rows(path, "SELECT count(*) FROM orders"); n != 15_000 || r.TargetName != path {
		t.Errorf("%d rows in %s", n, r.TargetName)
	}
	if now, _ := w.store.Backup(t.Context(), b.ID); now.RestoreTook != r.RestoreTook {
		t.Errorf("the backup says %s, the restore %s", now.RestoreTook, r.RestoreTook)
	}
	_, err := w.restore.Start(t.Context(), w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"}))
	if !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "there already is a database") {
		t.Errorf("over one that is there: %v", err)
	}
}

func TestRestoreIntoAnotherSourceThatIsMissing(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.wantFinished(w.run(w.into(b, models.RestoreTarget{Kind: models.TargetSource, SourceID: w.other})))
	if n := w.rows(w.otherPath, "SELECT count(*) FROM orders"); n != 15_000 {
		t.Errorf("%d rows", n)
	}
}

func TestReplacingTakesAChoiceAndASafetyBackup(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.exec(w.shop, "DELETE FROM orders; CREATE TABLE later (a); INSERT INTO later VALUES (1)")
	req := w.into(b, models.RestoreTarget{Kind: models.TargetSource})
	if _, err := w.restore.Start(t.Context(), req); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("without a choice: %v", err)
	}
	req.Replace = true
	p, err := w.restore.Plan(t.Context(), req)
	if err != nil || !p.NeedsReplace || p.SafetyJob != "shop-nightly" || len(p.Overwrites) < 5 || p.Confirm != "shop.db" {
		t.Errorf("plan: %+v (%v)", p, err)
	}
	r := w.run(req)
	w.wantFinished(r)
	if n := w.rows(w.shop, "SELECT count(*) FROM orders"); n != 15_000 {
		t.Errorf("%d rows after the restore", n)
	}
	if n := w.rows(w.shop, "SELECT count(*) FROM later"); n != -1 {
		t.Error("a table that was made later is still there")
	}
	safety, err := w.store.Backup(t.Context(), r.SafetyBackupID)
	if err != nil || safety.Status != models.StatusFinished || safety.ID == b.ID {
		t.Fatalf("safety backup: %+v (%v)", safety, err)
	}
	req = w.into(safety, models.RestoreTarget{Kind: models.TargetSource})
	req.Replace, req.WithoutSafety = true, true
	if r := w.run(req); r.SafetyBackupID != "" {
		t.Errorf("a safety backup that nobody wanted: %s", r.SafetyBackupID)
	}
	if n := w.rows(w.shop, "SELECT count(*) FROM later"); n != 1 {
		t.Errorf("%d rows of what was there before", n)
	}
}

// failingBackups fail in the end.
type failingBackups struct{ *backup.Service }

func (failingBackups) Finish(_ context.Context, id string) (models.Backup, error) {
	return models.Backup{ID: id, Status: models.StatusFailed, Error: "the disk is full"}, nil
}

// SQLite takes names for one that differ in case, and so do some servers.
func TestATableOfAnotherCaseIsBackedUpBeforeItIsReplaced(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.exec(w.shop, "ALTER TABLE products RENAME TO p; ALTER TABLE p RENAME TO Products")
	req := w.into(b, models.RestoreTarget{Kind: models.TargetSource})
	req.Tables, req.Replace = []models.TableName{{Name: "products"}}, true
	r := w.run(req)
	w.wantFinished(r)
	if r.SafetyBackupID == "" {
		t.Error("what was replaced is backed up nowhere")
	}
}

func TestASafetyBackupThatFailsLeavesTheTargetAlone(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.exec(w.shop, "DELETE FROM orders")
	req := w.into(b, models.RestoreTarget{Kind: models.TargetSource})
	req.Replace = true
	w.restore = w.service(restore.Options{Backups: failingBackups{w.backups}})
	r := w.run(req)
	w.wantFailed(r, "the safety backup", "the disk is full", "nothing was written")
	if r.SafetyBackupID == "" || r.Phase != models.RestoreSafety {
		t.Errorf("phase %s, safety backup %q", r.Phase, r.SafetyBackupID)
	}
	if n := w.rows(w.shop, "SELECT count(*) FROM orders"); n != 0 {
		t.Errorf("the target has %d rows", n)
	}
}

func TestNoJobNoSafetyBackup(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.exec(w.otherPath, "CREATE TABLE t (a)")
	req := w.into(b, models.RestoreTarget{Kind: models.TargetSource, SourceID: w.other})
	req.Replace = true
	if _, err := w.restore.Start(t.Context(), req); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "no job backs up") {
		t.Errorf("got %v", err)
	}
	req.WithoutSafety = true
	w.wantFinished(w.run(req))
}

func TestRestoreOfSomeTables(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.exec(w.otherPath, "CREATE TABLE mine (a); INSERT INTO mine VALUES (1)")
	req := w.into(b, models.RestoreTarget{Kind: models.TargetSource, SourceID: w.other})
	req.Tables = []models.TableName{{Name: "customers"}, {Name: "customers"}}
	r := w.run(req)
	w.wantFinished(r)
	if len(r.Tables) != 1 || w.rows(w.otherPath, "SELECT count(*) FROM customers") != 4000 || w.rows(w.otherPath, "SELECT count(*) FROM mine") != 1 {
		t.Errorf("tables %v", r.Tables)
	}
	if _, err := w.restore.Start(t.Context(), req); !errors.Is(err, models.ErrConflict) {
		t.Errorf("over a table that is there: %v", err)
	}
	req.Tables = []models.TableName{{Name: "lost"}}
	if _, err := w.restore.Plan(t.Context(), req); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "no table lost") {
		t.Errorf("a table that is not in it: %v", err)
	}
}

func TestRestoreToAFile(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	r := w.run(w.into(b, models.RestoreTarget{Kind: models.TargetFile}))
	w.wantFinished(r)
	if filepath.Dir(r.TargetName) != filepath.Join(w.data(), "restored") || !strings.HasSuffix(r.TargetName, ".sqlite") {
		t.Errorf("it went to %s", r.TargetName)
	}
	if n := w.rows(r.TargetName, "SELECT count(*) FROM orders"); n != 15_000 {
		t.Errorf("%d rows", n)
	}
	if names, _ := os.ReadDir(filepath.Dir(r.TargetName)); len(names) != 1 {
		t.Errorf("the folder holds %v", names)
	}
	if _, err := w.restore.Start(t.Context(), w.into(b, models.RestoreTarget{Kind: models.TargetFile})); !errors.Is(err, models.ErrConflict) {
		t.Errorf("over a file that is there: %v", err)
	}
	path := filepath.Join(w.dir, "my copy.sqlite")
	req := models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetFile, Name: path}, Trigger: models.TriggerCLI, Confirm: "my copy.sqlite"}
	w.wantFinished(w.run(req))
	for _, name := range []string{"../up", "a/b", ".hidden", path} {
		req := models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetFile, Name: name}, Trigger: models.TriggerAPI}
		if _, err := w.restore.Plan(t.Context(), req); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARestoreMustBeConfirmed(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	req := models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"}, Confirm: "copy", Trigger: models.TriggerPage}
	if _, err := w.restore.Start(t.Context(), req); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "type copy.db to confirm") {
		t.Errorf("got %v", err)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	for name, c := range map[string]struct {
		req  models.RestoreRequest
		kind error
	}{
		"nothing":          {models.RestoreRequest{Target: models.RestoreTarget{Kind: models.TargetFile}}, models.ErrInvalid},
		"both":             {models.RestoreRequest{BackupID: b.ID, UploadID: models.NewID(), Target: models.RestoreTarget{Kind: models.TargetFile}}, models.ErrInvalid},
		"no such backup":   {models.RestoreRequest{BackupID: models.NewID(), Target: models.RestoreTarget{Kind: models.TargetFile}}, models.ErrNotFound},
		"no such upload":   {models.RestoreRequest{UploadID: models.NewID(), Target: models.RestoreTarget{Kind: models.TargetFile}}, models.ErrNotFound},
		"no such copy":     {models.RestoreRequest{BackupID: b.ID, DriveFileID: models.NewID(), Target: models.RestoreTarget{Kind: models.TargetFile}}, models.ErrNotFound},
		"no kind":          {models.RestoreRequest{BackupID: b.ID}, models.ErrInvalid},
		"no name":          {models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetNew}}, models.ErrInvalid},
		"a path":           {models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetNew, Name: "/etc/passwd"}}, models.ErrInvalid},
		"a journal":        {models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetNew, Name: "shop.db-journal"}}, models.ErrInvalid},
		"a log":            {models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetNew, Name: "shop.db-WAL"}}, models.ErrInvalid},
		"no such source":   {models.RestoreRequest{BackupID: b.ID, Target: models.RestoreTarget{Kind: models.TargetSource, SourceID: models.NewID()}}, models.ErrNotFound},
		"tables in a file": {models.RestoreRequest{BackupID: b.ID, Tables: []models.TableName{{Name: "orders"}}, Target: models.RestoreTarget{Kind: models.TargetFile}}, models.ErrInvalid},
	} {
		if _, err := w.restore.Plan(t.Context(), c.req); !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// deafStore takes no word of a restore that writes.
type deafStore struct{ *store.Store }

func (s deafStore) SaveRestoreProgress(ctx context.Context, id, runnerID string, p models.RunProgress) (bool, error) {
	if p.Phase == models.RestoreRestoring {
		return false, errors.New("the disk of the metadata database is full")
	}
	return s.Store.SaveRestoreProgress(ctx, id, runnerID, p)
}

// Whoever finds this process dead tells by the phase whether the target was touched.
func TestNothingIsWrittenThatIsNotWrittenDownFirst(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	s := w.service(restore.Options{Store: deafStore{w.store}, SettleTime: 100 * time.Millisecond})
	_, err := s.Run(t.Context(), w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"}))
	if err == nil {
		t.Error("it is written down after all")
	}
	if w.rows(filepath.Join(filepath.Dir(w.shop), "copy.db"), "SELECT 1") != -1 {
		t.Error("the target was written to")
	}
}

func TestAMistakeInTheMiddleIsNotCalledHarmless(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.targets(func(t *target) {
		t.restore = func(context.Context, source.RestoreRequest) error { panic("a mistake") }
	})
	r := w.run(w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"}))
	w.wantFailed(r, "made a mistake", "may hold a part of the backup")
}
