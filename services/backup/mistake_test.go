package backup_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// The last good copy goes away after its healing was queued.
func TestHealingWhenTheLastGoodCopyIsGone(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = models.Invalidf("away")
	s := w.service()
	b := w.run(s)
	w.drives["offsite"].putErr = nil
	if err := os.RemoveAll(w.data() + "/spool/" + b.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Heal(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(*b.DriveFiles[0].Path); err != nil {
		t.Fatal(err)
	}
	b, err := s.Run(t.Context(), b.ID)
	if err != nil || b.Status != models.StatusFailed || !strings.Contains(b.Error, "retry dumps the database again") {
		t.Fatalf("settled as %s: %s, %v", b.Status, b.Error, err)
	}
	if _, err := s.Retry(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if b, err = s.Run(t.Context(), b.ID); err != nil || b.Status != models.StatusFinished {
		t.Fatalf("retried to %s: %s, %v", b.Status, b.Error, err)
	}
	if n := w.source.dumps.Load(); n != 2 {
		t.Errorf("the database was dumped %d times", n)
	}
}

// A mistake of the program costs the copy, or the dump, in which it is made.
func TestAPanicSettlesTheBackup(t *testing.T) {
	boom := func() { panic("boom") }
	t.Run("of a drive", func(t *testing.T) {
		w := newWorld(t, "nas", "offsite")
		w.drives["offsite"].onPut = func(context.Context, drive.Hint) error { boom(); return nil }
		b := w.run(w.service())
		if b.Status != models.StatusFailed || b.DriveFiles[0].Status != models.StatusFinished || !strings.Contains(b.Error, "mistake") {
			t.Errorf("settled as %s: %s", b.Status, b.Error)
		}
	})
	t.Run("of a source", func(t *testing.T) {
		w := newWorld(t, "nas")
		w.source.during = func(context.Context) error { boom(); return nil }
		b := w.run(w.service())
		if b.Status != models.StatusFailed || !strings.Contains(b.Error, "mistake") {
			t.Errorf("settled as %s: %s", b.Status, b.Error)
		}
		if names := w.files(w.folders[0]); len(names) != 0 {
			t.Errorf("left on the drive: %v", names)
		}
	})
}
