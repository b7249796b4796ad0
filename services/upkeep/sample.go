package upkeep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// sampleEvery is how often copies on a drive are read back, by its setting. What is not
// in it is never.
var sampleEvery = map[string]time.Duration{
	"":                  7 * 24 * time.Hour,
	drive.SampleWeekly:  7 * 24 * time.Hour,
	drive.SampleMonthly: 30 * 24 * time.Hour,
}

// SampleDue reads copies back on the drives where that is due and that work, those that could
// not be read lately first. Of several replicas one reads each.
func (s *Service) SampleDue(ctx context.Context) error {
	return s.each(ctx, "read copies back from", func(d models.Drive, last models.DriveCheck) error {
		every, wanted := sampleEvery[d.Settings[drive.SettingSample]]
		if !wanted || last.GoodAt == nil || !last.Good() {
			return nil
		}
		return errors.Join(s.reread(ctx, d.ID), s.sample(ctx, d.ID, every))
	})
}

// sample reads copies on a drive back when that is due. A restart in the middle of it
// leaves the rest for the next time.
func (s *Service) sample(ctx context.Context, driveID string, every time.Duration) error {
	s.sampling.Lock()
	defer s.sampling.Unlock()
	now := s.now()
	won, err := s.store.ClaimSample(ctx, driveID, now.Add(-every), now)
	if err != nil || !won {
		return err
	}
	copies, err := s.choose(ctx, driveID, now.Add(-every))
	if err != nil {
		return err
	}
	var failures []error
	for _, c := range copies {
		failures = append(failures, s.readBack(ctx, c))
	}
	return errors.Join(failures...)
}

// reread reads copies once more that could not be read lately. They hold no place of the
// sample, which is for copies of which nothing is known.
func (s *Service) reread(ctx context.Context, driveID string) error {
	s.sampling.Lock()
	defer s.sampling.Unlock()
	since := s.now().Add(-rereadEvery)
	copies, err := s.store.UnreadCopies(ctx, driveID, since, rereadsAtOnce)
	if err != nil {
		return err
	}
	var failures []error
	for _, c := range copies {
		won, err := s.store.ClaimUnread(ctx, c.ID, since, s.now())
		if err == nil && won {
			err = s.readBack(ctx, c)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// choose returns the newest copy, which is the one most likely to be needed, and those
// that were read back longest ago.
func (s *Service) choose(ctx context.Context, driveID string, since time.Time) ([]models.DriveFile, error) {
	copies, err := s.store.SampleCopies(ctx, driveID, since, sampleSize)
	if err != nil {
		return nil, err
	}
	newest, err := s.store.NewestCopy(ctx, driveID)
	if errors.Is(err, models.ErrNotFound) {
		return copies, nil
	}
	if err != nil {
		return nil, err
	}
	for _, c := range copies {
		if c.ID == newest.ID {
			return copies, nil
		}
	}
	return append(copies, newest), nil
}

func (s *Service) readBack(ctx context.Context, c models.DriveFile) error {
	verdicts, err := s.backups.Verify(ctx, c.BackupID, c.ID)
	if errors.Is(err, models.ErrConflict) || errors.Is(err, models.ErrNotFound) {
		return nil // it is being made again, or is gone
	}
	if err != nil {
		return fmt.Errorf("read a copy of the backup %s back: %w", c.BackupID, err)
	}
	for _, v := range verdicts {
		s.log.Info("copy read back", "backup_id", c.BackupID, "drive_id", v.DriveID, "identical", v.Identical, "error", v.Error)
	}
	return nil
}
