package drive

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Policy is how often and how soon a passing fault is tried again.
type Policy struct {
	// Attempts bounds how often one thing is tried in a row without any progress.
	Attempts int
	// First is the pause before the second attempt. Each later one is twice as
	// long, at most Most, and a random part of it is left out, so that many uploads
	// do not come back at the same moment.
	First, Most time.Duration
	// Stall is how long a drive may take nothing and give nothing before it counts
	// as broken.
	Stall time.Duration
}

// DefaultPolicy tries for about a minute and a half, which rides out a restart of
// a server, and leaves longer faults to healing.
func DefaultPolicy() Policy {
	return Policy{Attempts: 6, First: 2 * time.Second, Most: 40 * time.Second, Stall: 2 * time.Minute}
}

// Do calls try until it returns nil, a fault that does not pass, or the attempts
// are used up; then the last error is returned, marked as tried, so that who has
// called this one does not try all of it as often again.
func (p Policy) Do(ctx context.Context, try func(ctx context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		if err == nil || !Passing(err) || wasTried(err) {
			return err
		}
		if attempt >= p.Attempts || !p.Pause(ctx, attempt, err) {
			return &PassingError{Cause: err, Tried: true}
		}
	}
}

func wasTried(err error) bool {
	var passing *PassingError
	return errors.As(err, &passing) && passing.Tried
}

// Pause waits before the attempt after the given one, at least as long as the
// provider asked for in err. It reports false when the context ended meanwhile, or
// when the provider asks for more than ten times Most.
func (p Policy) Pause(ctx context.Context, attempt int, err error) bool {
	wait := p.after(attempt)
	var passing *PassingError
	if errors.As(err, &passing) && passing.After > wait {
		if passing.After > 10*p.Most {
			return false
		}
		wait = passing.After
	}
	if tell, ok := ctx.Value(pauseKey{}).(func(error)); ok {
		tell(err)
	}
	defer restClock(ctx)()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

type pauseKey struct{}

// WithPauses returns a context in which tell is called with each passing fault after
// which there is a pause before the next attempt, so that a person who watches learns
// what is waited for. It may be called from several goroutines.
func WithPauses(ctx context.Context, tell func(fault error)) context.Context {
	return context.WithValue(ctx, pauseKey{}, tell)
}

func (p Policy) after(attempt int) time.Duration {
	pause := p.First
	for range attempt - 1 {
		pause = min(2*pause, p.Most)
	}
	if pause <= 0 {
		return 0
	}
	return pause/2 + rand.N(pause/2+1)
}
