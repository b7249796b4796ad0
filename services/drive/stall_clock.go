package drive

import (
	"context"
	"sync"
	"time"
)

// stallClock ends a context when nothing has moved for a while.
type stallClock struct {
	limit time.Duration
	end   context.CancelFunc
	timer *time.Timer

	mu sync.Mutex
	// held counts the reasons for which time does not count now.
	held int
	// patience is how many times the limit is allowed.
	patience int
	moved    time.Time
	stopped  bool
	fired    bool
}

type stallClockKey struct{}

// startStallClock returns a context that ends with the clock, and lets it be found
// by a Policy that pauses.
func startStallClock(ctx context.Context, limit time.Duration) (context.Context, *stallClock) {
	ctx, end := context.WithCancel(ctx)
	c := &stallClock{limit: limit, end: end, patience: 1, moved: time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(limit, c.tick)
	return context.WithValue(ctx, stallClockKey{}, c), c
}

// restClock stops the clock of a context, if it has one, until the returned
// function is called.
func restClock(ctx context.Context) func() {
	c, ok := ctx.Value(stallClockKey{}).(*stallClock)
	if !ok {
		return func() {}
	}
	c.hold()
	return c.resume
}

// tick ends the context, or looks again when that could be right at the earliest.
func (c *stallClock) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	allowed := time.Duration(c.patience) * c.limit
	left := allowed - time.Since(c.moved)
	switch {
	case c.stopped:
	case c.held > 0:
		c.timer.Reset(allowed)
	case left > 0:
		c.timer.Reset(left)
	default:
		c.fired = true
		c.end()
	}
}

// hold stops the clock until as many calls to release or resume.
func (c *stallClock) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held++
}

// release says that something has moved, and how patient to be from now on.
func (c *stallClock) release(patience int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.let()
	if patience < c.patience && !c.stopped {
		c.timer.Reset(time.Duration(patience) * c.limit)
	}
	c.patience = patience
}

// resume ends a hold after which the drive is as far as it was before.
func (c *stallClock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.let()
}

func (c *stallClock) let() {
	c.held = max(c.held-1, 0)
	c.moved = time.Now()
}

// following returns what Put tells its progress to.
func (c *stallClock) following(progress func(int64)) func(int64) {
	return func(bytes int64) {
		c.mu.Lock()
		c.moved = time.Now()
		c.mu.Unlock()
		if progress != nil {
			progress(bytes)
		}
	}
}

func (c *stallClock) hasFired() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fired
}

// stop lets the clock and its context go, and reports whether it had ended that.
func (c *stallClock) stop() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.timer.Stop()
	c.end()
	return c.fired
}
