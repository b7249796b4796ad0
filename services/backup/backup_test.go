package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/backup"
)

func TestFinishedMeansEveryCopyIsThere(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	s := w.service()
	b := w.run(s)
	if b.Status != models.StatusFinished || b.Error != "" || b.SettledAt == nil || b.LeaseOwner != "" || b.UpdatedAt == nil {
		t.Fatalf("settled as %+v", b)
	}
	if b.RawSize != int64(len(w.source.content)) || b.SHA256 == "" || b.Warnings != "one warning" {
		t.Errorf("facts: %+v", b)
	}
	for i, f := range b.DriveFiles {
		if f.Status != models.StatusFinished || f.VerifiedAt == nil || f.Path == nil || f.Size != b.Size {
			t.Errorf("copy %+v", f)
		}
		if names := w.files(w.folders[i]); len(names) != 2 || !strings.HasSuffix(names[1], ".sql.zst.json") {
			t.Errorf("the drive holds %v", names)
		}
	}
	if b.DumpPath == nil || !strings.HasPrefix(*b.DumpPath, w.dir) || len(w.spooled()) != 0 {
		t.Errorf("dump path %v, spool %v", b.DumpPath, w.spooled())
	}
	if got := w.download(s, b.ID); !bytes.Equal(got, w.source.content) {
		t.Errorf("the copy holds %q", got)
	}
	if log, err := w.store.LogText(t.Context(), b.ID); err != nil || !strings.Contains(log, "the tool speaks") {
		t.Errorf("log %q, %v", log, err)
	}
}

