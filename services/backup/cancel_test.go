package backup_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/drive"
)

// untilStopped blocks until its context ends, and says before that it was reached.
func untilStopped(reached chan<- struct{}) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		close(reached)
		<-ctx.Done()
		return context.Cause(ctx)
	}
}

// beginBeside starts a backup and carries it out beside the test.
func (w *world) beginBeside(s *backup.Service) (b models.Backup, ended <-chan models.Backup) {
	w.t.Helper()
	b, err := s.Start(w.t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		w.t.Fatal(err)
	}
	done := make(chan models.Backup, 1)
	go func() {
		b, err := s.Run(w.t.Context(), b.ID)
		if err != nil {
			w.t.Error(err)
		}
		done <- b
	}()
	return b, done
}

// cancelled expects a backup that was cancelled and of which no drive and no spool has a
// byte but for the finished copies.
func (w *world) cancelled(b models.Backup) {
	w.t.Helper()
	if b.Status != models.StatusFailed || !strings.HasPrefix(b.Error, "cancelled on request") || b.CancelAskedAt == nil || b.LeaseOwner != "" {
		w.t.Fatalf("settled as %+v", b)
	}
	for i, f := range b.DriveFiles {
		names := w.files(w.folders[i])
		if f.Status == models.StatusFinished && len(names) == 2 {
			continue
		}
		if f.Status != models.StatusFailed || f.HealAt != nil || len(names) != 0 {
			w.t.Errorf("copy %+v, and the drive holds %v", f, names)
		}
	}
	if names := w.spooled(); len(names) != 0 {
		w.t.Errorf("left in the spool: %v", names)
	}
	if _, err := w.service().Cancel(w.t.Context(), b.ID); !errors.Is(err, models.ErrConflict) {
		w.t.Errorf("cancelled once more: %v", err)
	}
}

