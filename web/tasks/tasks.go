// Package tasks runs work that outlives the request that asked for it, one piece
// at a time for each thing, and lets pages see what runs and how it ended.
package tasks

import (
	"context"
	"slices"
	"sync"
	"time"
)

// remembered is how many ends are kept for pages to show; the oldest go first.
const remembered = 200

// Runner runs a function apart from its caller, with a context that ends when the
// program is to end, and lets the program wait for it.
type Runner func(work func(ctx context.Context))

// Outcome is how a piece of work stands.
type Outcome[T any] struct {
	// Running says that it has not ended; nothing else is known then.
	Running bool
	// EndedAt is when it ended.
	EndedAt time.Time
	// Found is what it found, Err why it found nothing.
	Found T
	Err   error
}

// Group is work of one kind, each piece named by what it is about. It is safe for
// concurrent use.
type Group[T any] struct {
	run Runner
	now func() time.Time

	mu      sync.Mutex
	running map[string]chan struct{}
	ended   map[string]Outcome[T]
	order   []string
}

// NewGroup returns a group without work.
func NewGroup[T any](run Runner, now func() time.Time) *Group[T] {
	return &Group[T]{run: run, now: now, running: map[string]chan struct{}{}, ended: map[string]Outcome[T]{}}
}

// Start begins the work about a thing, or joins what runs about it already. The
// channel is closed when that has ended.
func (g *Group[T]) Start(about string, work func(ctx context.Context) (T, error)) <-chan struct{} {
	g.mu.Lock()
	done, runs := g.running[about]
	if !runs {
		done = make(chan struct{})
		g.running[about] = done
	}
	g.mu.Unlock()
	if !runs {
		g.run(func(ctx context.Context) {
			found, err := work(ctx)
			g.end(about, Outcome[T]{EndedAt: g.now(), Found: found, Err: err})
		})
	}
	return done
}

// Put keeps what was found about a thing elsewhere, as if work about it had ended now.
func (g *Group[T]) Put(about string, found T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keep(about, Outcome[T]{EndedAt: g.now(), Found: found})
}

// Forget lets nothing be known of a thing, until work about it ends.
func (g *Group[T]) Forget(about string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.ended[about]; known {
		delete(g.ended, about)
		g.order = slices.DeleteFunc(g.order, func(name string) bool { return name == about })
	}
}

func (g *Group[T]) end(about string, o Outcome[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keep(about, o)
	close(g.running[about])
	delete(g.running, about)
}

func (g *Group[T]) keep(about string, o Outcome[T]) {
	if _, known := g.ended[about]; !known {
		g.order = append(g.order, about)
	}
	g.ended[about] = o
	if len(g.order) > remembered {
		delete(g.ended, g.order[0])
		g.order = g.order[1:]
	}
}

// Outcome tells how the newest work about a thing stands; false when there was none.
func (g *Group[T]) Outcome(about string) (Outcome[T], bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, runs := g.running[about]; runs {
		return Outcome[T]{Running: true}, true
	}
	o, known := g.ended[about]
	return o, known
}

// Await waits until done is closed, the patience is used up, or ctx ends.
func Await(ctx context.Context, done <-chan struct{}, patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}
