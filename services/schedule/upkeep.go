package schedule

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/go-co-op/gocron/v2"
)

// upkeepEvery is how often it is asked what upkeep is due. What is due when is up to
// the upkeep itself, which remembers it across restarts.
const upkeepEvery = time.Minute

// upkeep is work that is done between backups.
type upkeep struct {
	name string
	due  func(ctx context.Context) error
}

// WithUpkeep makes the scheduler ask for work between backups, once a minute. A call
// that takes long holds up only the next one of its own.
func WithUpkeep(name string, due func(ctx context.Context) error) Option {
	return func(s *Scheduler) { s.upkeep = append(s.upkeep, upkeep{name, due}) }
}

// addUpkeep puts upkeep into gocron, the first time now.
func (s *Scheduler) addUpkeep(ctx context.Context, wakers gocron.Scheduler) error {
	for _, u := range s.upkeep {
		_, err := wakers.NewJob(
			gocron.DurationJob(upkeepEvery),
			gocron.NewTask(func() { s.keepUp(ctx, u) }),
			gocron.WithName(u.name),
			gocron.WithSingletonMode(gocron.LimitModeReschedule),
			gocron.WithStartAt(gocron.WithStartImmediately()),
		)
		if err != nil {
			return fmt.Errorf("add %s to the scheduler: %w", u.name, err)
		}
	}
	return nil
}

func (s *Scheduler) keepUp(ctx context.Context, u upkeep) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("upkeep panicked", "work", u.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	if err := u.due(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("upkeep failed", "work", u.name, "error", err)
	}
}