// Another replica, with a data folder of its own, stops a dump that this one makes.
func TestADumpIsCancelledFromAnotherServer(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	reached := make(chan struct{})
	w.source.during = untilStopped(reached)
	s := w.service()
	b, ended := w.beginBeside(s)
	<-reached
	other := w.serviceWith(backup.Options{DataDir: filepath.Join(w.dir, "other")})
	if _, err := other.Cancel(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	w.cancelled(<-ended)
	if log, err := w.store.LogText(t.Context(), b.ID); err != nil || !strings.Contains(log, "failed: cancelled on request") {
		t.Errorf("log %q, %v", log, err)
	}
	w.source.during = nil
	w.retry(s, b.ID)
	if b := w.now(b.ID); b.CancelAskedAt != nil {
		t.Error("a retry is still to be cancelled")
	}
}

func TestAQueuedBackupIsCancelledAtOnce(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b, err := s.Start(t.Context(), w.job.ID, models.TriggerAPI)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = s.Cancel(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	w.cancelled(b)
	if w.source.dumps.Load() != 0 {
		t.Error("it was dumped")
	}
	if _, err := s.Cancel(t.Context(), models.NewID()); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("no backup: %v", err)
	}
}

// The copies that are there stay, and the others are made by a retry and by nothing else.
func TestUploadsAreCancelled(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	reached := make(chan struct{})
	w.drives["offsite"].onPut = func(ctx context.Context, _ drive.Hint) error { return untilStopped(reached)(ctx) }
	s := w.service()
	b, ended := w.beginBeside(s)
	<-reached
	w.until("the dump is proven and one copy is there", func() bool {
		now := w.now(b.ID)
		return now.DumpedAt != nil && now.DriveFiles[0].Status == models.StatusFinished
	})
	if _, err := s.Cancel(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	b = <-ended
	w.cancelled(b)
	if !strings.Contains(b.Error, "1 of 2 copies are there") || b.DumpPath == nil || *b.DumpPath != *b.DriveFiles[0].Path {
		t.Errorf("%s, dump path %v", b.Error, b.DumpPath)
	}
	due, err := w.store.HealDue(t.Context(), models.Place{}, models.Now().Add(1000*time.Hour), 10)
	if err != nil || len(due) != 0 {
		t.Errorf("healed by itself: %v, %v", due, err)
	}
	w.drives["offsite"].onPut = nil
	w.retry(s, b.ID)
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("dumped %d times", n)
	}
}

// Whoever ran it, and whoever cancelled it, may have been killed in between.
func TestACancelledBackupOfADeadProcessIsSettled(t *testing.T) {
	for name, dumped := range map[string]bool{"while dumping": false, "while uploading": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			s := w.service()
			b := w.deadRunner(s)
			w.leave(filepath.Join(w.data(), "spool", b.ID, b.FileName+".partial"))
			w.leave(filepath.Join(w.folders[0], filepath.Dir(b.DriveFiles[0].Key), "."+b.FileName+".partial"))
			if dumped {
				facts := models.DumpFacts{RawSize: 4, Size: 4, DumpPath: "x", DumpedAt: models.Now()}
				if err := w.store.RecordDump(t.Context(), b.ID, b.LeaseOwner, facts, models.Manifest{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.store.AskBackupCancel(t.Context(), b.ID); err != nil {
				t.Fatal(err)
			}
			if err := s.SettleDead(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.cancelled(w.now(b.ID))
		})
	}
	t.Run("while it waited", func(t *testing.T) {
		w := newWorld(t, "nas")
		b, err := w.service().Start(t.Context(), w.job.ID, models.TriggerAPI)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.AskBackupCancel(t.Context(), b.ID); err != nil {
			t.Fatal(err)
		}
		w.server("data")
		w.until("it is settled", func() bool { return w.now(b.ID).Status.Settled() })
		w.cancelled(w.now(b.ID))
	})
}

// What was asked to end too late, when every copy was there, has finished and is not lost:
// whoever ran it died, or handed it over, before that was written down.
func TestACancelledBackupThatHasEveryCopyHasFinished(t *testing.T) {
	for name, settle := range map[string]func(*world, *backup.Service, models.Backup) error{
		"after a death": func(w *world, s *backup.Service, b models.Backup) error { return s.SettleDead(w.t.Context()) },
		"handed over": func(w *world, s *backup.Service, b models.Backup) error {
			if err := w.store.HandOver(w.t.Context(), b.ID, b.LeaseOwner, 0); err != nil {
				return err
			}
			w.server("data")
			w.until("it is settled", func() bool { return w.now(b.ID).Status.Settled() })
			return nil
		},
		"carried on with": func(w *world, s *backup.Service, b models.Backup) error {
			if err := w.store.HandOver(w.t.Context(), b.ID, b.LeaseOwner, 0); err != nil {
				return err
			}
			_, err := s.Run(w.t.Context(), b.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			s := w.service()
			b := w.deadRunner(s)
			path := filepath.Join(w.folders[0], b.DriveFiles[0].Key)
			w.leave(path)
			facts := models.DumpFacts{RawSize: 4, Size: 4, DumpPath: "x", DumpedAt: models.Now()}
			at := models.Now()
			whole := models.DriveFileChange{Status: models.StatusFinished, Path: &path, Size: 4, VerifiedAt: &at}
			err := errors.Join(w.store.RecordDump(t.Context(), b.ID, b.LeaseOwner, facts, models.Manifest{}),
				w.store.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[0].ID, b.LeaseOwner, whole),
				w.store.AskBackupCancel(t.Context(), b.ID))
			if err != nil {
				t.Fatal(err)
			}
			if err := settle(w, s, b); err != nil {
				t.Fatal(err)
			}
			b = w.now(b.ID)
			if b.Status != models.StatusFinished || b.Error != "" || b.CancelAskedAt != nil || b.LeaseOwner != "" || b.DumpPath == nil || *b.DumpPath != path {
				t.Errorf("settled as %+v", b)
			}
			if names := w.files(w.folders[0]); len(names) != 1 {
				t.Errorf("the drive holds %v", names)
			}
		})
	}
}
