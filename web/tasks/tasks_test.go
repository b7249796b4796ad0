package tasks

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// apart runs each piece in a goroutine of its own.
func apart(work func(ctx context.Context)) { go work(context.Background()) }

// inline runs each piece before Start returns.
func inline(work func(ctx context.Context)) { work(context.Background()) }

func newGroup(run Runner) *Group[int] { return NewGroup[int](run, func() time.Time { return now }) }

func TestOnePieceOfWorkAboutAThing(t *testing.T) {
	g, release, begun := newGroup(apart), make(chan struct{}), make(chan struct{}, 2)
	work := func(context.Context) (int, error) { begun <- struct{}{}; <-release; return 7, nil }
	first := g.Start("a", work)
	second := g.Start("a", work)
	if first != second {
		t.Error("a second piece was begun beside the first")
	}
	if o, known := g.Outcome("a"); !known || !o.Running {
		t.Errorf("while it runs the outcome is %+v, %v", o, known)
	}
	if _, known := g.Outcome("b"); known {
		t.Error("work that was never begun has an outcome")
	}
	close(release)
	<-first
	if o, known := g.Outcome("a"); !known || o.Running || o.Found != 7 || o.Err != nil || !o.EndedAt.Equal(now) {
		t.Errorf("the outcome is %+v, %v", o, known)
	}
	if len(begun) != 1 {
		t.Errorf("the work was begun %d times", len(begun))
	}
}

func TestTheNewestOutcomeStands(t *testing.T) {
	g, broken := newGroup(inline), errors.New("broken")
	g.Start("a", func(context.Context) (int, error) { return 0, broken })
	if o, _ := g.Outcome("a"); !errors.Is(o.Err, broken) {
		t.Errorf("the error is %v", o.Err)
	}
	g.Start("a", func(context.Context) (int, error) { return 1, nil })
	if o, _ := g.Outcome("a"); o.Err != nil || o.Found != 1 {
		t.Errorf("the outcome is %+v", o)
	}
}

func TestOutcomesAreNotKeptForEver(t *testing.T) {
	g := newGroup(inline)
	for i := range 3 * remembered {
		g.Start(fmt.Sprint(i), func(context.Context) (int, error) { return i, nil })
	}
	if len(g.ended) != remembered || len(g.order) != remembered || len(g.running) != 0 {
		t.Errorf("%d outcomes, %d names and %d running are kept", len(g.ended), len(g.order), len(g.running))
	}
	if _, known := g.Outcome(fmt.Sprint(3*remembered - 1)); !known {
		t.Error("the newest outcome is gone")
	}
}

func TestAwaitEndsWithTheContextAndWithPatience(t *testing.T) {
	never := make(chan struct{})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	Await(ended, never, time.Hour)
	Await(t.Context(), never, time.Millisecond)
}

func TestWhatWasFoundElsewhereIsKeptAndForgotten(t *testing.T) {
	g := newGroup(inline)
	g.Put("a", 1)
	g.Put("a", 2)
	if o, known := g.Outcome("a"); !known || o.Found != 2 || o.Running || !o.EndedAt.Equal(now) {
		t.Errorf("kept is %+v", o)
	}
	g.Forget("a")
	g.Forget("never")
	if _, known := g.Outcome("a"); known || len(g.order) != 0 {
		t.Errorf("still known, in the order %v", g.order)
	}
	for n := range remembered + 1 {
		g.Put(fmt.Sprint(n), n)
	}
	if _, known := g.Outcome("0"); known || len(g.ended) != remembered {
		t.Errorf("%d are remembered", len(g.ended))
	}
}
