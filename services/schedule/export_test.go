package schedule

import "github.com/jonboulle/clockwork"

// WithClock makes a scheduler live by another clock than the machine's.
func WithClock(clock clockwork.Clock) Option {
	return func(s *Scheduler) { s.clock = clock }
}
