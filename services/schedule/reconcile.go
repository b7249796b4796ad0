package schedule

import (
	"context"

	"github.com/go-co-op/gocron/v2"
)

// reconcile makes the entries follow the jobs. While the jobs cannot be read
// the entries stay as they are.
func (s *Scheduler) reconcile(ctx context.Context, wakers gocron.Scheduler) {
	jobs, err := s.store.Jobs(ctx)
	if ctx.Err() != nil {
		return
	}
	s.tellStore(err)
	for _, t := range s.timetables() {
		if err == nil {
			t.follow(ctx, wakers, jobs)
		}
		t.wakeOverdue()
	}
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
