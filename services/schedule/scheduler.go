package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/models"
)

// reconcileEvery is how soon a change that nobody told of is followed, and a
// slot that a timer missed is started.
const reconcileEvery = 2 * time.Second

// stopWithin is how long a start that is under way may take when the schedule ends.
const stopWithin = 10 * time.Second

// Store is what the schedule asks of the metadata database.
type Store interface {
	// Jobs returns the jobs that are configured.
	Jobs(ctx context.Context) ([]models.Job, error)
}

// Starter starts backups.
type Starter interface {
	// StartSlot starts the backup of a job for a slot. It returns
	// models.ErrConflict when another replica has started it, or when the job
	// still runs. It does not wait for the backup to end.
	StartSlot(ctx context.Context, jobID string, slot time.Time) (models.Backup, error)
}

// Scheduler is safe for concurrent use. Run it once.
type Scheduler struct {
	store   Store
	starter Starter
	clock   clockwork.Clock
	log     *slog.Logger
	changed chan struct{}
	upkeep  []upkeep

	mu      sync.Mutex
	entries map[string]*backupEntry
	// refused are the jobs whose cron cannot be read, by id, so that each is
	// told of once.
	refused map[string]string
	// storeFailed says that the last reconcile could not read the jobs.
	storeFailed bool
}

// Option changes how a Scheduler works.
type Option func(*Scheduler)

// WithClock makes the scheduler live by another clock than the machine's.
func WithClock(clock clockwork.Clock) Option {
	return func(s *Scheduler) { s.clock = clock }
}

// New returns a scheduler that Run starts.
func New(store Store, starter Starter, log *slog.Logger, options ...Option) *Scheduler {
	s := &Scheduler{
		store:   store,
		starter: starter,
		clock:   clockwork.NewRealClock(),
		log:     log,
		changed: make(chan struct{}, 1),
		entries: map[string]*backupEntry{},
		refused: map[string]string{},
	}
	for _, o := range options {
		o(s)
	}
	return s
}

// Changed asks for the jobs to be read again now. It does not wait.
func (s *Scheduler) Changed() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// NextRun returns the next slot of a job; ok is false when it has none.
func (s *Scheduler) NextRun(jobID string) (slot time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[jobID]
	if !ok {
		return time.Time{}, false
	}
	slot = e.when.Next(s.clock.Now())
	return slot, !slot.IsZero()
}

// lookBack is how far back a previous slot is looked for, step by step, so that
// the usual question stays cheap. The last reaches over the eight years between
// two leap days.
var lookBack = []time.Duration{24 * time.Hour, 40 * 24 * time.Hour, 9 * 366 * 24 * time.Hour}

// PreviousRun returns the newest slot of a job that is not after a time; ok is
// false when it has none. It says when a run was due, not that there was one.
func (s *Scheduler) PreviousRun(jobID string, until time.Time) (slot time.Time, ok bool) {
	s.mu.Lock()
	e, ok := s.entries[jobID]
	s.mu.Unlock()
	if !ok {
		return time.Time{}, false
	}
	for _, window := range lookBack {
		if slot, ok = e.when.Latest(until.Add(-window), until); ok {
			return slot, true
		}
	}
	return time.Time{}, false
}

// Run starts what is due until the context ends, and then waits for starts that
// are under way. It returns nil when the context ended.
func (s *Scheduler) Run(ctx context.Context) error {
	cron, err := gocron.NewScheduler(
		gocron.WithClock(s.clock),
		gocron.WithLocation(time.UTC),
		gocron.WithStopTimeout(stopWithin),
	)
	if err != nil {
		return fmt.Errorf("make the scheduler: %w", err)
	}
	if err := s.addUpkeep(ctx, cron); err != nil {
		return err
	}
	cron.Start()
	ticker := s.clock.NewTicker(reconcileEvery)
	defer ticker.Stop()
	for {
		s.reconcile(ctx, cron)
		select {
		case <-ctx.Done():
			return s.stop(cron)
		case <-ticker.Chan():
		case <-s.changed:
		}
	}
}

func (s *Scheduler) stop(cron gocron.Scheduler) error {
	if err := cron.Shutdown(); err != nil {
		return fmt.Errorf("stop the scheduler: %w", err)
	}
	return nil
}
