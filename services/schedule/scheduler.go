package schedule

import (
	"context"
	"fmt"
	"log/slog"
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

// Scheduler is safe for concurrent use. Run it once.
type Scheduler struct {
	store   Store
	starter Starter
	clock   clockwork.Clock
	log     *slog.Logger
	changed chan struct{}
	upkeep  []upkeep

	backups *timetable
	// drills is nil when nobody makes them.
	drills *timetable
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
	}
	s.backups = backupsOf(s.starter)
	for _, o := range options {
		o(s)
	}
	for _, t := range s.timetables() {
		t.live(s.clock, s.log)
	}
	return s
}

func (s *Scheduler) timetables() []*timetable {
	if s.drills == nil {
		return []*timetable{s.backups}
	}
	return []*timetable{s.backups, s.drills}
}

// Changed asks for the jobs to be read again now. It does not wait.
func (s *Scheduler) Changed() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
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
