package schedule

import (
	"time"

	"github.com/backupman/backupman/models"
)

// Stretch has the slots of a job within a stretch of time.
type Stretch struct {
	// At are the first of them, in order.
	At []time.Time
	// More says that there are others after them, of which Last is the newest.
	More bool
	Last time.Time
}

// BackupSlots returns at most so many slots of a job's backups from a moment on and before
// another, as its row says, for who runs no schedule; also of a job that is paused.
func BackupSlots(job models.Job, from, to time.Time, most int) Stretch {
	if job.Cron == "" {
		return Stretch{}
	}
	p, err := backupPlan(job)
	if err != nil {
		return Stretch{}
	}
	return p.between(from, to, most)
}

// DrillSlots are the same of a job's scheduled drills.
func DrillSlots(job models.Job, from, to time.Time, most int) Stretch {
	if job.DrillCron == "" {
		return Stretch{}
	}
	p, err := drillPlan(job)
	if err != nil {
		return Stretch{}
	}
	return p.between(from, to, most)
}

func (p plan) between(from, to time.Time, most int) Stretch {
	var s Stretch
	p.slots(from.Add(-time.Second), to.Add(-time.Second), func(slot time.Time) bool {
		if len(s.At) == most {
			s.More = true
			return false
		}
		s.At = append(s.At, slot)
		return true
	})
	if s.More {
		s.Last, _ = p.when.Latest(s.At[len(s.At)-1], to.Add(-time.Second))
	}
	return s
}
