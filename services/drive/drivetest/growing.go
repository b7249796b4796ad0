package drivetest

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"
)

// patience is how long the suite waits for what must come promptly.
const patience = 30 * time.Second

// growing is content that is being made while it is read, like a dump: readers
// at its end wait, until it grows, is finished, or their context ends.
type growing struct {
	content Content

	mu    sync.Mutex
	size  int64
	whole bool
	// reached is the farthest that a reader has waited at.
	reached int64
	changed chan struct{}
	waits   chan struct{}
}

func newGrowing(c Content) *growing {
	return &growing{content: c, changed: make(chan struct{}), waits: make(chan struct{}, 1)}
}

// grow makes the first bytes of the content readable; all of it is the end.
func (g *growing) grow(size int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size = size
	g.wake()
}

func (g *growing) finish() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size, g.whole = g.content.Size, true
	g.wake()
}

func (g *growing) wake() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// state returns how much can be read, whether that is all, and what closes when
// anything changes.
func (g *growing) state() (size int64, whole bool, changed chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size, g.whole, g.changed
}

func (g *growing) wait(ctx context.Context, at int64, changed chan struct{}) error {
	g.reach(at)
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *growing) reach(at int64) {
	g.mu.Lock()
	g.reached = max(g.reached, at)
	g.mu.Unlock()
	select {
	case g.waits <- struct{}{}:
	default:
	}
}

func (g *growing) hasReached(size int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reached >= size
}

// awaitReader returns once the drive has taken so much and waits for more.
func (g *growing) awaitReader(t *testing.T, size int64) {
	t.Helper()
	late := time.After(patience)
	for !g.hasReached(size) {
		select {
		case <-g.waits:
		case <-late:
			t.Fatalf("the drive does not read on to %d while the content grows", size)
		}
	}
}

func (g *growing) reader(ctx context.Context, offset int64) io.Reader {
	return &growingReader{g: g, ctx: ctx, at: offset}
}

func (g *growing) again(ctx context.Context, offset int64) (io.ReadCloser, error) {
	return io.NopCloser(g.reader(ctx, offset)), nil
}

type growingReader struct {
	g   *growing
	ctx context.Context
	at  int64
}

func (r *growingReader) Read(p []byte) (int, error) {
	for {
		size, whole, changed := r.g.state()
		switch {
		case r.ctx.Err() != nil:
			return 0, r.ctx.Err()
		case r.at < size:
			n, err := Content{Seed: r.g.content.Seed, Size: size}.At(r.at).Read(p)
			r.at += int64(n)
			return n, err
		case whole:
			return 0, io.EOF
		}
		if err := r.g.wait(r.ctx, r.at, changed); err != nil {
			return 0, err
		}
	}
}
