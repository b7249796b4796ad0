package runs

import (
	"context"
	"time"
)

// Every calls work again and again, with a pause before each time, until the returned
// function is called, which waits for a call that is under way. The context that it
// returns ends with the first error of work, which is its cause.
func Every(ctx context.Context, pause time.Duration, work func(ctx context.Context) error) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := work(ctx); err != nil {
				cancel(err)
				return
			}
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}
