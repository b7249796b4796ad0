package schedule

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"

	"github.com/backupman/backupman/services/cron"
)

// early is how much before its slot a timer may fire and still mean it.
const early = time.Second

// setBack is how far in the future the newest slot must lie before it is
// taken as the trace of a clock that was wrong.
const setBack = time.Hour

// The pauses between the tries to start one slot grow from the first to the last.
const (
	firstPause = 2 * time.Second
	lastPause  = time.Minute
)

// entry is one job on a timetable.
type entry struct {
	table *timetable
	jobID string
	// key is the job's cron and time zone, which an entry never changes.
	key   string
	when  cron.Schedule
	waker gocron.Job

	mu sync.Mutex
	// since is the newest slot that was taken, or when the entry was made.
	since time.Time
	// owed is a slot that was taken and could not be started; zero when there is
	// none. It is tried again from again on.
	owed  owing
	again time.Time
	// busy says that a start is under way.
	busy bool
}

func newEntry(t *timetable, jobID, key string, when cron.Schedule) *entry {
	return &entry{table: t, jobID: jobID, key: key, when: when, since: t.clock.Now()}
}

// add puts the entry into gocron, which asks the entry's own clock when to wake it.
func (e *entry) add(ctx context.Context, wakers gocron.Scheduler) error {
	waker, err := wakers.NewJob(
		gocron.CronJob("", false),
		gocron.NewTask(func() { e.wake(ctx) }),
		gocron.WithCronImplementation(wakeTimes{e.when}),
		gocron.WithName(e.table.work+" "+e.jobID),
	)
	if err != nil {
		return fmt.Errorf("add the job to the scheduler: %w", err)
	}
	e.waker = waker
	return nil
}

// owing is a slot and how long its next pause is.
type owing struct {
	slot  time.Time
	pause time.Duration
}

// wake starts the slot that is due, if one is. Nothing that happens in it
// reaches other jobs.
func (e *entry) wake(ctx context.Context) {
	slot, ok := e.take(early)
	if !ok {
		return
	}
	settled := false
	defer func() { e.release(slot, settled) }()
	defer func() {
		if p := recover(); p != nil {
			e.table.log.Error("starting it panicked", "job_id", e.jobID, "slot", slot,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	settled = e.table.start(ctx, e.table.log.With("job_id", e.jobID, "slot", slot), e.jobID, slot)
}

// take gives the slot that is due to one caller only.
func (e *entry) take(tolerance time.Duration) (time.Time, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	slot, ok := e.due(tolerance)
	if !ok || e.busy {
		return time.Time{}, false
	}
	e.since, e.busy = later(e.since, slot), true
	return slot, true
}

// due returns the newest slot after the last one taken, as seen from now, or the
// slot that is owed, or, when neither has come yet, one that comes a little later.
func (e *entry) due(tolerance time.Duration) (time.Time, bool) {
	now := e.table.clock.Now()
	if e.since.Sub(now) > setBack {
		e.since, e.owed = now, owing{}
	}
	if slot, ok := e.when.Latest(e.since, now); ok {
		return slot, true
	}
	if !e.owed.slot.IsZero() && !now.Before(e.again) {
		return e.owed.slot, true
	}
	next := e.when.Next(later(e.since, now))
	return next, !next.IsZero() && next.Sub(now) <= tolerance
}

// overdue reports whether a slot has passed that no timer woke the entry for.
func (e *entry) overdue() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.due(0)
	return ok && !e.busy
}

// release ends what take began. A slot that is not settled stays owed until a
// newer one is due.
func (e *entry) release(slot time.Time, settled bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy = false
	switch {
	case settled:
		e.owed = owing{}
		return
	case e.owed.slot.Equal(slot):
		e.owed.pause = min(2*e.owed.pause, lastPause)
	default:
		e.owed = owing{slot: slot, pause: firstPause}
	}
	e.again = e.table.clock.Now().Add(e.owed.pause)
}

// follow takes over what an entry of the same job has started and still owes.
func (e *entry) follow(old *entry) {
	old.mu.Lock()
	defer old.mu.Unlock()
	e.since, e.owed, e.again = later(e.since, old.since), old.owed, old.again
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wakeTimes lets gocron wake an entry when the entry's own clock says.
type wakeTimes struct{ when cron.Schedule }

// IsValid implements gocron.Cron; what it wraps was parsed already.
func (wakeTimes) IsValid(string, *time.Location, time.Time) error { return nil }

// Next implements gocron.Cron.
func (w wakeTimes) Next(last time.Time) time.Time { return w.when.Next(last) }
