package retention_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestDeletingByHand(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 9})
	old, newest := w.backup(2*day), w.backup(day)
	s := w.service()
	d, err := s.PreviewDelete(t.Context(), old.ID)
	must(t, err)
	if len(d.Copies) != 1 || d.Copies[0].Drive != "nas" || d.Bytes() != old.DriveFiles[0].Size || d.Refused != "" || len(d.Dear) != 0 {
		t.Errorf("it would %+v", d)
	}
	if !w.known(old) || w.there(old) != 2 {
		t.Fatal("a preview removed something")
	}
	_, err = s.Delete(t.Context(), old.ID, false)
	must(t, err)
	if w.known(old) || w.there(old) != 2 {
		t.Fatal("the copy is not off its backup, or was deleted before that was written down")
	}
	if r := w.removal(old); r.Reason != "deleted by hand" || r.DoneAt != nil {
		t.Errorf("the removal is %+v", r)
	}
	w.deleteAgain(old.ID)

	// A drive that is away is asked again.
	w.checkErr = errors.New("away")
	must(t, s.RemoveDue(t.Context()))
	if w.there(old) != 2 {
		t.Fatal("a drive that failed its check was asked")
	}
	w.checkErr = nil
	w.pass(time.Hour)
	must(t, s.RemoveDue(t.Context()))
	if w.there(old) != 0 || w.there(newest) != 2 || w.removal(old).DoneAt == nil {
		t.Error("the drive holds another file than the newest")
	}
}

func (w *world) deleteAgain(id string) {
	w.t.Helper()
	for _, meant := range []bool{false, true} {
		if _, err := w.service().Delete(w.t.Context(), id, meant); !errors.Is(err, models.ErrNotFound) || !strings.Contains(err.Error(), "deleted by hand") {
			w.t.Errorf("once more: %v", err)
		}
	}
}

// What would be missed goes only where that is meant.
func TestDeletingWhatIsDear(t *testing.T) {
	w := newWorld(t, models.Retention{})
	proven, last := w.backup(2*day), w.backup(day)
	w.prove(proven)
	s := w.service()
	for _, c := range []struct {
		backup models.Backup
		dear   string
	}{{proven, "the newest proven backup of nightly"}, {last, "the last good copy on nas"}} {
		d, err := s.Delete(t.Context(), c.backup.ID, false)
		if !errors.Is(err, models.ErrConflict) || !slices.Contains(d.Dear, c.dear) || !w.known(c.backup) || !strings.Contains(err.Error(), c.dear) {
			t.Fatalf("unmeant: %v, %+v", err, d)
		}
		_, err = s.Delete(t.Context(), c.backup.ID, true)
		must(t, err)
		if w.known(c.backup) {
			t.Error("it is still there")
		}
	}
}

func TestWhatCannotBeDeleted(t *testing.T) {
	for name, c := range map[string]struct {
		keep func(w *world, b models.Backup)
		says string
	}{
		"pinned": {func(w *world, b models.Backup) { must(w.t, w.store.PinBackup(w.t.Context(), b.ID, w.clock(), nil)) }, "unpin it first"},
		"read by a restore": {func(w *world, b models.Backup) {
			must(w.t, w.store.InsertRestore(w.t.Context(), models.Restore{ID: models.NewID(), BackupID: b.ID, TargetName: "x"}))
		}, "a restore reads it now"},
		"pending": {func(w *world, b models.Backup) {
			must(w.t, w.store.LoseCopy(w.t.Context(), models.LostCopy{BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, Attempt: 1, Error: "lost", BackupError: "lost"}))
			must(w.t, w.store.Requeue(w.t.Context(), b.ID, false))
		}, "cancel it first"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, models.Retention{})
			b := w.backup(2 * day)
			w.backup(day)
			c.keep(w, b)
			d, err := w.service().PreviewDelete(t.Context(), b.ID)
			if must(t, err); !strings.Contains(d.Refused, c.says) {
				t.Errorf("the preview says %q", d.Refused)
			}
			if _, err := w.service().Delete(t.Context(), b.ID, true); !errors.Is(err, models.ErrConflict) || err.Error() != d.Refused || !w.known(b) {
				t.Errorf("%v", err)
			}
		})
	}
}

// prove lets a drill have found a backup equal.
func (w *world) prove(b models.Backup) {
	w.t.Helper()
	d := models.Drill{ID: models.NewID(), BackupID: b.ID, JobID: b.JobID}
	must(w.t, w.store.InsertDrill(w.t.Context(), d))
	d.Outcome, d.Level = models.DrillProven, models.LevelEquals
	must(w.t, w.store.SettleDrill(w.t.Context(), d))
}
