package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/backupman/backupman/models"
)

// failOverdue ends backups that waited in the queue until the window of their job had
// closed.
func (s *Service) failOverdue(ctx context.Context) error {
	for ctx.Err() == nil {
		b, before, err := s.store.NextOverdue(ctx)
		if errors.Is(err, models.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.claim(ctx, b.ID, ""); err != nil {
			return ignoreConflict(err)
		}
		err = s.settleOverdue(ctx, b, s.tooLate(ctx, b, before))
		s.deactivate(b.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// tooLate is what is said of a backup that could not start in time.
func (s *Service) tooLate(ctx context.Context, b models.Backup, before int) string {
	window := "its window"
	if job, err := s.catalog.Job(ctx, b.JobID); err == nil && job.Window != "" {
		window = "its window " + job.Window
	}
	waited := "no server took it from the queue"
	if before > 0 {
		waited = fmt.Sprintf("backups before it were still running or waiting (%d)", before)
	}
	if b.Attempt > 1 { // it was put back when its server ended
		return fmt.Sprintf("%s closed before it could start again, after the server that had begun it was stopped: the next run is as scheduled, and retry starts this one now", window)
	}
	return fmt.Sprintf("%s closed before it could start, because %s: widen the window, spread the jobs or raise the limits; the next run is as scheduled, and retry starts this one now", window, waited)
}

// failPending fails the copies of a held backup that never began, and says why.
func (s *Service) failPending(ctx context.Context, b models.Backup, why string) error {
	for _, f := range b.DriveFiles {
		if f.Status != models.StatusPending {
			continue
		}
		change := models.DriveFileChange{Status: models.StatusFailed, Error: why, Heals: f.Heals}
		if err := s.store.ChangeDriveFile(ctx, b.ID, f.ID, s.runner.id(), change); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) settleOverdue(ctx context.Context, b models.Backup, text string) error {
	if err := s.failPending(ctx, b, "nothing was stored, because the backup was not started"); err != nil {
		return err
	}
	s.log.Warn("a backup was not started in time", "backup_id", b.ID, "job", b.Label)
	return s.store.Settle(ctx, b.ID, s.runner.id(), models.Settlement{Status: models.StatusFailed, Error: text, At: models.Now()})
}
