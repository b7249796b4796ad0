package schedule_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/services/schedule"
)

// minutes lets whole minutes pass.
func (w *world) minutes(n int) {
	w.t.Helper()
	for range n {
		w.advanceTo(w.clock.Now().Add(time.Minute))
	}
}

func TestUpkeepIsAskedForAtOnceAndEveryMinute(t *testing.T) {
	var asked atomic.Int32
	w := newWorldOf(t, nil, schedule.WithUpkeep("count", func(context.Context) error { asked.Add(1); return nil }))
	w.until(func() bool { return asked.Load() == 1 })
	for want := int32(2); want < 5; want++ {
		w.minutes(1)
		w.until(func() bool { return asked.Load() == want })
	}
}

func TestUpkeepThatFailsOrPanicsIsToldAndAskedForAgain(t *testing.T) {
	var failed, panicked atomic.Int32
	w := newWorldOf(t, nil,
		schedule.WithUpkeep("fails", func(context.Context) error { failed.Add(1); return errors.New("the drive is on fire") }),
		schedule.WithUpkeep("panics", func(context.Context) error { panicked.Add(1); panic("out of thin air") }))
	w.until(func() bool { return failed.Load() == 1 && panicked.Load() == 1 })
	w.minutes(1)
	w.until(func() bool { return failed.Load() == 2 && panicked.Load() == 2 })
	w.until(func() bool {
		log := w.log.String()
		return strings.Contains(log, "the drive is on fire") && strings.Contains(log, "out of thin air")
	})
}

func TestUpkeepThatTakesLongHoldsUpOnlyItself(t *testing.T) {
	var long, quick atomic.Int32
	goOn := make(chan struct{})
	w := newWorldOf(t, nil,
		schedule.WithUpkeep("long", func(context.Context) error { long.Add(1); <-goOn; return nil }),
		schedule.WithUpkeep("quick", func(context.Context) error { quick.Add(1); return nil }))
	w.until(func() bool { return long.Load() == 1 && quick.Load() == 1 })
	for want := int32(2); want < 5; want++ {
		w.minutes(1)
		w.until(func() bool { return quick.Load() == want })
	}
	if n := long.Load(); n != 1 {
		t.Errorf("it was begun %d times at once", n)
	}
	close(goOn)
	w.until(func() bool { w.minutes(1); return long.Load() > 1 })
}

// The end of the scheduler ends upkeep that runs, and is no fault of it.
func TestUpkeepEndsWithTheScheduler(t *testing.T) {
	begun := make(chan struct{})
	w := newWorldOf(t, nil, schedule.WithUpkeep("endless", func(ctx context.Context) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	}))
	<-begun
	w.cancel()
	err := <-w.ended
	w.ended <- err // for the cleanup
	if err != nil || strings.Contains(w.log.String(), "upkeep failed") {
		t.Errorf("Run returned %v; the log is\n%s", err, w.log)
	}
}
