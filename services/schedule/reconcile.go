package schedule

import "context"

// follow reads the jobs again, at once and every two seconds and when somebody asks for
// it, until the context ends. Ticks do not wait for it: the database may be slow.
func (s *Scheduler) follow(ctx context.Context) {
	ticker := s.clock.NewTicker(reconcileEvery)
	defer ticker.Stop()
	for {
		s.reconcile(ctx)
		s.tick(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
		case <-s.changed:
		}
	}
}

// reconcile makes the entries follow the jobs. While the jobs cannot be read
// the entries stay as they are.
func (s *Scheduler) reconcile(ctx context.Context) {
	jobs, err := s.store.Jobs(ctx)
	if ctx.Err() != nil {
		return
	}
	s.tellStore(err)
	if err != nil {
		return
	}
	for _, t := range s.timetables() {
		t.follow(jobs)
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
