package pages

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// shared is something that is read for many at once. One request reads it while the others
// use what was read before, as long as that is not too old and nothing was changed since.
// The zero value is ready.
type shared[T any] struct {
	mu sync.Mutex
	// changes counts what made earlier readings wrong.
	changes uint64
	held    *reading[T]
	// running is the newest reading that has not ended; nil when there is none.
	running *reading[T]
}

// reading is one reading of something shared.
type reading[T any] struct {
	began   time.Time
	changes uint64
	done    chan struct{}
	value   T
	err     error
}

// readTime bounds a reading, which goes on when whoever asked for it first has left.
const readTime = 30 * time.Second

// changed says that what was read until now is no longer so.
func (s *shared[T]) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
}

// get returns what read has returned at most so long ago, and after the newest change. What
// is older is returned for as long again while somebody else reads it anew, so that few wait.
// read gets a context that outlives the request.
func (s *shared[T]) get(ctx context.Context, oldest time.Duration, read func(ctx context.Context) (T, error)) (T, error) {
	if oldest <= 0 {
		return read(ctx)
	}
	s.mu.Lock()
	held, running := s.held, s.running
	if running != nil && running.changes != s.changes {
		running = nil // it may have read what has changed since
	}
	known, underWay, age := held != nil && held.changes == s.changes, running != nil, time.Duration(0)
	if known {
		age = time.Since(held.began)
	}
	if !underWay && (!known || age >= oldest*3/4) {
		running = &reading[T]{began: time.Now(), changes: s.changes, done: make(chan struct{})}
		s.running = running
		go s.read(context.WithoutCancel(ctx), running, read)
	}
	if known && (age < oldest || underWay && age < 2*oldest) {
		s.mu.Unlock()
		return held.value, nil
	}
	s.mu.Unlock()
	select {
	case <-running.done:
		return running.value, running.err
	case <-ctx.Done():
		var nothing T
		return nothing, ctx.Err()
	}
}

func (s *shared[T]) read(ctx context.Context, r *reading[T], read func(ctx context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	defer close(r.done)
	r.value, r.err = readSafely(ctx, read)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == r {
		s.running = nil
	}
	if r.err == nil && (s.held == nil || r.began.After(s.held.began)) {
		s.held = r
	}
}

// readSafely makes an error of a panic, which here would end the process.
func readSafely[T any](ctx context.Context, read func(ctx context.Context) (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a panic while reading: %v\n%s", p, debug.Stack())
		}
	}()
	return read(ctx)
}
