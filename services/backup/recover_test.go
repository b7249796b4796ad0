package backup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
)

// deadRunner leaves a backup as a killed process would: claimed by a runner whose
// lock file is there and not held.
func (w *world) deadRunner(s *backup.Service) models.Backup {
	w.t.Helper()
	b, err := s.Start(w.t.Context(), w.job.ID, models.TriggerSchedule)
	if err != nil {
		w.t.Fatal(err)
	}
	owner := models.NewID()
	if err := os.WriteFile(filepath.Join(w.data(), "runners", owner+".lock"), nil, 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Claim(w.t.Context(), b.ID, "", owner, time.Hour); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Begin(w.t.Context(), b.ID, owner, models.Now()); err != nil {
		w.t.Fatal(err)
	}
	b.LeaseOwner = owner
	return b
}

func (w *world) leave(path string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func TestARunThatDiedWhileDumpingIsSettledAndSwept(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b := w.deadRunner(s)
	w.leave(filepath.Join(w.data(), "spool", b.ID, b.FileName+".partial"))
	w.leave(filepath.Join(w.data(), "spool", b.ID, "tmp", "my.cnf"))
	w.leave(filepath.Join(w.folders[0], filepath.Dir(b.DriveFiles[0].Key), "."+b.FileName+".partial"))
	w.leave(filepath.Join(w.data(), "spool", models.NewID(), "orphan"))
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := w.store.Backup(t.Context(), b.ID)
	if err != nil || got.Status != models.StatusFailed || !strings.Contains(got.Error, "the process that ran this backup ended") {
		t.Errorf("settled as %s: %s (%v)", got.Status, got.Error, err)
	}
	if names := append(w.files(w.folders[0]), w.spooled()...); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
	w.retry(s, b.ID)
}

func TestARunThatDiedAfterItsProofIsCarriedOn(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = errors.New("down")
	s := w.service()
	failed := w.run(s) // leaves a proven spool and one good copy
	if _, err := s.Retry(t.Context(), failed.ID); err != nil {
		t.Fatal(err)
	}
	owner := models.NewID()
	if err := w.store.Claim(t.Context(), failed.ID, "", owner, -time.Second); err != nil {
		t.Fatal(err)
	}
	w.drives["offsite"].putErr = nil
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := w.store.Backup(t.Context(), failed.ID)
	if err != nil || b.Status != models.StatusFinished {
		t.Errorf("settled as %s: %s (%v)", b.Status, b.Error, err)
	}
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

// A process may have published every copy and died, on another node, before it could
// write that down.
func TestCopiesThatNobodyWroteDownAreFound(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	s := w.service()
	whole := w.run(s)
	manifest, err := w.store.Manifest(t.Context(), whole.ID)
	if err != nil {
		t.Fatal(err)
	}
	b := w.deadRunner(s)
	facts := models.DumpFacts{RawSize: whole.RawSize, Size: whole.Size, SHA256: whole.SHA256, CRC64: whole.CRC64, DumpedAt: models.Now()}
	if err := w.store.RecordDump(t.Context(), b.ID, b.LeaseOwner, facts, manifest); err != nil {
		t.Fatal(err)
	}
	dump, err := os.ReadFile(filepath.Join(w.folders[0], whole.DriveFiles[0].Key))
	if err != nil {
		t.Fatal(err)
	}
	for i, folder := range w.folders {
		path := filepath.Join(folder, b.DriveFiles[i].Key)
		w.leave(path)
		if err := os.WriteFile(path, dump, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := w.store.Backup(t.Context(), b.ID)
	if err != nil || got.Status != models.StatusFinished {
		t.Errorf("settled as %s: %s (%v)", got.Status, got.Error, err)
	}
	for i, folder := range w.folders {
		if _, err := os.Stat(filepath.Join(folder, b.DriveFiles[i].Key+".json")); err != nil {
			t.Errorf("the copy has no manifest: %v", err)
		}
	}
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

func TestARunWhoseOwnerLivesIsLeftAlone(t *testing.T) {
	w := newWorld(t, "nas")
	other := w.service()
	reached, goOn := make(chan struct{}), make(chan struct{})
	w.source.during = func(context.Context) error { close(reached); <-goOn; return nil }
	b, err := other.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan models.Backup, 1)
	go func() {
		b, err := other.Run(t.Context(), b.ID)
		if err != nil {
			t.Error(err)
		}
		ended <- b
	}()
	<-reached
	if err := w.service().Recover(t.Context()); err != nil {
		t.Error(err)
	}
	if got, err := w.store.Backup(t.Context(), b.ID); err != nil || got.Status != models.StatusPending {
		t.Errorf("a living run became %s (%v)", got.Status, err)
	}
	close(goOn)
	if b := <-ended; b.Status != models.StatusFinished {
		t.Errorf("it ended as %s: %s", b.Status, b.Error)
	}
}

func TestARunThatLostItsLeasePublishesNoVerdict(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	w.source.during = func(ctx context.Context) error {
		held, err := w.store.Backup(ctx, b.ID)
		if err != nil {
			return err
		}
		if err := w.store.Claim(ctx, b.ID, held.LeaseOwner, "another", time.Hour); err != nil {
			return err
		}
		<-ctx.Done() // the heartbeat notices
		return ctx.Err()
	}
	got, err := s.Run(t.Context(), b.ID)
	if err != nil || got.Status != models.StatusPending || got.LeaseOwner != "another" {
		t.Errorf("got %s held by %q (%v)", got.Status, got.LeaseOwner, err)
	}
	if names := w.files(w.folders[0]); len(names) != 0 {
		t.Errorf("published: %v", names)
	}
}

func TestLockFilesOfTheDeadGo(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	w.leave(filepath.Join(w.data(), "runners", models.NewID()+".lock"))
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := w.files(filepath.Join(w.data(), "runners")); len(names) != 1 {
		t.Errorf("lock files: %v", names)
	}
}

// awayStore is a metadata database that does not take settlements for a while.
type awayStore struct {
	backup.Store
	away atomic.Bool
}

func (s *awayStore) Settle(ctx context.Context, id, runner string, e models.Settlement) error {
	if s.away.Load() {
		return errors.New("the database is away")
	}
	return s.Store.Settle(ctx, id, runner, e)
}

func TestARunThatCouldNotBeSettledIsSettledLaterByItsOwnProcess(t *testing.T) {
	w := newWorld(t, "nas")
	away := &awayStore{Store: w.store}
	away.away.Store(true)
	s := w.serviceOn(away)
	b, err := s.Start(t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), b.ID); err == nil {
		t.Fatal("a settlement that was not written down was no error")
	}
	away.away.Store(false)
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err = w.store.Backup(t.Context(), b.ID); err != nil || b.Status != models.StatusFinished {
		t.Errorf("settled as %s: %s (%v)", b.Status, b.Error, err)
	}
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

// staleStore answers Held from before the owner got further.
type staleStore struct {
	backup.Store
	held []models.HeldBackup
}

func (s *staleStore) Held(context.Context) ([]models.HeldBackup, error) { return s.held, nil }

func TestRecoveryDecidesByWhatIsTrueAfterItsClaim(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = errors.New("down")
	b := w.run(w.service())
	if _, err := w.service().Retry(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	owner := models.NewID()
	if err := w.store.Claim(t.Context(), b.ID, "", owner, -time.Second); err != nil {
		t.Fatal(err)
	}
	stale, err := w.store.Backup(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	stale.DumpedAt = nil
	w.drives["offsite"].putErr = nil
	if err := w.serviceOn(&staleStore{Store: w.store, held: []models.HeldBackup{{Backup: stale, Over: time.Hour}}}).Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err = w.store.Backup(t.Context(), b.ID); err != nil || b.Status != models.StatusFinished {
		t.Errorf("a backup whose dump was proven became %s: %s (%v)", b.Status, b.Error, err)
	}
}

func TestWaitSettlesABackupWhoseRunnerDied(t *testing.T) {
	w := newWorld(t, "nas")
	s := w.service()
	b := w.deadRunner(s)
	if b, err := s.Wait(t.Context(), b.ID); err != nil || b.Status != models.StatusFailed {
		t.Errorf("settled as %s (%v)", b.Status, err)
	}
}

func TestOneSpoolPerJobWaitsForARetry(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].putErr = errors.New("down")
	s := w.service()
	var last models.Backup
	for range 3 {
		last = w.run(s)
	}
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := w.spooled(); len(names) != 1 || names[0] != *last.DumpPath {
		t.Errorf("kept: %v", names)
	}
}
