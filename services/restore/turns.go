package restore

import (
	"context"
	"sync"
)

// turns lets a number of runs work at once, and the others wait in the order in which
// they came.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting []*turn
}

// turn is one place in the line.
type turn struct {
	of  *turns
	has chan struct{}
}

func newTurns(n int) *turns { return &turns{free: n} }

// join takes the next place in the line. It must be left.
func (t *turns) join() *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := &turn{of: t, has: make(chan struct{})}
	t.waiting = append(t.waiting, mine)
	t.next()
	return mine
}

// next gives free turns to those who have waited longest.
func (t *turns) next() {
	for t.free > 0 && len(t.waiting) > 0 {
		close(t.waiting[0].has)
		t.waiting = t.waiting[1:]
		t.free--
	}
}

// wait returns nil when it is this one's turn, or why it never came.
func (t *turn) wait(ctx context.Context) error {
	select {
	case <-t.has:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave gives the turn, or the place in the line, to the next. It is called once.
func (t *turn) leave() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	for i, other := range t.of.waiting {
		if other == t {
			t.of.waiting = append(t.of.waiting[:i], t.of.waiting[i+1:]...)
			return
		}
	}
	t.of.free++
	t.of.next()
}
