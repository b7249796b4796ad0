package schedule

import (
	"context"

	"github.com/go-co-op/gocron/v2"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

// reconcile makes the entries follow the jobs. While the jobs cannot be read
// the entries stay as they are.
func (s *Scheduler) reconcile(ctx context.Context, wakers gocron.Scheduler) {
	jobs, err := s.store.Jobs(ctx)
	if ctx.Err() != nil {
		return
	}
	s.tellStore(err)
	if err == nil {
		s.follow(ctx, wakers, jobs)
	}
	s.wakeOverdue()
}

// tellStore logs only when it begins and when it ends.
func (s *Scheduler) tellStore(err error) {
	failed := err != nil
	switch {
	case failed && !s.storeFailed:
		s.log.Error("jobs cannot be read, the schedule goes on with those it knows", "error", err)
	case !failed && s.storeFailed:
		s.log.Info("jobs can be read again")
	}
	s.storeFailed = failed
}

func (s *Scheduler) follow(ctx context.Context, wakers gocron.Scheduler, jobs []models.Job) {
	wanted := map[string]bool{}
	for _, job := range jobs {
		if job.Cron == "" || job.RemovedAt != nil {
			continue
		}
		wanted[job.ID] = true
		s.place(ctx, wakers, job)
	}
	for id, e := range s.entries {
		if !wanted[id] {
			s.drop(wakers, e)
			s.log.Info("job is no longer scheduled", "job_id", id)
		}
	}
	for id := range s.refused {
		if !wanted[id] {
			delete(s.refused, id)
		}
	}
}

// place gives a job its entry, a new one when its cron or time zone changed. A
// new entry keeps the newest slot of the old one, so that no change of cron
// starts a slot twice, and what the old one owes.
func (s *Scheduler) place(ctx context.Context, wakers gocron.Scheduler, job models.Job) {
	key := job.Cron + "\n" + job.Timezone
	old, there := s.entries[job.ID]
	if there && old.key == key || s.refused[job.ID] == key {
		return
	}
	when, err := cron.Parse(job.Cron, job.Timezone)
	if err != nil {
		s.refuse(wakers, job, key, err)
		return
	}
	delete(s.refused, job.ID)
	e := newBackupEntry(s, job.ID, key, when)
	if there {
		e.follow(old)
		s.drop(wakers, old)
	}
	if err := e.add(ctx, wakers); err != nil {
		s.log.Error("job cannot be scheduled", "job_id", job.ID, "error", err)
		return
	}
	s.mu.Lock()
	s.entries[job.ID] = e
	s.mu.Unlock()
	s.log.Info("job is scheduled", "job_id", job.ID, "cron", job.Cron, "timezone", job.Timezone, "next", when.Next(s.clock.Now()))
}

func (s *Scheduler) refuse(wakers gocron.Scheduler, job models.Job, key string, err error) {
	s.refused[job.ID] = key
	if old, there := s.entries[job.ID]; there {
		s.drop(wakers, old)
	}
	s.log.Error("job cannot be scheduled", "job_id", job.ID, "error", err)
}

func (s *Scheduler) drop(wakers gocron.Scheduler, e *backupEntry) {
	s.mu.Lock()
	delete(s.entries, e.jobID)
	s.mu.Unlock()
	if err := wakers.RemoveJob(e.waker.ID()); err != nil {
		s.log.Error("entry cannot be removed", "job_id", e.jobID, "error", err)
	}
}

// wakeOverdue wakes entries whose timer did not: timers stand still while a
// machine sleeps, and do not know that the clock was set.
func (s *Scheduler) wakeOverdue() {
	for id, e := range s.entries {
		if !e.overdue() {
			continue
		}
		if err := e.waker.RunNow(); err != nil {
			s.log.Warn("overdue job could not be woken, trying again soon", "job_id", id, "error", err)
		}
	}
}
