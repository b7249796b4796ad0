package schedule

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/models"
)

// timetable is one kind of scheduled work: when it is due for which job.
type timetable struct {
	// work names it, such as "backup".
	work string
	// expr is when a job wants it; empty for never.
	expr func(models.Job) string
	// read makes a plan of a job's row.
	read func(models.Job) (plan, error)
	// look does what is due for an entry that the caller has begun, and returns when to
	// look again; zero is when the job changes.
	look func(ctx context.Context, e *entry) time.Time
	// places bounds how many entries are looked at at once; nil does not.
	places chan struct{}
	clock  clockwork.Clock
	log    *slog.Logger

	mu      sync.Mutex
	entries map[string]*entry
	// refused are the jobs whose cron cannot be read, by id, so that each is
	// told of once.
	refused map[string]string
	// list is the entries again, for ticks, which must not wait.
	list atomic.Pointer[[]*entry]
}

// live gives a timetable the clock it goes by.
func (t *timetable) live(clock clockwork.Clock, log *slog.Logger) {
	t.clock, t.log = clock, log.With("work", t.work)
	t.entries, t.refused = map[string]*entry{}, map[string]string{}
	t.list.Store(&[]*entry{})
}

// now is the time by the clock on the wall, which may be set.
func (t *timetable) now() time.Time { return t.clock.Now().UTC() }

// entry returns a job's; nil when it has none.
func (t *timetable) entry(jobID string) *entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.entries[jobID]
}

// tick has every entry looked at whose time has come, beside the tick itself.
func (t *timetable) tick(ctx context.Context, now time.Time, beside *sync.WaitGroup) {
	at := now.UnixNano()
	for _, e := range *t.list.Load() {
		if e.at.Load() > at || !e.begin() {
			continue
		}
		beside.Go(func() {
			if t.places != nil {
				t.places <- struct{}{}
				defer func() { <-t.places }()
			}
			e.run(ctx)
		})
	}
}

// wakeAll has every entry looked at, because the clock was set.
func (t *timetable) wakeAll() {
	for _, e := range *t.list.Load() {
		e.wake()
	}
}

// follow makes the entries those of the jobs.
func (t *timetable) follow(jobs []models.Job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	wanted := make(map[string]bool, len(jobs))
	changed := false
	for _, job := range jobs {
		if t.expr(job) == "" || job.RemovedAt != nil {
			continue
		}
		wanted[job.ID] = true
		changed = t.place(job) || changed
	}
	for id := range t.entries {
		if !wanted[id] {
			delete(t.entries, id)
			changed = true
			t.log.Info("job is no longer scheduled", "job_id", id)
		}
	}
	for id := range t.refused {
		if !wanted[id] {
			delete(t.refused, id)
		}
	}
	if changed {
		t.relist()
	}
}

func (t *timetable) relist() {
	list := make([]*entry, 0, len(t.entries))
	for _, e := range t.entries {
		list = append(list, e)
	}
	t.list.Store(&list)
}

// place gives a job its entry, and reports whether it is new or gone. What an entry
// knows stays when its plan changes, so that no change of cron starts a slot twice.
func (t *timetable) place(job models.Job) (changed bool) {
	key := t.expr(job) + "\n" + job.Timezone + "\n" + job.Window + "\n" + job.Spread.String()
	e, there := t.entries[job.ID]
	if t.refused[job.ID] == key {
		return false
	}
	var read plan
	if !there || e.view().key != key {
		var err error
		if read, err = t.read(job); err != nil {
			t.refused[job.ID] = key
			delete(t.entries, job.ID)
			t.log.Error("job cannot be scheduled", "job_id", job.ID, "error", err)
			return there
		}
		t.log.Info("job is scheduled", "job_id", job.ID, "cron", t.expr(job), "timezone", job.Timezone, "next", read.when.Next(t.now()))
	}
	delete(t.refused, job.ID)
	if !there {
		e = &entry{table: t, jobID: job.ID, state: state{job: job, plan: read, key: key, seen: t.now()}}
		t.entries[job.ID] = e
		return true
	}
	e.follow(job, key, read)
	return false
}

// follow takes the row of a job as it is now, and the plan when the key is another.
func (e *entry) follow(job models.Job, key string, read plan) {
	altered := false
	e.change(func(s *state) {
		altered = s.key != key || !sameTime(s.job.LastSlot, job.LastSlot) || !sameTime(s.job.SlotsFrom, job.SlotsFrom) || !sameTime(s.job.PausedAt, job.PausedAt)
		if s.key != key {
			s.key, s.plan = key, read
		}
		s.job = job
	})
	if altered {
		e.wake()
	}
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
