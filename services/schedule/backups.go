package schedule

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/backupman/backupman/models"
)

// Starter starts backups.
type Starter interface {
	// StartSlot starts the backup of a job for a slot. It returns
	// models.ErrConflict when another replica has started it, or when the job
	// still runs. It does not wait for the backup to end.
	StartSlot(ctx context.Context, jobID string, slot time.Time) (models.Backup, error)
}

// backupsOf is the timetable of backups.
func backupsOf(starter Starter) *timetable {
	return &timetable{
		work: "backup",
		cron: func(j models.Job) string { return j.Cron },
		start: func(ctx context.Context, log *slog.Logger, jobID string, slot time.Time) bool {
			backup, err := starter.StartSlot(ctx, jobID, slot)
			switch {
			case errors.Is(err, models.ErrConflict):
				log.Info("scheduled backup was not started here", "reason", err)
			case errors.Is(err, models.ErrNotFound):
				log.Error("scheduled backup could not be started", "error", err)
			case err != nil:
				log.Error("scheduled backup could not be started, trying again soon", "error", err)
				return false
			default:
				log.Info("scheduled backup started", "backup_id", backup.ID)
			}
			return true
		},
	}
}

// NextRun returns the next slot of a job's backups; ok is false when it has none.
func (s *Scheduler) NextRun(jobID string) (slot time.Time, ok bool) {
	return s.backups.next(jobID)
}

// lookBack is how far back a previous slot is looked for, step by step, so that
// the usual question stays cheap. The last reaches over the eight years between
// two leap days.
var lookBack = []time.Duration{24 * time.Hour, 40 * 24 * time.Hour, 9 * 366 * 24 * time.Hour}

// PreviousRun returns the newest slot of a job's backups that is not after a time; ok is
// false when it has none. It says when a run was due, not that there was one.
func (s *Scheduler) PreviousRun(jobID string, until time.Time) (slot time.Time, ok bool) {
	e := s.backups.entry(jobID)
	if e == nil {
		return time.Time{}, false
	}
	for _, window := range lookBack {
		if slot, ok = e.when.Latest(until.Add(-window), until); ok {
			return slot, true
		}
	}
	return time.Time{}, false
}
