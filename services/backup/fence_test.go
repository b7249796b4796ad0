package backup_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/drive"
)

// settleElsewhere does what another replica does with a backup whose owner is silent.
func (w *world) settleElsewhere(id string) {
	w.t.Helper()
	b := w.now(id)
	if err := w.store.Claim(w.t.Context(), id, b.LeaseOwner, "another", time.Hour); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Settle(w.t.Context(), id, "another", models.Settlement{Status: models.StatusFailed, Error: "its owner was silent"}); err != nil {
		w.t.Fatal(err)
	}
}

// A process that was stopped before a drive had the end of the dump publishes nothing
// when it goes on and somebody else has settled its backup.
func TestAProcessThatWakesUpPublishesNothing(t *testing.T) {
	for name, takeIt := range map[string]func(w *world, taken func()){
		"while it dumps": func(w *world, taken func()) {
			w.source.during = func(context.Context) error { taken(); return nil }
		},
		"after its proof": func(w *world, taken func()) {
			w.drives["nas"].onPut = func(ctx context.Context, hint drive.Hint) error {
				w.until("the dump is proven", func() bool { return w.now(w.newest()).DumpedAt != nil })
				taken()
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			s := w.service()
			b, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
			if err != nil {
				t.Fatal(err)
			}
			takeIt(w, func() { w.settleElsewhere(b.ID) })
			got, err := s.Run(t.Context(), b.ID)
			if err != nil || got.Status != models.StatusFailed || got.Error != "its owner was silent" {
				t.Errorf("it is %s (%s), %v", got.Status, got.Error, err)
			}
			if left := w.files(w.folders[0]); len(left) != 0 {
				t.Errorf("on the drive is %v", left)
			}
		})
	}
}

func (w *world) newest() string {
	w.t.Helper()
	page, err := w.store.Backups(w.t.Context(), models.BackupFilter{}, models.Cursor{}, 1)
	if err != nil || len(page) == 0 {
		w.t.Fatal(err)
	}
	return page[0].ID
}

// What the new owner of a backup has made is not taken for a damaged copy of one's own.
func TestAProcessThatWakesUpRemovesNothing(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	w.drives["nas"].corrupt = true
	w.drives["nas"].onOpen = func() { w.settleElsewhere(b.ID) } // while the copy is read back
	if _, err := s.Run(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if left := w.files(w.folders[0]); len(left) == 0 {
		t.Error("the copy that is somebody else's was removed")
	}
}

func TestRunsAreBoundedInTime(t *testing.T) {
	stuck := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	t.Run("by the job", func(t *testing.T) {
		w := newWorld(t, "nas")
		w.timeout = 300 * time.Millisecond
		w.source.during = stuck
		b := w.run(w.service())
		if b.Status != models.StatusFailed || !strings.Contains(b.Error, "which the timeout of job \"shop-nightly\" allows") || len(w.spooled()) != 0 {
			t.Errorf("it is %s: %s", b.Status, b.Error)
		}
	})
	t.Run("by the job, while it uploads", func(t *testing.T) {
		w := newWorld(t, "nas")
		w.timeout = time.Second
		w.drives["nas"].onPut = func(ctx context.Context, _ drive.Hint) error { return stuck(ctx) }
		b := w.run(w.service())
		if b.Status != models.StatusFailed || !strings.Contains(b.Error, "timeout of job") || b.DumpedAt == nil || w.dueIn(24*time.Hour) != 1 || b.DriveFiles[0].Heals != 1 {
			t.Errorf("it is %s: %s, its copy %+v", b.Status, b.Error, b.DriveFiles[0])
		}
	})
	t.Run("a dump without one", func(t *testing.T) {
		w := newWorld(t, "nas")
		w.source.during = stuck
		b := w.run(w.serviceWith(backup.Options{DataDir: w.data(), DumpTime: 300 * time.Millisecond}))
		if b.Status != models.StatusFailed || !strings.Contains(b.Error, "set the timeout of job") {
			t.Errorf("it is %s: %s", b.Status, b.Error)
		}
	})
}

func TestABackupWhoseWindowHasClosedFails(t *testing.T) {
	w := newWorld(t, "nas")
	late := models.Now().Add(-time.Second)
	b := models.Backup{ID: models.NewID(), JobID: w.job.ID, Label: "shop-nightly", SourceID: w.job.SourceID, Slot: "x", Trigger: models.TriggerAPI,
		StartBy: &late, FileName: "f", DriveFiles: []models.DriveFile{{ID: models.NewID(), DriveID: w.job.DriveIDs[0], Key: "k"}}}
	if err := w.store.InsertBackup(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	w.server("data")
	w.until("it fails", func() bool { return w.now(b.ID).Status == models.StatusFailed })
	if got := w.now(b.ID); !strings.Contains(got.Error, "closed before it could start") || got.DriveFiles[0].Status != models.StatusFailed {
		t.Errorf("it is %q, its copy %s", got.Error, got.DriveFiles[0].Status)
	}
	if n := w.source.dumps.Load(); n != 0 {
		t.Error("it was dumped all the same")
	}
}
