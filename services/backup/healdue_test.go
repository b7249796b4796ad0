package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/drive"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

func reset(context.Context, drive.Hint) error {
	return &drive.PassingError{Cause: errors.New("the connection was reset")}
}

// until waits for what other goroutines are about to do.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("it never happened that %s", what)
		}
	}
}

func (w *world) now(id string) models.Backup {
	w.t.Helper()
	b, err := w.store.Backup(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// makeDue makes the failed copies of a backup due since some time.
func (w *world) makeDue(b models.Backup, since time.Duration) {
	w.t.Helper()
	for _, f := range b.DriveFiles {
		if err := w.store.HealDrive(w.t.Context(), f.DriveID, time.Time{}, models.Now().Add(-since)); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestCopiesMadeAgainDoNotHoldUpNewBackups(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	offsite := w.drives["offsite"]
	offsite.putErr = models.Invalidf("away")
	s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true, Concurrency: 1})
	failed := w.run(s)
	offsite.putErr = nil
	reached := make(chan struct{}, 9)
	offsite.onPut = func(ctx context.Context, _ drive.Hint) error {
		reached <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	if _, err := s.Heal(t.Context(), failed.ID); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Work(ctx, ctx) }()
	<-reached
	if _, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI); err != nil {
		t.Error(err)
	}
	w.until("the database was dumped while a copy is made again", func() bool { return w.source.dumps.Load() == 2 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestUploadsToASlowDriveDoNotHoldUpNewBackups(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].onPut = func(ctx context.Context, _ drive.Hint) error {
		<-ctx.Done()
		return ctx.Err()
	}
	s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true, Concurrency: 1})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Work(ctx, ctx) }()
	first, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	w.until("the first dump is proven", func() bool {
		b, err := w.store.Backup(t.Context(), first.ID)
		return err == nil && b.DumpedAt != nil
	})
	if _, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI); err != nil {
		t.Error(err)
	}
	w.until("the database was dumped while the first backup uploads", func() bool { return w.source.dumps.Load() == 2 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestADumpInAnotherReplicasSpoolIsLeftToThatOne(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].onPut = reset
	holder := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
	other := w.serviceWith(backup.Options{DataDir: filepath.Join(w.dir, "other"), Serves: true})
	b := w.run(holder)
	heals := b.DriveFiles[0].Heals
	w.makeDue(b, 0)
	if err := other.HealDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.now(b.ID); got.DriveFiles[0].Heals != heals || w.dueIn(0) != 1 || got.Attempt != 1 {
		t.Errorf("a replica without the dump did something: %+v", got.DriveFiles[0])
	}
	w.drives["nas"].onPut = nil
	if err := holder.HealDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until("the replica with the dump heals", func() bool { return w.now(b.ID).Status == models.StatusFinished })
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

// What no replica took in its time is put off, so that it is not looked at for ever.
func TestADumpThatNobodyHasIsPutOff(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].onPut = reset
	s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
	b := w.run(s)
	if err := os.RemoveAll(filepath.Join(w.data(), "spool")); err != nil {
		t.Fatal(err)
	}
	w.makeDue(b, time.Hour)
	if err := s.HealDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.dueIn(0) != 0 || w.dueIn(24*time.Hour) != 1 || w.now(b.ID).DriveFiles[0].Heals != b.DriveFiles[0].Heals+1 {
		t.Errorf("it is %+v", w.now(b.ID).DriveFiles[0])
	}
}

func TestASilentDriveIsAskedByOneLookOnly(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].onPut = reset
	s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
	b := w.run(s)
	if err := os.RemoveAll(filepath.Join(w.data(), "spool")); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	w.drives["nas"].onStat = func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the drive may take its time")
		}
		asked.Add(1)
		<-ctx.Done()
		return ctx.Err()
	}
	w.makeDue(b, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- s.HealDue(ctx) }()
	w.until("the drive is asked", func() bool { return asked.Load() == 1 })
	if err := s.HealDue(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-first; err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
	if got := w.now(b.ID).DriveFiles[1]; got.Heals != b.DriveFiles[1].Heals {
		t.Error("the end of the process counts as a heal")
	}
}

func TestHealsGoOnForTwoWeeks(t *testing.T) {
	var all time.Duration
	for _, pause := range backup.Pauses() {
		all += pause
	}
	if days := all.Hours() / 24; days < 13 || days > 15 {
		t.Errorf("copies are made again for %.1f days", days)
	}
}

