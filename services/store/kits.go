package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// TakeKit notes that somebody has taken the recovery kit for an encryption. It returns
// models.ErrNotFound for a job that is not there, and models.ErrConflict when the job is
// encrypted in another way meanwhile.
func (s *Store) TakeKit(ctx context.Context, jobID, fingerprint string, at time.Time) error {
	return s.write(ctx, "note that the recovery kit of the job "+jobID+" was taken", func(tx *gorm.DB) error {
		if _, err := lockJob(tx, jobID); err != nil {
			return err
		}
		var job models.Job
		if err := tx.Take(&job, "id = ?", jobID).Error; err != nil {
			return err
		}
		if job.Encryption.Fingerprint() != fingerprint {
			return models.Conflictf("the encryption of job %q has changed meanwhile: take the recovery kit again", job.Label)
		}
		return change(tx, jobID, at, map[string]any{"kit_at": utc(at), "kit_for": fingerprint})
	})
}
