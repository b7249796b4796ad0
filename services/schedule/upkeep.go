package schedule

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// upkeepEvery is how often it is asked what upkeep is due. What is due when is up to
// the upkeep itself, which remembers it across restarts.
const upkeepEvery = time.Minute

// upkeep is work that is done between backups.
type upkeep struct {
	name string
	due  func(ctx context.Context) error
	// asked is when it was asked for last; only ticks, which come one by one, use it.
	asked time.Time
	busy  atomic.Bool
}

// WithUpkeep makes the scheduler ask for work between backups, at once and then once a
// minute. A call that takes long holds up only the next one of its own.
func WithUpkeep(name string, due func(ctx context.Context) error) Option {
	return func(s *Scheduler) { s.upkeep = append(s.upkeep, &upkeep{name: name, due: due}) }
}

// keepUp asks for the upkeep whose minute is over, beside the tick.
func (s *Scheduler) keepUp(ctx context.Context, now time.Time, beside *sync.WaitGroup) {
	for _, u := range s.upkeep {
		early := now.Sub(u.asked) < upkeepEvery && !now.Before(u.asked)
		if early || u.busy.Swap(true) {
			continue
		}
		u.asked = now
		beside.Go(func() {
			defer u.busy.Store(false)
			s.ask(ctx, u)
		})
	}
}

func (s *Scheduler) ask(ctx context.Context, u *upkeep) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("upkeep panicked", "work", u.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	if err := u.due(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("upkeep failed", "work", u.name, "error", err)
	}
}
