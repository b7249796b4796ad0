package runs

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestAPulseThatStops(t *testing.T) {
	why := errors.New("silent")
	p := NewPulse(50 * time.Millisecond)
	ctx, stop := p.Watch(t.Context(), why)
	defer stop()
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), why) || p.Alive() {
		t.Errorf("%v, alive %v", context.Cause(ctx), p.Alive())
	}
}

func TestAPulseThatGoesOn(t *testing.T) {
	p := NewPulse(time.Hour)
	p.Beat(time.Now().Add(-2 * time.Hour))
	if p.Alive() {
		t.Error("a sign of life that took two hours to write counts as of now")
	}
	p.Beat(time.Now())
	ctx, stop := p.Watch(t.Context(), errors.New("silent"))
	if ctx.Err() != nil || !p.Alive() {
		t.Error("a run that gives signs of life was stopped")
	}
	stop()
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		t.Errorf("the watch ended with %v", context.Cause(ctx))
	}
}
