package runs

import (
	"context"
	"sync"
	"time"
)

// Pulse knows whether others still take a run for alive. It goes by this process's
// monotonic clock, so that neither a changed clock nor a stopped process hides how long
// the last sign of life is ago.
type Pulse struct {
	patience time.Duration

	mu    sync.Mutex
	last  time.Time
	timer *time.Timer
}

// NewPulse returns the Pulse of a run that gives a sign of life now, and that others may
// soon take for dead when patience has passed without another.
func NewPulse(patience time.Duration) *Pulse {
	return &Pulse{patience: patience, last: time.Now()}
}

// Beat notes a sign of life that others have seen. It counts from when it was begun.
func (p *Pulse) Beat(begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = begun
	if p.timer != nil {
		p.timer.Reset(p.left())
	}
}

func (p *Pulse) left() time.Duration { return p.patience - time.Since(p.last) }

// Alive reports whether the last sign of life is recent enough.
func (p *Pulse) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left() > 0
}

// Watch returns a context that ends, with why for its cause, when no sign of life was
// noted for too long. The returned function ends the watch.
func (p *Pulse) Watch(ctx context.Context, why error) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(p.left(), func() {
		if !p.Alive() {
			cancel(why)
		}
	})
	return ctx, func() { p.timer.Stop(); cancel(nil) }
}