func TestAStoppedProcessIsNoFaultOfTheDrive(t *testing.T) {
	w := newWorld(t, "nas")
	w.policy = drive.Policy{Attempts: 5, First: time.Hour, Most: time.Hour}
	w.drives["nas"].onPut = reset
	s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
	b, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan models.Backup, 1)
	go func() {
		b, err := s.Run(ctx, b.ID)
		if err != nil {
			t.Error(err)
		}
		ended <- b
	}()
	w.until("the drive waits to try again", func() bool {
		return w.drives["nas"].puts.Load() == 1 && w.now(b.ID).DumpedAt != nil
	})
	stop()
	select {
	case b = <-ended:
	case <-time.After(patience):
		t.Fatal("the run goes on although the process ends")
	}
	if f := b.DriveFiles[0]; b.Status != models.StatusPending || f.Status != models.StatusPending || f.Heals != 0 || b.LeaseOwner != "" {
		t.Fatalf("the backup is %s, the copy is %+v", b.Status, f)
	}
	w.drives["nas"].onPut = nil
	next := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
	working, end := context.WithCancel(t.Context())
	defer end()
	go func() { _ = next.Work(working, t.Context()) }()
	w.until("the next process carries on", func() bool { return w.now(b.ID).Status == models.StatusFinished })
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

// What a long look at a copy found does not touch what was made meanwhile.
func TestVerifyBesideARetryLosesNothing(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = models.Invalidf("away")
	s := w.service()
	b := w.run(s)
	if err := errors.Join(os.RemoveAll(filepath.Join(w.data(), "spool")), os.Remove(*b.DriveFiles[0].Path)); err != nil {
		t.Fatal(err)
	}
	w.drives["offsite"].putErr = nil
	w.drives["nas"].onOpen = func() { w.retry(s, b.ID) }
	if v, err := s.Verify(t.Context(), b.ID, b.DriveFiles[0].ID); !errors.Is(err, models.ErrConflict) {
		t.Errorf("verdicts %+v, %v", v, err)
	}
	if got := w.now(b.ID); got.Status != models.StatusFinished || got.DriveFiles[0].Status != models.StatusFinished {
		t.Errorf("the backup is %s: %s", got.Status, got.Error)
	}
}

// A drive that links the growing dump takes nothing from one that reads it in parts.
func TestALinkedCopyBesideOneThatIsReadInParts(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	opened := make(chan struct{})
	w.source.during = func(context.Context) error { <-opened; return nil }
	w.drives["offsite"].onPut = func(ctx context.Context, hint drive.Hint) error {
		if hint.ExpectedSize > 0 { // the manifest, whose size is known
			return nil
		}
		var parts [2]string
		r0, err0 := hint.Again(ctx, 0)
		r7, err7 := hint.Again(ctx, 7)
		close(opened)
		if err := errors.Join(err0, err7); err != nil {
			return err
		}
		for i, r := range []io.ReadCloser{r0, r7} {
			text, err := io.ReadAll(r)
			if err = errors.Join(err, r.Close()); err != nil {
				return err
			}
			parts[i] = string(text)
		}
		if len(parts[0]) < 8 || parts[0][7:] != parts[1] {
			t.Errorf("from its start the dump is %q, and from its eighth byte %q", parts[0], parts[1])
		}
		return nil
	}
	if b := w.run(w.service()); b.Status != models.StatusFinished {
		t.Fatalf("settled as %s: %s", b.Status, b.Error)
	}
	if left := w.spooled(); len(left) != 0 {
		t.Errorf("the spool holds %v", left)
	}
}

// listed is a store whose list of failed copies is older than what became of them.
type listed struct {
	backup.Store
	copies []models.DriveFile
}

func (l listed) FailedCopies(context.Context, string, time.Time, int) ([]models.DriveFile, error) {
	return l.copies, nil
}

func TestSweepDriveSparesWhatIsMadeAgainMeanwhile(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].putErr = models.Invalidf("away")
	s := w.service()
	b := w.run(s)
	if _, err := s.Heal(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	w.drives["nas"].onSweep = func(context.Context) error {
		t.Error("a copy that another process may be making was swept")
		return nil
	}
	if err := w.serviceOn(listed{w.store, b.DriveFiles}).SweepDrive(t.Context(), b.DriveFiles[0].DriveID); err != nil {
		t.Error(err)
	}
}

