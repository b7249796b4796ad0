package schedule

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

// timetable is one kind of scheduled work: when it is due for which job.
type timetable struct {
	// work names it, such as "backup".
	work string
	// cron is when a job wants it; empty for never.
	cron func(models.Job) string
	// start begins it for a slot, and reports whether the slot needs no other try.
	start func(ctx context.Context, log *slog.Logger, jobID string, slot time.Time) bool
	clock clockwork.Clock
	log   *slog.Logger

	mu      sync.Mutex
	entries map[string]*entry
	// refused are the jobs whose cron cannot be read, by id, so that each is
	// told of once.
	refused map[string]string
}

// live gives a timetable the clock it goes by.
func (t *timetable) live(clock clockwork.Clock, log *slog.Logger) {
	t.clock, t.log = clock, log.With("work", t.work)
	t.entries, t.refused = map[string]*entry{}, map[string]string{}
}

// entry returns a job's; nil when it has none.
func (t *timetable) entry(jobID string) *entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.entries[jobID]
}

// next returns the next slot of a job; ok is false when it has none.
func (t *timetable) next(jobID string) (slot time.Time, ok bool) {
	e := t.entry(jobID)
	if e == nil {
		return time.Time{}, false
	}
	slot = e.when.Next(t.clock.Now())
	return slot, !slot.IsZero()
}

// follow makes the entries those of the jobs.
func (t *timetable) follow(ctx context.Context, wakers gocron.Scheduler, jobs []models.Job) {
	wanted := map[string]bool{}
	for _, job := range jobs {
		if t.cron(job) == "" || job.RemovedAt != nil {
			continue
		}
		wanted[job.ID] = true
		t.place(ctx, wakers, job)
	}
	for id, e := range t.entries {
		if !wanted[id] {
			t.drop(wakers, e)
			t.log.Info("job is no longer scheduled", "job_id", id)
		}
	}
	for id := range t.refused {
		if !wanted[id] {
			delete(t.refused, id)
		}
	}
}

// place gives a job its entry, a new one when its cron or time zone changed. A
// new entry keeps the newest slot of the old one, so that no change of cron
// starts a slot twice, and what the old one owes.
func (t *timetable) place(ctx context.Context, wakers gocron.Scheduler, job models.Job) {
	expr := t.cron(job)
	key := expr + "\n" + job.Timezone
	old, there := t.entries[job.ID]
	if there && old.key == key || t.refused[job.ID] == key {
		return
	}
	when, err := cron.Parse(expr, job.Timezone)
	if err != nil {
		t.refuse(wakers, job, key, err)
		return
	}
	delete(t.refused, job.ID)
	e := newEntry(t, job.ID, key, when)
	if there {
		e.follow(old)
		t.drop(wakers, old)
	}
	if err := e.add(ctx, wakers); err != nil {
		t.log.Error("job cannot be scheduled", "job_id", job.ID, "error", err)
		return
	}
	t.mu.Lock()
	t.entries[job.ID] = e
	t.mu.Unlock()
	t.log.Info("job is scheduled", "job_id", job.ID, "cron", expr, "timezone", job.Timezone, "next", when.Next(t.clock.Now()))
}

func (t *timetable) refuse(wakers gocron.Scheduler, job models.Job, key string, err error) {
	t.refused[job.ID] = key
	if old, there := t.entries[job.ID]; there {
		t.drop(wakers, old)
	}
	t.log.Error("job cannot be scheduled", "job_id", job.ID, "error", err)
}

func (t *timetable) drop(wakers gocron.Scheduler, e *entry) {
	t.mu.Lock()
	delete(t.entries, e.jobID)
	t.mu.Unlock()
	if err := wakers.RemoveJob(e.waker.ID()); err != nil {
		t.log.Error("entry cannot be removed", "job_id", e.jobID, "error", err)
	}
}

// wakeOverdue wakes entries whose timer did not: timers stand still while a
// machine sleeps, and do not know that the clock was set.
func (t *timetable) wakeOverdue() {
	for id, e := range t.entries {
		if !e.overdue() {
			continue
		}
		if err := e.waker.RunNow(); err != nil {
			t.log.Warn("overdue job could not be woken, trying again soon", "job_id", id, "error", err)
		}
	}
}
