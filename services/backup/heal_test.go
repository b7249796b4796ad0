package backup_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// dueIn returns how many backups are due to be healed after some time.
func (w *world) dueIn(after time.Duration) int {
	w.t.Helper()
	ids, err := w.store.HealDue(w.t.Context(), models.Place{Node: w.node()}, models.Now().Add(after), 10)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(ids)
}

func TestAPassingFaultIsHealedLaterAndAFinalOneIsNot(t *testing.T) {
	for name, c := range map[string]struct {
		fault error
		due   int
	}{
		"passing": {&drive.PassingError{Cause: errors.New("the connection was reset")}, 1},
		"final":   {models.Invalidf("the password is wrong"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas", "offsite")
			w.drives["offsite"].putErr = c.fault
			b := w.run(w.service())
			if b.Status != models.StatusFailed {
				t.Fatalf("settled as %s", b.Status)
			}
			if n := w.dueIn(0); n != 0 {
				t.Errorf("%d are due at once", n)
			}
			if n := w.dueIn(time.Hour); n != c.due {
				t.Errorf("%d are due within the hour, want %d", n, c.due)
			}
		})
	}
}

func TestADumpThatFailedIsNeverHealed(t *testing.T) {
	w := newWorld(t, "nas")
	w.source.err = errors.New("boom")
	s := w.service()
	b := w.run(s)
	if n := w.dueIn(1000 * time.Hour); n != 0 {
		t.Errorf("%d are due", n)
	}
	if _, err := s.Heal(t.Context(), b.ID); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "retry") {
		t.Errorf("heal says %v", err)
	}
}

// heal heals a backup and expects it to finish, whole on every drive, without a dump.
func (w *world) heal(id string) {
	w.t.Helper()
	s := w.service()
	if _, err := s.Heal(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
	b, err := s.Run(w.t.Context(), id)
	if err != nil || b.Status != models.StatusFinished {
		w.t.Fatalf("healed to %s (%s), %v", b.Status, b.Error, err)
	}
	for i, folder := range w.folders {
		if n := len(w.files(folder)); n != 2 {
			w.t.Errorf("drive %d holds %d files", i, n)
		}
	}
	if n := w.source.dumps.Load(); n != 1 {
		w.t.Errorf("the database was dumped %d times", n)
	}
	if n := w.dueIn(1000 * time.Hour); n != 0 {
		w.t.Errorf("%d are still due", n)
	}
}

func TestHealingFromTheSpool(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["nas"].putErr, w.drives["offsite"].putErr = models.Invalidf("away"), models.Invalidf("away")
	b := w.run(w.service())
	w.drives["nas"].putErr, w.drives["offsite"].putErr = nil, nil
	w.heal(b.ID)
}

func TestHealingFromAnotherDrive(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = models.Invalidf("away")
	b := w.run(w.service())
	if err := os.RemoveAll(w.data() + "/spool/" + b.ID); err != nil {
		t.Fatal(err)
	}
	w.drives["offsite"].putErr = nil
	w.heal(b.ID)
}

func TestHealingNeverDumpsAgain(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].putErr = models.Invalidf("away")
	s := w.service()
	b := w.run(s)
	if err := os.RemoveAll(w.data() + "/spool"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Heal(t.Context(), b.ID); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "retry dumps the database again") {
		t.Errorf("heal says %v", err)
	}
}

func TestVerifyFindsWhatRotted(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	s := w.service()
	b := w.run(s)
	good := *b.DriveFiles[0].VerifiedAt
	path := *b.DriveFiles[1].Path
	for name, spoil := range map[string]func() error{
		"changed": func() error { return os.WriteFile(path, []byte("rotten"), 0o600) },
		"removed": func() error { return os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			verdicts, err := s.Verify(t.Context(), b.ID, "")
			if err != nil || len(verdicts) != 2 || !verdicts[0].Identical || !verdicts[1].Lost || verdicts[1].Error == "" {
				t.Fatalf("verdicts %+v, %v", verdicts, err)
			}
			now, err := w.store.Backup(t.Context(), b.ID)
			if err != nil || now.Status != models.StatusFailed || !strings.Contains(now.Error, "offsite") {
				t.Fatalf("the backup is %s: %s, %v", now.Status, now.Error, err)
			}
			if at := now.DriveFiles[0].VerifiedAt; at == nil || !at.After(good) {
				t.Errorf("the good copy was read back at %v", at)
			}
			if n := w.dueIn(0); n != 1 {
				t.Errorf("%d are due at once", n)
			}
			w.heal(b.ID)
		})
	}
}