// Whoever lists backups waits for a silent drive once, and not once for each of them.
func TestDeadRunsAreSettledTogether(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	w.deadRunner(s)
	plan := models.Plan{Keep: true, Sources: []models.Source{{Label: "shop", Provider: "fake"}}, Drives: []models.Drive{{Label: "nas", Provider: "local"}},
		Jobs: []models.PlannedJob{{Job: models.Job{Label: "hourly", Compression: models.CompressionZstd}, Source: "shop", Drives: []string{"nas"}}}}
	if err := w.store.ApplyPlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.job, err = w.store.JobByLabel(t.Context(), "hourly"); err != nil {
		t.Fatal(err)
	}
	w.deadRunner(s)
	both := make(chan struct{})
	var arrived atomic.Int32
	w.drives["nas"].onSweep = func(ctx context.Context) error {
		if arrived.Add(1) == 2 {
			close(both)
		}
		select {
		case <-both:
		case <-ctx.Done():
			t.Error("one waited for the other")
		}
		return nil
	}
	if err := s.SettleDead(t.Context()); err != nil {
		t.Error(err)
	}
}

// What the provider computed when a copy was sent says nothing of a copy that rotted since.
func TestARottenCopyIsMadeAgainWhateverTheProviderSays(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	s := w.service()
	b := w.run(s)
	rotten := make([]byte, b.Size)
	if err := os.WriteFile(*b.DriveFiles[0].Path, rotten, 0o600); err != nil {
		t.Fatal(err)
	}
	w.drives["nas"].checksum = "sha256:" + b.SHA256
	if v, err := s.Verify(t.Context(), b.ID, b.DriveFiles[0].ID); err != nil || len(v) != 1 || !v[0].Lost {
		t.Fatalf("verdicts %+v, %v", v, err)
	}
	w.heal(b.ID)
	text, err := os.ReadFile(*b.DriveFiles[0].Path)
	if err == nil {
		err = archive.Verify(bytes.NewReader(text), b.Size, b.SHA256)
	}
	if err != nil {
		t.Error(err)
	}
}

// A dump is not fetched from a drive as long as none is there that could take it.
func TestNothingIsFetchedForADriveThatIsAway(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].onPut = reset
	s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
	b := w.run(s)
	if err := os.RemoveAll(filepath.Join(w.data(), "spool")); err != nil {
		t.Fatal(err)
	}
	w.drives["offsite"].checkErr = errors.New("no route to host")
	opens := w.drives["nas"].opens.Load()
	w.makeDue(b, 0)
	if err := s.HealDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until("the heal ended", func() bool { return w.now(b.ID).Attempt == 2 && w.now(b.ID).Status == models.StatusFailed })
	got := w.now(b.ID)
	if f := got.DriveFiles[1]; !strings.Contains(f.Error, "no route to host") || f.HealAt == nil || f.Heals != b.DriveFiles[1].Heals+1 {
		t.Errorf("the copy is %+v", f)
	}
	if n := w.drives["nas"].opens.Load(); n != opens {
		t.Errorf("the copy was opened %d times", n-opens)
	}
	w.drives["offsite"].onPut, w.drives["offsite"].checkErr = nil, nil
	w.heal(b.ID)
}

// A provider may still take what a dead process had under way when it is swept.
func TestWhatADeadProcessHadUnderWayIsSweptOnceMore(t *testing.T) {
	w := newWorld(t, "nas")
	var sweeps atomic.Int32
	w.drives["nas"].onSweep = func(context.Context) error { sweeps.Add(1); return nil }
	t.Run("dumping", func(t *testing.T) {
		s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
		w.deadRunner(s)
		if err := s.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.until("it is swept twice", func() bool { return sweeps.Load() == 2 })
	})
	t.Run("uploading", func(t *testing.T) {
		s := w.service()
		b := w.deadRunner(s)
		w.leave(filepath.Join(w.data(), "spool", b.ID, b.FileName))
		sum := sha256.Sum256([]byte("half"))
		facts := models.DumpFacts{Size: 4, SHA256: hex.EncodeToString(sum[:]), DumpedAt: models.Now()}
		manifest := models.Manifest{BackupID: b.ID, File: models.FileFacts{Name: b.FileName, Size: 4, SHA256: facts.SHA256}}
		err := w.store.RecordDump(t.Context(), b.ID, b.LeaseOwner, facts, manifest)
		if err == nil {
			_, err = w.store.Renew(t.Context(), b.ID, b.LeaseOwner, time.Hour, models.Progress{Phase: models.PhaseUploading})
		}
		if err != nil {
			t.Fatal(err)
		}
		sweeps.Store(0)
		if err := s.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.now(b.ID); got.Status != models.StatusFinished || sweeps.Load() < 2 {
			t.Errorf("it is %s (%s), swept %d times", got.Status, got.Error, sweeps.Load())
		}
	})
}
