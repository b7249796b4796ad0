package drive

import (
	"context"
	"sync"
)

// googleTurns lets one after the other do what two may not do at once in one folder
// of Google Drive: make a folder of a name, publish a copy of a name. It is one for
// all drives of this process, for several may share a place.
var googleTurns = &googleTurnstile{held: map[string]*googleTurn{}}

type googleTurnstile struct {
	mu   sync.Mutex
	held map[string]*googleTurn
}

type googleTurn struct {
	free  chan struct{}
	users int
}

// take waits for the turn of a name, and returns what ends it.
func (s *googleTurnstile) take(ctx context.Context, name string) (done func(), err error) {
	t := s.join(name)
	select {
	case t.free <- struct{}{}:
		return func() { <-t.free; s.leave(name, t) }, nil
	case <-ctx.Done():
		s.leave(name, t)
		return nil, context.Cause(ctx)
	}
}

func (s *googleTurnstile) join(name string) *googleTurn {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.held[name]
	if t == nil {
		t = &googleTurn{free: make(chan struct{}, 1)}
		s.held[name] = t
	}
	t.users++
	return t
}

func (s *googleTurnstile) leave(name string, t *googleTurn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(s.held, name)
	}
}
