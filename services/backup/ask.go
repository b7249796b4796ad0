package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// dumpIsKept reports whether the proven dump can still be had: from the spool, here or
// on a node that has a server, or from a finished copy that is still on its drive. It returns
// models.ErrConflict when only a drive that does not answer could tell: a dump
// made anew would replace what that drive may still hold.
func (s *Service) dumpIsKept(ctx context.Context, b models.Backup) (bool, error) {
	if b.DumpedAt == nil {
		return false, nil
	}
	if info, err := os.Stat(s.spoolPath(b)); err == nil && info.Size() == b.Size {
		return true, nil
	}
	if left, err := s.isLeftElsewhere(ctx, b); left || err != nil {
		return left, err
	}
	var silent error
	for _, f := range b.DriveFiles {
		if f.Status != models.StatusFinished {
			continue
		}
		there, err := s.isThere(ctx, f, b.Size)
		if there {
			return true, nil
		}
		silent = errors.Join(silent, err)
	}
	if silent != nil {
		return false, models.Conflictf("backup %s has a good copy on a drive that cannot be asked now (%v): try again when it answers, or run the job again for a new backup", b.ID, sentence(silent))
	}
	return false, nil
}

// askTime bounds how long a drive is asked whether it has a copy, or works. People wait
// for the answer, and so do the copies on other drives.
const askTime = 30 * time.Second

// isThere reports whether a drive still has a copy of the right length. The error
// is for a drive that could not tell.
func (s *Service) isThere(ctx context.Context, f models.DriveFile, size int64) (bool, error) {
	there := false
	err := s.ask(ctx, f.DriveID, func(ctx context.Context, d drive.Drive) error {
		stored, err := d.Stat(ctx, f.Key)
		if isGone(ctx, d, err) {
			return nil
		}
		there = err == nil && stored.Size == size
		return err
	})
	return there, err
}

// works returns nil when a drive passes its check.
func (s *Service) works(ctx context.Context, driveID string) error {
	return s.ask(ctx, driveID, func(ctx context.Context, d drive.Drive) error {
		_, err := d.Check(ctx)
		return err
	})
}

// ask asks a drive something, within askTime.
func (s *Service) ask(ctx context.Context, driveID string, question func(ctx context.Context, d drive.Drive) error) error {
	within, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	d, row, err := s.catalog.OpenDrive(within, driveID)
	if err != nil {
		return err
	}
	err = question(within, d)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("drive %q did not answer within %s: %w", row.Label, askTime, err)
	}
	return err
}
