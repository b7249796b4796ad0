package schedule

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
)

// setBack is how far in the future the newest slot must lie before it is
// taken as the trace of a clock that was wrong.
const setBack = time.Hour

// The pauses between the tries to start one slot grow from the first to the last.
const (
	firstPause = 2 * time.Second
	lastPause  = time.Minute
)

// never is the time of an entry that waits for a change.
const never = math.MaxInt64

// entry is one job on a timetable.
type entry struct {
	table *timetable
	jobID string
	// at is when to look at it next, in nanoseconds of Unix time. It is all that a tick reads.
	at atomic.Int64

	mu sync.Mutex
	state
	// busy says that somebody looks at it now, stale that its row changed meanwhile.
	busy, stale bool
}

// state is what is known of a job's slots.
type state struct {
	// job is the row as it was read last, plan what it says; key is what the plan is made of.
	job  models.Job
	plan plan
	key  string
	// seen is since when this process knows the job.
	seen time.Time
	// taken is the newest slot that this process knows to be started or given up.
	taken time.Time
	tried try
}

// try is a slot that could not be started yet; its zero is none.
type try struct {
	slot time.Time
	// again is when it is tried again, pause how long the pause before that is.
	again time.Time
	pause time.Duration
	// reason is a sentence that says why it could not be started.
	reason string
	// until is when trying is no longer worth it; zero for never.
	until time.Time
}

// view returns what is known now.
func (e *entry) view() state {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// change alters what is known.
func (e *entry) change(alter func(s *state)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	alter(&e.state)
}

// take notes a slot as started or given up.
func (e *entry) take(slot time.Time) {
	e.change(func(s *state) { s.taken, s.tried = later(s.taken, slot), try{} })
}

// putOff notes a slot that could not be started, and returns when it is tried again.
func (e *entry) putOff(slot, now, until time.Time, reason string) time.Time {
	var again time.Time
	e.change(func(s *state) {
		pause := firstPause
		if s.tried.slot.Equal(slot) {
			pause, until = min(2*s.tried.pause, lastPause), s.tried.until
		}
		again = now.Add(pause)
		s.tried = try{slot: slot, again: again, pause: pause, reason: reason, until: until}
	})
	return again
}

// begin claims the entry for one who looks at it.
func (e *entry) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy {
		return false
	}
	e.busy, e.stale = true, false
	e.at.Store(never)
	return true
}

// end gives the entry back, to be looked at again at a time; zero is when it changes.
func (e *entry) end(again time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy = false
	switch {
	case e.stale:
		e.at.Store(0)
	case again.IsZero():
		e.at.Store(never)
	default:
		e.at.Store(again.UnixNano())
	}
}

// wake has the entry looked at at the next tick.
func (e *entry) wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stale = true
	if !e.busy {
		e.at.Store(0)
	}
}

// run looks at the entry. Nothing that happens in it reaches other jobs.
func (e *entry) run(ctx context.Context) {
	again := e.table.now().Add(lastPause)
	defer func() { e.end(again) }()
	defer func() {
		if p := recover(); p != nil {
			e.table.log.Error("looking at the schedule of a job panicked", "job_id", e.jobID,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	again = e.table.look(ctx, e)
}

// guarded turns a panic of work into an error.
func guarded(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return work()
}
