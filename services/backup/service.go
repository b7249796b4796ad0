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
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// Catalog knows what is configured and opens it.
type Catalog interface {
	Job(ctx context.Context, id string) (models.Job, error)
	// Passphrase returns what the dumps of a job are encrypted with; empty where its
	// encryption has recipients.
	Passphrase(ctx context.Context, jobID string) (models.Secret, error)
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
	// Limits bound the dumps of all servers together.
	Limits models.Limits
	// DumpTime bounds a dump of a job without a timeout; 0 means 24 hours.
	DumpTime time.Duration
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
	// dumping has a place for each database that this server dumps, copying one for
	// each backup of which it makes only copies. Those have places of their own, so
	// that new backups do not wait for them.
	dumping, copying *places
	// limits are those of all servers together.
	limits models.Limits
	// claiming is held while a backup is claimed whose id is not known before, until it
	// is noted as active.
	claiming sync.Mutex
	// ending says that this server takes no more work, and endings what became of what
	// it had.
	ending  bool
	endings []Ended
}

// defaultConcurrency is how many databases are dumped at once where nobody says.
const defaultConcurrency = 4

// New returns a Service whose runner is alive until Close.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.SettleTime == 0 {
		o.SettleTime = 30 * time.Second
	}
	if o.DumpTime == 0 {
		o.DumpTime = 24 * time.Hour
	}
	r, err := newRunner(o.DataDir, o.Serves)
	if err != nil {
		return nil, err
	}
	s := &Service{store: o.Store, catalog: o.Catalog, spool: filepath.Join(o.DataDir, "spool"),
		options: o, log: o.Log, runner: r, nudge: make(chan struct{}, 1), active: map[string]bool{},
		dumping: newPlaces(o.Concurrency), copying: newPlaces(copyingPlaces(o.Concurrency)), limits: o.Limits}
	if !o.Serves {
		return s, nil // only servers are looked for
	}
	if err := errors.Join(s.store.Beat(ctx, r.row), s.store.ForgetRunners(ctx, runnerTime)); err != nil {
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
		return s.store.Claim(ctx, id, from, s.runner.id(), leaseTime)
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
	b, err := s.store.Backup(ctx, id)
	if err != nil {
		return b, err
	}
	if left, err := s.isLeftElsewhere(ctx, b); left || err != nil {
		return s.Wait(ctx, id)
	}
	b, err = s.Run(ctx, id)
	if errors.Is(err, models.ErrConflict) {
		return s.Wait(ctx, id)
	}
	return b, err
}

// ServerIsUp reports whether a process that takes backups from the queue has
// been heard of lately.
func (s *Service) ServerIsUp(ctx context.Context) (bool, error) {
	return s.store.ServerSeenWithin(ctx, leaseTime)
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
