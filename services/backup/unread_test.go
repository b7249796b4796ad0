package backup_test

import (
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/drive"
)

// unread is a world with a backup on two drives, whose copy on the second was not to be read
// some times, the first so long ago.
func unread(t *testing.T, times int, ago time.Duration) (*world, *backup.Service, models.Backup) {
	t.Helper()
	w := newWorld(t, "nas", "offsite")
	s := w.service()
	b := w.run(s)
	for range times {
		if err := w.store.UnreadCopy(t.Context(), b.DriveFiles[1].ID, models.Now().Add(-ago), "input/output error"); err != nil {
			t.Fatal(err)
		}
	}
	w.drives["offsite"].openErr = syscall.EIO
	return w, s, b
}

// read reads the second copy back and returns what that found and left.
func (w *world) read(s *backup.Service, b models.Backup) (models.CopyVerdict, models.Backup) {
	w.t.Helper()
	v, err := s.Verify(w.t.Context(), b.ID, b.DriveFiles[1].ID)
	if err != nil || len(v) != 1 {
		w.t.Fatalf("verdicts %+v, %v", v, err)
	}
	now, err := w.store.Backup(w.t.Context(), b.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return v[0], now
}

func TestACopyThatCannotBeReadForADayIsLostAndMadeAgain(t *testing.T) {
	w, s, b := unread(t, 2, 25*time.Hour)
	v, now := w.read(s, b)
	if !v.Lost || !strings.Contains(v.Error, "input/output error") || !strings.Contains(v.Error, "3 times") {
		t.Fatalf("the verdict is %+v", v)
	}
	if f := now.DriveFiles[1]; now.Status != models.StatusFailed || f.Status != models.StatusFailed || f.Error != v.Error || f.UnreadSince != nil || f.Unreads != 0 {
		t.Errorf("the backup is %s (%s), its copy %+v", now.Status, now.Error, f)
	}
	if !strings.Contains(now.Error, "offsite is lost") {
		t.Errorf("the backup says %q", now.Error)
	}
	if n := w.dueIn(0); n != 1 {
		t.Fatalf("%d are due at once", n)
	}
	broken := w.drives["offsite"]
	broken.onPut = func(context.Context, drive.Hint) error { broken.openErr = nil; return nil }
	puts := w.drives["offsite"].puts.Load()
	w.heal(b.ID)
	if n := w.drives["offsite"].puts.Load(); n == puts {
		t.Error("the copy was not made again")
	}
}

func TestACopyIsNotLostForReadingsOfOneDay(t *testing.T) {
	for name, c := range map[string]struct {
		times int
		ago   time.Duration
	}{"the first": {0, 0}, "many within a day": {9, 23 * time.Hour}, "the second within long": {1, 240 * time.Hour}} {
		t.Run(name, func(t *testing.T) {
			w, s, b := unread(t, c.times, c.ago)
			v, now := w.read(s, b)
			if v.Lost || v.Identical || v.Error == "" || now.Status != models.StatusFinished {
				t.Fatalf("the backup is %s, the verdict %+v", now.Status, v)
			}
			if f := now.DriveFiles[1]; f.Status != models.StatusFinished || f.Unreads != c.times+1 || f.UnreadError != v.Error || f.UnreadSince == nil || f.UnreadAt == nil {
				t.Errorf("the copy is %+v", f)
			}
		})
	}
}

func TestAReadingThatWorksForgetsThoseThatFailed(t *testing.T) {
	w, s, b := unread(t, 8, 240*time.Hour)
	w.drives["offsite"].openErr = nil
	v, now := w.read(s, b)
	if f := now.DriveFiles[1]; !v.Identical || f.Unreads != 0 || f.UnreadSince != nil || f.UnreadAt != nil || f.UnreadError != "" {
		t.Errorf("the verdict is %+v, the copy %+v", v, f)
	}
}

func TestADriveThatIsDownMakesNoCopyUnreadable(t *testing.T) {
	w, s, b := unread(t, 8, 240*time.Hour)
	w.drives["offsite"].checkErr = models.Invalidf("it is not mounted")
	v, now := w.read(s, b)
	if f := now.DriveFiles[1]; v.Lost || now.Status != models.StatusFinished || f.Status != models.StatusFinished || f.Unreads != 8 {
		t.Errorf("the verdict is %+v, the copy %+v", v, f)
	}
}

// brokenOff is a reading that ends with whoever asked for it.
type brokenOff struct {
	drive.Drive
	stop context.CancelFunc
}

func (d brokenOff) Open(ctx context.Context, _ string) (io.ReadCloser, error) {
	d.stop()
	return nil, ctx.Err()
}

func TestAReadingThatWasBrokenOffMakesNoCopyUnreadable(t *testing.T) {
	w, s, b := unread(t, 8, 240*time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	w.drives["offsite"].Drive = brokenOff{w.drives["offsite"].Drive, stop}
	w.drives["offsite"].openErr = nil
	v, err := s.Verify(ctx, b.ID, b.DriveFiles[1].ID)
	if err != nil || len(v) != 1 || v[0].Identical || v[0].Lost {
		t.Fatalf("verdicts %+v, %v", v, err)
	}
	if now, err := w.store.Backup(t.Context(), b.ID); err != nil || now.Status != models.StatusFinished || now.DriveFiles[1].Unreads != 8 {
		t.Errorf("the backup is %s, its copy %+v, %v", now.Status, now.DriveFiles[1], err)
	}
}