func (w *world) download(s *backup.Service, id string) []byte {
	w.t.Helper()
	r, _, err := s.Open(w.t.Context(), id, "")
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	dump, err := archive.Decode(r, models.CompressionZstd)
	if err != nil {
		w.t.Fatal(err)
	}
	defer dump.Close()
	data, err := io.ReadAll(dump)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func TestAManifestStandsBesideEveryCopy(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.run(w.service())
	text, err := os.ReadFile(*b.DriveFiles[0].Path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := archive.DecodeManifest(text)
	if err != nil || m.BackupID != b.ID || m.File.SHA256 != b.SHA256 || m.File.Size != b.Size || m.Source != "shop" || len(m.Inventory.Tables) != 1 {
		t.Errorf("manifest %+v, %v", m, err)
	}
}

func TestAFailedDumpLeavesNothing(t *testing.T) {
	for name, spoil := range map[string]func(*fakeSource){
		"the tool fails":          func(s *fakeSource) { s.err = models.Conflictf("the dump tool ended with status 3") },
		"it fails without a word": func(s *fakeSource) { s.err = errors.New("boom"); s.content = nil },
		"a bare unexpected EOF":   func(s *fakeSource) { s.err = io.ErrUnexpectedEOF },
		"the dump is empty":       func(s *fakeSource) { s.content = nil },
		"it holds no object":      func(s *fakeSource) { s.empty = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas", "offsite")
			spoil(w.source)
			b := w.run(w.service())
			if b.Status != models.StatusFailed || b.Error == "" || b.DumpPath != nil {
				t.Errorf("settled as %s, %q, %v", b.Status, b.Error, b.DumpPath)
			}
			for i, f := range b.DriveFiles {
				if f.Status != models.StatusFailed || f.Error == "" || f.Path != nil {
					t.Errorf("copy %+v", f)
				}
				if names := w.files(w.folders[i]); len(names) != 0 {
					t.Errorf("left on the drive: %v", names)
				}
			}
			if names := w.spooled(); len(names) != 0 {
				t.Errorf("left in the spool: %v", names)
			}
		})
	}
}

func TestOneBadDriveDoesNotSinkTheOthers(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = models.Invalidf("the bucket is not there")
	s := w.service()
	b := w.run(s)
	if b.Status != models.StatusFailed || !strings.Contains(b.Error, "1 of 2 copies failed") || !strings.Contains(b.Error, "offsite: the bucket is not there") {
		t.Fatalf("settled as %s: %s", b.Status, b.Error)
	}
	if n := len(w.files(w.folders[0])); n != 2 {
		t.Errorf("the good drive holds %d files", n)
	}
	if len(w.spooled()) != 1 || b.DumpPath == nil || *b.DumpPath != w.spooled()[0] {
		t.Errorf("spool %v, dump path %v", w.spooled(), b.DumpPath)
	}
	t.Run("retry stores only what is missing, without a new dump", func(t *testing.T) {
		w.drives["offsite"].putErr = nil
		w.retry(s, b.ID)
		if n := w.source.dumps.Load(); n != 1 {
			t.Errorf("the database was dumped %d times", n)
		}
		if n := w.drives["nas"].puts.Load(); n != 2 { // the file and its manifest
			t.Errorf("the good drive was written to %d times", n)
		}
	})
}

// retry tries a backup again and expects it to finish, whole on every drive.
func (w *world) retry(s *backup.Service, id string) {
	w.t.Helper()
	if _, err := s.Retry(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
	b, err := s.Run(w.t.Context(), id)
	if err != nil || b.Status != models.StatusFinished || b.Attempt != 2 || b.DumpPath == nil {
		w.t.Fatalf("retry ended as %+v, %v", b, err)
	}
	for _, f := range b.DriveFiles {
		data, err := os.ReadFile(*f.Path)
		if err == nil {
			err = archive.Verify(bytes.NewReader(data), b.Size, b.SHA256)
		}
		if err != nil {
			w.t.Errorf("copy %s: %v", *f.Path, err)
		}
	}
	if names := w.spooled(); len(names) != 0 {
		w.t.Errorf("left in the spool: %v", names)
	}
}

func TestRetryWithoutASpoolCopiesFromAGoodDrive(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = errors.New("gone")
	s := w.service()
	b := w.run(s)
	if err := os.Remove(*b.DumpPath); err != nil {
		t.Fatal(err)
	}
	w.drives["offsite"].putErr = nil
	w.retry(s, b.ID)
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

func TestRetryDumpsAnewWhenNothingIsLeft(t *testing.T) {
	w := newWorld(t, "nas")
	w.source.err = errors.New("boom")
	s := w.service()
	b := w.run(s)
	w.source.err = nil
	w.retry(s, b.ID)
	if n := w.source.dumps.Load(); n != 2 {
		t.Errorf("the database was dumped %d times", n)
	}
	if _, err := s.Retry(t.Context(), b.ID); !errors.Is(err, models.ErrConflict) {
		t.Errorf("retry of a finished backup: %v", err)
	}
	if _, err := s.Retry(t.Context(), models.NewID()); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("retry of nothing: %v", err)
	}
}

func TestRetryMakesACopyAnewThatWentAway(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = errors.New("gone")
	s := w.service()
	b := w.run(s)
	if err := os.Remove(filepath.Join(w.folders[0], b.DriveFiles[0].Key)); err != nil {
		t.Fatal(err)
	}
	w.drives["offsite"].putErr = nil
	w.retry(s, b.ID)
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

func TestRetryDumpsAnewWhenSpoolAndCopyAreGone(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = errors.New("gone")
	s := w.service()
	b := w.run(s)
	for _, path := range []string{*b.DumpPath, filepath.Join(w.folders[0], b.DriveFiles[0].Key)} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	w.drives["offsite"].putErr = nil
	w.retry(s, b.ID)
	if n := w.source.dumps.Load(); n != 2 {
		t.Errorf("the database was dumped %d times", n)
	}
}

func TestADriveThatDoesNotAnswerLosesNothing(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = errors.New("gone")
	s := w.service()
	b := w.run(s)
	t.Run("while the spool is there its copy stays finished", func(t *testing.T) {
		w.drives["nas"].statErr = errors.New("connection refused")
		if _, err := s.Retry(t.Context(), b.ID); err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(t.Context(), b.ID)
		if err != nil || got.DriveFiles[0].Status != models.StatusFinished {
			t.Errorf("the copy became %s: %s (%v)", got.DriveFiles[0].Status, got.DriveFiles[0].Error, err)
		}
	})
	t.Run("without the spool a retry is refused", func(t *testing.T) {
		if err := os.RemoveAll(filepath.Join(w.data(), "spool", b.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Retry(t.Context(), b.ID); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v", err)
		}
		if _, err := w.store.Manifest(t.Context(), b.ID); err != nil {
			t.Errorf("the manifest of a good copy: %v", err)
		}
	})
	t.Run("a spool that cannot be written loses no copy", func(t *testing.T) {
		w.drives["nas"].statErr = nil
		w.leave(filepath.Join(w.data(), "spool", b.ID, b.FileName+".partial", "in the way"))
		if _, err := s.Retry(t.Context(), b.ID); err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(t.Context(), b.ID)
		if err != nil || got.Status != models.StatusFailed || got.DriveFiles[0].Status != models.StatusFinished {
			t.Errorf("%s, the copy %s: %s (%v)", got.Status, got.DriveFiles[0].Status, got.DriveFiles[0].Error, err)
		}
		if why := got.DriveFiles[1].Error; strings.Contains(why, "the dump failed") {
			t.Errorf("a good dump is called failed: %s", why)
		}
	})
}

func TestRetryPacksAsTheFileIsNamed(t *testing.T) {
	w := newWorld(t, "nas")
	w.source.err = errors.New("boom")
	s := w.service()
	b := w.run(s)
	w.source.err = nil
	plan := models.Plan{Sources: []models.Source{{Label: "shop", Provider: "fake"}}, Drives: []models.Drive{{Label: "nas", Provider: "local"}},
		Jobs: []models.PlannedJob{{Job: models.Job{Label: "shop-nightly", Compression: models.CompressionGzip}, Source: "shop", Drives: []string{"nas"}}}}
	if err := w.store.ApplyPlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	w.retry(s, b.ID)
	if got := w.download(s, b.ID); !bytes.Equal(got, w.source.content) { // reads zstd, as the name says
		t.Errorf("the copy holds %q", got)
	}
}

func TestACopyThatDoesNotReadBackIsNotFinished(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].corrupt = true
	b := w.run(w.service())
	if b.Status != models.StatusFailed || !strings.Contains(b.Error, "damaged") {
		t.Errorf("settled as %s: %s", b.Status, b.Error)
	}
	if names := w.files(w.folders[0]); len(names) != 0 {
		t.Errorf("a damaged copy stays: %v", names)
	}
}

func TestOneJobNeverOverlapsItself(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	var started, refused int
	var mu sync.Mutex
	var racers sync.WaitGroup
	for range 20 {
		racers.Go(func() {
			_, err := s.Start(t.Context(), w.job.ID, models.TriggerAPI)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				started++
			case errors.Is(err, models.ErrConflict):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	racers.Wait()
	if started != 1 || refused != 19 {
		t.Errorf("%d started, %d refused", started, refused)
	}
}

func TestASlotIsWonOnce(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	slot := time.Date(2026, 3, 29, 3, 0, 0, 0, time.FixedZone("", 3600))
	closes := models.Now().Add(time.Hour)
	b, err := s.StartSlot(t.Context(), w.job.ID, slot, &closes)
	if err != nil || b.Slot != "2026-03-29T02:00:00Z" {
		t.Fatalf("slot %q, %v", b.Slot, err)
	}
	if kept, err := w.store.Backup(t.Context(), b.ID); err != nil || kept.StartBy == nil || !kept.StartBy.Equal(closes) {
		t.Errorf("it is to start by %v, %v, want %s", kept.StartBy, err, closes)
	}
	if _, err := s.Run(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartSlot(t.Context(), w.job.ID, slot.UTC(), nil); !errors.Is(err, models.ErrConflict) {
		t.Errorf("the slot was won again: %v", err)
	}
}

func TestASourceThatIsGoneFailsTheRunWithItsSentence(t *testing.T) {
	w := newWorld(t, "nas")
	w.gone = true
	b := w.run(w.service())
	if b.Status != models.StatusFailed || b.Error != `the data source "shop" is gone` || b.DriveFiles[0].Status != models.StatusFailed {
		t.Errorf("settled as %s: %s", b.Status, b.Error)
	}
}

func TestStoppingEndsTheRunAndSettlesIt(t *testing.T) {
	w := newWorld(t, "nas")
	ctx, cancel := context.WithCancel(t.Context())
	w.source.during = func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }
	s := w.service()
	b, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	b, err = s.Run(ctx, b.ID)
	if err != nil || b.Status != models.StatusFailed || !strings.Contains(b.Error, "stopped") {
		t.Errorf("settled as %s: %s (%v)", b.Status, b.Error, err)
	}
	if n := len(w.files(w.folders[0])) + len(w.spooled()); n != 0 {
		t.Errorf("%d files left", n)
	}
}

func TestTheQueueIsWorkedOff(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Work(ctx, ctx) }()
	for range 3 {
		b, err := s.Start(t.Context(), w.job.ID, models.TriggerPage)
		if err != nil {
			t.Fatal(err)
		}
		if b, err = s.Wait(t.Context(), b.ID); err != nil || b.Status != models.StatusFinished {
			t.Errorf("%s: %s (%v)", b.Status, b.Error, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestFullSpool(t *testing.T) {
	w := newWorld(t, "nas")
	if err := os.MkdirAll(w.data(), 0o700); err != nil {
		t.Fatal(err)
	}
	needs.SmallDisk(t, w.data(), 24<<20)
	w.source.content = incompressible(40 << 20)
	s := w.service()
	b := w.run(s)
	if b.Status != models.StatusFailed || !strings.Contains(b.Error, "spool folder") {
		t.Fatalf("settled as %s: %s", b.Status, b.Error)
	}
	if names := append(w.spooled(), w.files(w.folders[0])...); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
	w.source.content = []byte("a small dump")
	w.retry(s, b.ID)
}

func incompressible(n int) []byte {
	data := make([]byte, n)
	state := uint64(88172645463325252)
	for i := range data {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		data[i] = byte(state)
	}
	return data
}

func TestWhatFinishesIsTold(t *testing.T) {
	w := newWorld(t, "nas")
	var told []string
	s := w.serviceWith(backup.Options{DataDir: w.data(), AfterFinish: func(_ context.Context, b models.Backup) { told = append(told, b.ID) }})
	w.source.err = errors.New("down")
	w.run(s)
	w.source.err = nil
	if b := w.run(s); len(told) != 1 || told[0] != b.ID {
		t.Errorf("told of %v, finished was %s", told, b.ID)
	}
}

// A command makes the backup that it waits for; a server's queue has it.
func TestFinishMakesABackupWhereNoServerDoes(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds it made
		if got, err := s.Finish(t.Context(), b.ID); err != nil || got.Status != models.StatusFinished {
			t.Errorf("got %s: %s (%v)", got.Status, got.Error, err)
		}
	}
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("dumped %d times", n)
	}
}
