package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
)

// Verify reads finished copies of a backup back, all or the one named, and compares
// them with the dump that was proven. A copy that is missing or damaged, or that cannot be
// read for long (see unread.go), is no longer called finished, and neither is its backup,
// until it has been healed.
func (s *Service) Verify(ctx context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error) {
	b, err := s.store.Backup(ctx, backupID)
	if err != nil {
		return nil, err
	}
	if b.Status == models.StatusPending {
		return nil, models.Conflictf("backup %s is still running: its copies are compared before it is called finished", b.ID)
	}
	var verdicts []models.CopyVerdict
	for _, f := range b.DriveFiles {
		if f.Status != models.StatusFinished || driveFileID != "" && f.ID != driveFileID {
			continue
		}
		v, err := s.verify(ctx, b, f)
		if err != nil {
			return verdicts, err
		}
		verdicts = append(verdicts, v)
	}
	if len(verdicts) == 0 {
		return nil, models.NotFoundf("backup %s has no finished copy to read back", backupID)
	}
	return verdicts, nil
}

// verify reads one copy back. The error is for what was found and could not be
// written down.
func (s *Service) verify(ctx context.Context, b models.Backup, f models.DriveFile) (models.CopyVerdict, error) {
	v := models.CopyVerdict{DriveFileID: f.ID, DriveID: f.DriveID}
	d, row, err := s.catalog.OpenDrive(ctx, f.DriveID)
	if err == nil {
		err = readBack(ctx, d, f.Key, b)
	}
	switch {
	case err == nil:
		v.Identical = true
		s.mendManifest(ctx, d, b, f)
		return v, s.store.VerifyCopy(ctx, f.ID, models.Now())
	case d != nil && (isDamaged(err) || isGone(ctx, d, err)):
		v.Lost, v.Error = true, sentence(err)
	case d != nil && isUnreadable(ctx, d, err):
		v.Error = sentence(err)
		if why := unreadTooOften(f, v.Error, models.Now()); why != "" {
			v.Lost, v.Error = true, why
		}
	default:
		v.Error = sentence(err)
		return v, nil
	}
	if !v.Lost {
		s.log.Warn("a copy could not be read though its drive works", "backup_id", b.ID, "drive_id", f.DriveID, "error", err)
		return v, s.store.UnreadCopy(ctx, f.ID, models.Now(), v.Error)
	}
	s.log.Error("a copy is lost", "backup_id", b.ID, "drive_id", f.DriveID, "error", err)
	why := fmt.Sprintf("the copy on %s is lost (%s): it is made again from a good copy when there is one", row.Label, v.Error)
	return v, s.store.LoseCopy(ctx, models.LostCopy{BackupID: b.ID, DriveFileID: f.ID, Attempt: b.Attempt,
		Error: v.Error, BackupError: why, HealAt: models.Now()})
}

// isGone reports whether a copy is missing from a drive that works. A drive that is
// away, such as a disk that is not mounted, holds what it held.
func isGone(ctx context.Context, d drive.Drive, err error) bool {
	return errors.Is(err, models.ErrNotFound) && works(ctx, d)
}

// checkTime is how long a drive may take to say that it works.
const checkTime = 90 * time.Second

// works asks a drive whether it works. One that says nothing does not.
func works(ctx context.Context, d drive.Drive) bool {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	_, err := d.Check(ctx)
	return err == nil
}

// mendManifest writes the manifest beside a copy again when somebody removed it.
func (s *Service) mendManifest(ctx context.Context, d drive.Drive, b models.Backup, f models.DriveFile) {
	_, err := d.Stat(ctx, archive.ManifestKey(f.Key))
	if errors.Is(err, models.ErrNotFound) {
		if s.isRemoved(ctx, f) {
			return
		}
		s.log.Warn("a manifest is missing and is written again", "backup_id", b.ID, "drive_id", f.DriveID)
		err = s.putManifest(ctx, d, b.ID, f.Key)
		if s.isRemoved(ctx, f) { // while it was written
			err = d.Delete(ctx, archive.ManifestKey(f.Key))
		}
	}
	if err != nil {
		s.log.Warn("a manifest could not be looked after", "backup_id", b.ID, "drive_id", f.DriveID, "error", err)
	}
}

// isRemoved reports whether a copy is known not to belong to its backup any more.
func (s *Service) isRemoved(ctx context.Context, f models.DriveFile) bool {
	b, err := s.store.Backup(ctx, f.BackupID)
	if err != nil {
		return errors.Is(err, models.ErrNotFound)
	}
	return !slices.ContainsFunc(b.DriveFiles, func(other models.DriveFile) bool { return other.ID == f.ID })
}
