package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// PauseJob stops a job's schedule; backups that were asked for go on. It returns
// models.ErrConflict when the job is paused already, and models.ErrNotFound when there
// is no such job.
func (s *Store) PauseJob(ctx context.Context, jobID string, at time.Time) error {
	return s.write(ctx, "pause the job "+jobID, func(tx *gorm.DB) error {
		job, err := lockJob(tx, jobID)
		if err != nil {
			return err
		}
		if job.PausedAt != nil {
			return models.Conflictf("the job %s has been paused since %s", job.Label, job.PausedAt.UTC().Format(time.RFC3339))
		}
		return change(tx, jobID, at, map[string]any{"paused_at": utc(at)})
	})
}

// ResumeJob lets a job's schedule go on: its slots count again from then on, and what
// came due while it was paused is owed by nobody. It returns models.ErrConflict when the
// job is not paused, and models.ErrNotFound when there is no such job.
func (s *Store) ResumeJob(ctx context.Context, jobID string, at time.Time) error {
	return s.write(ctx, "resume the job "+jobID, func(tx *gorm.DB) error {
		job, err := lockJob(tx, jobID)
		if err != nil {
			return err
		}
		if job.PausedAt == nil {
			return models.Conflictf("the job %s is not paused", job.Label)
		}
		return change(tx, jobID, at, map[string]any{"paused_at": nil, "slots_from": utc(at)})
	})
}

func change(tx *gorm.DB, jobID string, at time.Time, values map[string]any) error {
	values["updated_at"] = utc(at)
	return tx.Model(&models.Job{}).Where("id = ?", jobID).UpdateColumns(values).Error
}
