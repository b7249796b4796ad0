package schedule

import (
	"time"

	"github.com/backupman/backupman/models"
)

// NextRuns returns the next n slots of a job's backups as its row says, which the schedule
// itself reads only now and then; nil when it has none, is paused, or is not scheduled here.
func (s *Scheduler) NextRuns(job models.Job, n int) []time.Time {
	if s.backups.entry(job.ID) == nil {
		return nil
	}
	return NextSlots(job, s.backups.now(), n)
}

// NextRun returns the next slot of a job's backups; ok is false when it has none, or is
// paused.
func (s *Scheduler) NextRun(jobID string) (slot time.Time, ok bool) {
	return first(s.backups.coming(jobID, 1))
}

// PreviousRun returns the newest slot of a job's backups that is not after a time; ok is
// false when it has none. It says when a run was due, not that there was one.
func (s *Scheduler) PreviousRun(jobID string, until time.Time) (slot time.Time, ok bool) {
	e := s.backups.entry(jobID)
	if e == nil {
		return time.Time{}, false
	}
	return e.view().plan.previous(until)
}

// NextDrill returns the next slot of a job's drills; ok is false when it has none, or is
// paused.
func (s *Scheduler) NextDrill(jobID string) (slot time.Time, ok bool) {
	if s.drills == nil {
		return time.Time{}, false
	}
	return first(s.drills.coming(jobID, 1))
}

func (t *timetable) coming(jobID string, n int) []time.Time {
	e := t.entry(jobID)
	if e == nil {
		return nil
	}
	s := e.view()
	if s.job.PausedAt != nil {
		return nil
	}
	after, now := s.taken, t.now()
	if after.Sub(now) > setBack {
		after = now
	}
	return s.plan.coming(later(now, after), n)
}

func first(slots []time.Time) (time.Time, bool) {
	if len(slots) == 0 {
		return time.Time{}, false
	}
	return slots[0], true
}
