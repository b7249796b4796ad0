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

const (
	// tickEvery is how often it is looked whether something is due.
	tickEvery = time.Second
	// reconcileEvery is how soon a change that nobody told of is followed.
	reconcileEvery = 2 * time.Second
	// stopWithin is how long starts that are under way may take when the schedule ends.
	stopWithin = 10 * time.Second
)

// Store is what the schedule asks of the configured jobs.
type Store interface {
	// Jobs returns the jobs that are configured.
	Jobs(ctx context.Context) ([]models.Job, error)
}

// Scheduler is safe for concurrent use. Run it once.
type Scheduler struct {
	store   Store
	clock   clockwork.Clock
	log     *slog.Logger
	changed chan struct{}
	upkeep  []*upkeep

	backups *timetable
	// drills is nil when nobody makes them.
	drills *timetable
	// storeFailed says that the last reconcile could not read the jobs.
	storeFailed bool

	// ticking lets ticks come one by one; ticked is when the last one came.
	ticking sync.Mutex
	ticked  time.Time
	// beside is what runs beside the ticks.
	beside sync.WaitGroup
}

// Option changes how a Scheduler works.
type Option func(*Scheduler)

// New returns a scheduler that Run starts.
func New(store Store, slots Slots, starter Starter, log *slog.Logger, options ...Option) *Scheduler {
	s := &Scheduler{
		store:   store,
		clock:   clockwork.NewRealClock(),
		log:     log,
		changed: make(chan struct{}, 1),
	}
	s.backups = backupsOf(starter, slots, s.Changed)
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
	waker, err := s.waker(ctx)
	if err != nil {
		return err
	}
	var following sync.WaitGroup
	following.Go(func() { s.follow(ctx) })
	waker.Start()
	// gocron wakes by the clock on the wall, and sleeps for hours when that is set back.
	// A ticker of the machine's own makes up for it.
	ticker := s.clock.NewTicker(reconcileEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.Chan():
			s.tick(ctx)
		}
	}
	err = waker.Shutdown()
	following.Wait()
	s.waitBeside()
	if err != nil {
		return fmt.Errorf("stop the scheduler: %w", err)
	}
	return nil
}

// waker is the one timer that everything goes by.
func (s *Scheduler) waker(ctx context.Context) (gocron.Scheduler, error) {
	waker, err := gocron.NewScheduler(gocron.WithClock(s.clock), gocron.WithLocation(time.UTC), gocron.WithStopTimeout(stopWithin))
	if err != nil {
		return nil, fmt.Errorf("make the scheduler: %w", err)
	}
	_, err = waker.NewJob(gocron.DurationJob(tickEvery), gocron.NewTask(func() { s.tick(ctx) }),
		gocron.WithName("tick"), gocron.WithSingletonMode(gocron.LimitModeReschedule))
	if err != nil {
		return nil, fmt.Errorf("add the tick to the scheduler: %w", err)
	}
	return waker, nil
}

// tick begins whatever is due, and waits for none of it.
func (s *Scheduler) tick(ctx context.Context) {
	s.ticking.Lock()
	defer s.ticking.Unlock()
	if ctx.Err() != nil {
		return
	}
	now := s.clock.Now().UTC()
	wasSet := now.Before(s.ticked) // what was worked out before is wrong
	s.ticked = now
	for _, t := range s.timetables() {
		if wasSet {
			t.wakeAll()
		}
		t.tick(ctx, now, &s.beside)
	}
	s.keepUp(ctx, now, &s.beside)
}

// waitBeside waits for what runs beside the ticks, for a while.
func (s *Scheduler) waitBeside() {
	done := make(chan struct{})
	go func() {
		s.beside.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(stopWithin):
		s.log.Warn("some of what was started by the schedule has not ended yet")
	}
}