func TestVerifyWritesALostManifestAgain(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b := w.run(s)
	manifest := *b.DriveFiles[0].Path + ".json"
	if err := os.Remove(manifest); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Verify(t.Context(), b.ID, b.DriveFiles[0].ID); err != nil || len(v) != 1 || !v[0].Identical {
		t.Fatalf("verdicts %+v, %v", v, err)
	}
	if _, err := os.Stat(manifest); err != nil {
		t.Error(err)
	}
}

func TestADriveThatDoesNotAnswerLosesNothingWhenVerified(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b := w.run(s)
	w.drives["nas"].openErr = errors.New("no route to host")
	v, err := s.Verify(t.Context(), b.ID, "")
	if err != nil || len(v) != 1 || v[0].Identical || v[0].Lost || v[0].Error == "" {
		t.Fatalf("verdicts %+v, %v", v, err)
	}
	if now, err := w.store.Backup(t.Context(), b.ID); err != nil || now.Status != models.StatusFinished {
		t.Errorf("the backup is %s, %v", now.Status, err)
	}
}

func TestSweepDriveRemovesWhatAFailedAttemptLeft(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = models.Invalidf("away")
	s := w.service()
	b := w.run(s)
	folder := w.folders[1] + "/" + b.Label
	left, other := folder+"/."+b.FileName+"."+models.NewID()+".partial", folder+"/.mine.partial"
	for _, name := range []string{left, other} {
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(name, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SweepDrive(t.Context(), b.DriveFiles[1].DriveID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("the unfinished copy is still there")
	}
	if _, err := os.Stat(other); err != nil {
		t.Error("another file is gone")
	}
}

// What was under way when a process died may reach a drive after the next start has swept,
// and the server that would have swept again may have died, too.
func TestAServerThatStartsSweepsWhatFailedLately(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = models.Invalidf("away")
	b := w.run(w.service())
	folder := w.folders[1] + "/" + b.Label
	left := folder + "/." + b.FileName + "." + models.NewID() + ".partial"
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(left, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	next := w.service()
	working, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- next.Work(working, working) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	w.until("the unfinished copy goes", func() bool { _, err := os.Stat(left); return os.IsNotExist(err) })
}

func TestAProvidersOwnChecksumSparesReadingBack(t *testing.T) {
	for name, c := range map[string]struct {
		verify, checksum string
		opens            int32
	}{
		"the right one":      {checksum: "right", opens: 0},
		"none":               {checksum: "", opens: 1},
		"that of other data": {checksum: "sha256:00", opens: 1},
		"the right one, but the drive is read back always": {verify: drive.VerifyReadBack, checksum: "right", opens: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			w.verify = c.verify
			d := w.drives["nas"]
			d.checksum = c.checksum
			if b := w.run(w.service()); b.Status != models.StatusFinished {
				t.Fatalf("settled as %s: %s", b.Status, b.Error)
			}
			if n := d.opens.Load(); n != c.opens {
				t.Errorf("the copy was read back %d times, want %d", n, c.opens)
			}
		})
	}
}

// A disk that is not mounted has no copies to be seen, and has lost none.
func TestADriveThatIsAwayHasLostNothing(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b := w.run(s)
	if err := os.Remove(*b.DriveFiles[0].Path); err != nil {
		t.Fatal(err)
	}
	w.drives["nas"].checkErr = models.Invalidf("it is not mounted")
	v, err := s.Verify(t.Context(), b.ID, "")
	if err != nil || len(v) != 1 || v[0].Identical || v[0].Lost || v[0].Error == "" {
		t.Fatalf("verdicts %+v, %v", v, err)
	}
	w.drives["nas"].checkErr = nil
	if v, err := s.Verify(t.Context(), b.ID, ""); err != nil || len(v) != 1 || !v[0].Lost {
		t.Fatalf("verdicts once it is back: %+v, %v", v, err)
	}
}
