package runs

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEveryEndsWithTheFirstError(t *testing.T) {
	why, calls := errors.New("no more"), 0
	ctx, stop := Every(t.Context(), time.Millisecond, func(context.Context) error {
		if calls++; calls == 3 {
			return why
		}
		return nil
	})
	<-ctx.Done()
	stop()
	if calls != 3 || !errors.Is(context.Cause(ctx), why) {
		t.Errorf("%d calls, then %v", calls, context.Cause(ctx))
	}
}

func TestEveryIsStopped(t *testing.T) {
	calls := 0
	ctx, stop := Every(t.Context(), time.Hour, func(context.Context) error { calls++; return nil })
	stop()
	if calls != 0 || ctx.Err() == nil {
		t.Errorf("%d calls, %v", calls, ctx.Err())
	}
}
