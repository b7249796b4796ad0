// Package backup makes backups: it starts them, runs them, spreads the dump to
// the drives, settles them, tries them again and cleans up after a crash.
//
// The promise is in the order of things. A dump proves itself before its facts
// are recorded; they are recorded before any drive publishes a copy; a copy is
// read back before it is called finished; and the backup is finished only when
// every copy is.
package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// Catalog knows what is configured and opens it.
type Catalog interface {
	Job(ctx context.Context, id string) (models.Job, error)
	OpenSource(ctx context.Context, id string) (source.Source, source.Kind, models.Source, error)
	OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error)
}

// Options are what a Service is made of.
type Options struct {
	Store   Store
	Catalog Catalog
	// DataDir holds the spool and the runners' lock files.
	DataDir string
	// Serves says that this process takes backups from the queue.
	Serves bool
	// Concurrency bounds how many databases are dumped at once; 0 means 4. Uploads go on
	// beside that, and half as many backups of which only copies are made.
	Concurrency int
	// SettleTime is how long a run tries to write down how it went while the
	// metadata database does not take it; 0 means 30 seconds.
	SettleTime time.Duration
	// AfterFinish, when set, is called in the run's own goroutine, with its context,
	// after a backup has finished.
	AfterFinish func(ctx context.Context, b models.Backup)
	Log         *slog.Logger
}

// Service makes backups. It is one runner: what it works on carries its lease.
type Service struct {
	store   Store
	catalog Catalog
	spool   string
	options Options
	log     *slog.Logger
	runner  *runner
	nudge   chan struct{}
	running sync.WaitGroup

	mu sync.Mutex
	// active are the backups that this process really works on, which may be
	// fewer than it holds when the metadata database was away.
	active map[string]bool
	// recovering keeps one recovery from starting beside another, and healing one
	// look for copies that are due.
	recovering, healing sync.Mutex
	// copying has a place for each backup of which this server makes only copies.
	// Those have places of their own, so that new backups do not wait for them.
	copying chan struct{}
}

// New returns a Service whose runner is alive until Close.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Concurrency == 0 {
		o.Concurrency = 4
	}
	if o.SettleTime == 0 {
		o.SettleTime = 30 * time.Second
	}
	r, err := newRunner(o.DataDir, o.Serves)
	if err != nil {
		return nil, err
	}
	s := &Service{store: o.Store, catalog: o.Catalog, spool: filepath.Join(o.DataDir, "spool"),
		options: o, log: o.Log, runner: r, nudge: make(chan struct{}, 1), active: map[string]bool{},
		copying: make(chan struct{}, max(1, o.Concurrency/2))}
	if !o.Serves {
		return s, nil // only servers are looked for
	}
	if err := s.store.Beat(ctx, r.row); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return s, nil
}

// Close waits for the runs of this process to end and gives the runner up.
func (s *Service) Close() error {
	s.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), s.options.SettleTime)
	defer cancel()
	var err error
	if s.options.Serves {
		err = s.store.RemoveRunner(ctx, s.runner.id())
	}
	return errors.Join(err, s.runner.close())
}

// RunnerID is the id of this process among those that work on backups.
func (s *Service) RunnerID() string { return s.runner.id() }

// claim takes a backup over from the given owner. It is noted as active before it
// is held: what this process holds and does not work on is taken for dead.
func (s *Service) claim(ctx context.Context, id, from string) error {
	return s.activeFrom(id, func() error {
		return s.store.Claim(ctx, id, from, s.runner.id(), models.Now().Add(leaseTime))
	})
}

// activeFrom notes a backup as active and then takes it, or undoes that.
func (s *Service) activeFrom(id string, take func() error) error {
	if !s.activate(id) {
		return models.Conflictf("backup %s is being run by this process already", id)
	}
	if err := take(); err != nil {
		s.deactivate(id)
		return err
	}
	return nil
}

// activate reports whether the backup was not active yet.
func (s *Service) activate(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[id] {
		return false
	}
	s.active[id] = true
	s.running.Add(1)
	return true
}

func (s *Service) deactivate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.active, id)
	s.running.Done()
}

func (s *Service) isActive(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active[id]
}

// Start queues a backup of a job now. It returns models.ErrConflict when the
// job already has one that is pending.
func (s *Service) Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error) {
	return s.start(ctx, jobID, by, "")
}

// StartSlot queues the backup that a schedule owes for a moment. Of all
// replicas exactly one wins a slot; the others get models.ErrConflict.
func (s *Service) StartSlot(ctx context.Context, jobID string, slot time.Time) (models.Backup, error) {
	return s.start(ctx, jobID, models.TriggerSchedule, slot.UTC().Format(time.RFC3339))
}

func (s *Service) start(ctx context.Context, jobID string, by models.Trigger, slot string) (models.Backup, error) {
	job, err := s.catalog.Job(ctx, jobID)
	if err != nil {
		return models.Backup{}, err
	}
	if job.RemovedAt != nil {
		return models.Backup{}, models.Conflictf("job %q is no longer in the configuration: add it again to run it", job.Label)
	}
	b := s.newBackup(ctx, job, by, slot)
	if err := s.store.InsertBackup(ctx, b); err != nil {
		return models.Backup{}, fmt.Errorf("start job %q: %w", job.Label, err)
	}
	s.log.Info("backup queued", "backup_id", b.ID, "job", job.Label, "trigger", string(by))
	s.wake()
	return b, nil
}

// newBackup never fails: a source or drive that is gone fails the run, with its
// sentence, where people look for it.
func (s *Service) newBackup(ctx context.Context, job models.Job, by models.Trigger, slot string) models.Backup {
	b := models.Backup{ID: models.NewID(), JobID: job.ID, Label: job.Label, SourceID: job.SourceID, Slot: slot,
		Compression: job.Compression, Trigger: by, Attempt: 1, Status: models.StatusPending, Phase: models.PhaseQueued, CreatedAt: models.Now()}
	if slot == "" {
		b.Slot = "manual:" + b.ID
	}
	extension := "dump"
	if _, kind, _, err := s.catalog.OpenSource(ctx, job.SourceID); err == nil {
		extension = kind.Extension
	}
	b.FileName = archive.FileName(job.Label, b.CreatedAt, b.ID, extension, job.Compression)
	for _, id := range job.DriveIDs {
		_, d, _ := s.catalog.OpenDrive(ctx, id)
		b.DriveFiles = append(b.DriveFiles, models.DriveFile{ID: models.NewID(), BackupID: b.ID, DriveID: id,
			Provider: d.Provider, Label: b.FileName, Key: archive.Key(job.Label, b.FileName),
			Status: models.StatusPending, CreatedAt: b.CreatedAt})
	}
	return b
}

// Retry queues a failed backup again. What is already stored stays: when the
// dump is still there only the missing copies are made; otherwise the database
// is dumped anew.
func (s *Service) Retry(ctx context.Context, id string) (models.Backup, error) {
	b, err := s.store.Backup(ctx, id)
	if err != nil {
		return b, err
	}
	if b.Status != models.StatusFailed {
		return b, models.Conflictf("backup %s is %s: only a failed backup can be tried again", id, b.Status)
	}
	kept, err := s.dumpIsKept(ctx, b)
	if err != nil {
		return b, err
	}
	if err := s.store.Requeue(ctx, id, !kept); err != nil {
		return b, err
	}
	s.wake()
	return s.store.Backup(ctx, id)
}

// dumpIsKept reports whether the proven dump can still be had: from the spool,
// or from a finished copy that is still on its drive. It returns
// models.ErrConflict when only a drive that does not answer could tell: a dump
// made anew would replace what that drive may still hold.
func (s *Service) dumpIsKept(ctx context.Context, b models.Backup) (bool, error) {
	if b.DumpedAt == nil {
		return false, nil
	}
	if info, err := os.Stat(s.spoolPath(b)); err == nil && info.Size() == b.Size {
		return true, nil
	}
	var silent error
	for _, f := range b.DriveFiles {
		if f.Status != models.StatusFinished {
			continue
		}
		there, err := s.isThere(ctx, f, b.Size)
		if there {
			return true, nil
		}
		silent = errors.Join(silent, err)
	}
	if silent != nil {
		return false, models.Conflictf("backup %s has a good copy on a drive that cannot be asked now (%v): try again when it answers, or run the job again for a new backup", b.ID, sentence(silent))
	}
	return false, nil
}

// askTime bounds how long a drive is asked whether it has a copy, or works. People wait
// for the answer, and so do the copies on other drives.
const askTime = 30 * time.Second

// isThere reports whether a drive still has a copy of the right length. The error
// is for a drive that could not tell.
func (s *Service) isThere(ctx context.Context, f models.DriveFile, size int64) (bool, error) {
	there := false
	err := s.ask(ctx, f.DriveID, func(ctx context.Context, d drive.Drive) error {
		stored, err := d.Stat(ctx, f.Key)
		if isGone(ctx, d, err) {
			return nil
		}
		there = err == nil && stored.Size == size
		return err
	})
	return there, err
}

// works returns nil when a drive passes its check.
func (s *Service) works(ctx context.Context, driveID string) error {
	return s.ask(ctx, driveID, func(ctx context.Context, d drive.Drive) error {
		_, err := d.Check(ctx)
		return err
	})
}

// ask asks a drive something, within askTime.
func (s *Service) ask(ctx context.Context, driveID string, question func(ctx context.Context, d drive.Drive) error) error {
	within, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	d, row, err := s.catalog.OpenDrive(within, driveID)
	if err != nil {
		return err
	}
	err = question(within, d)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("drive %q did not answer within %s: %w", row.Label, askTime, err)
	}
	return err
}

// Wait returns the backup once it has settled, or the context's error with the
// backup as it stood last.
func (s *Service) Wait(ctx context.Context, id string) (models.Backup, error) {
	tick, settle := time.NewTicker(waitStep), time.NewTicker(recoverStep)
	defer tick.Stop()
	defer settle.Stop()
	for {
		b, err := s.store.Backup(ctx, id)
		if err != nil || b.Status.Settled() {
			return b, err
		}
		select {
		case <-ctx.Done():
			return b, ctx.Err()
		case <-tick.C:
		case <-settle.C: // its runner may have died
			if err := s.SettleDead(ctx); err != nil {
				s.log.Warn("left-overs are not settled", "error", err)
			}
		}
	}
}

// Finish brings a queued backup to its end and returns it, whatever the end is. A server
// leaves it to its queue; a command makes it, unless another process was faster.
func (s *Service) Finish(ctx context.Context, id string) (models.Backup, error) {
	if s.options.Serves {
		return s.Wait(ctx, id)
	}
	b, err := s.Run(ctx, id)
	if errors.Is(err, models.ErrConflict) {
		return s.Wait(ctx, id)
	}
	return b, err
}

// ServerIsUp reports whether a process that takes backups from the queue has
// been heard of lately.
func (s *Service) ServerIsUp(ctx context.Context) (bool, error) {
	return s.store.ServerSeenSince(ctx, models.Now().Add(-leaseTime))
}

// wake lets the queue be looked at before its next tick.
func (s *Service) wake() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// folder is the private folder of one backup below the spool.
func (s *Service) folder(id string) string { return filepath.Join(s.spool, id) }

func (s *Service) spoolPath(b models.Backup) string {
	return filepath.Join(s.folder(b.ID), b.FileName)
}
