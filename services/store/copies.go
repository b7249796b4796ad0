package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// filesByDrive is the index of drive files by drive, status and when they were read back.
const filesByDrive index = "idx_drive_files_drive"

// HealDue returns the ids of failed backups, at most limit, whose dump is proven and
// of which a copy is due to be made again by itself, the longest due first.
func (s *Store) HealDue(ctx context.Context, now time.Time, limit int) ([]string, error) {
	ids := []string{}
	err := s.read(ctx).Model(&models.DriveFile{}).
		Joins("JOIN backups ON backups.id = drive_files.backup_id").
		Where("drive_files.heal_at <= ? AND drive_files.status = ?", utc(now), models.StatusFailed).
		Where("backups.status = ? AND backups.dumped_at IS NOT NULL", models.StatusFailed).
		Group("drive_files.backup_id").Order("MIN(drive_files.heal_at)").Limit(limit).
		Pluck("drive_files.backup_id", &ids).Error
	return ids, s.fault("look for copies to heal", err)
}

// PostponeHeal puts the healing of a backup's copies that are due off. With a zero
// time nothing heals them by itself any more.
func (s *Store) PostponeHeal(ctx context.Context, backupID string, until time.Time) error {
	var next *time.Time
	if !until.IsZero() {
		next = utcOrNil(&until)
	}
	return s.write(ctx, "put off the healing of the backup "+backupID, func(tx *gorm.DB) error {
		due := tx.Model(&models.DriveFile{}).Where("backup_id = ? AND status = ? AND heal_at IS NOT NULL", backupID, models.StatusFailed)
		return due.Updates(map[string]any{"heal_at": next, "heals": gorm.Expr("heals + 1"), "updated_at": models.Now()}).Error
	})
}

// HealDrive makes every failed copy on a drive due at a moment, of backups made
// since another one: the drive is known to work again.
func (s *Store) HealDrive(ctx context.Context, driveID string, since, at time.Time) error {
	return s.write(ctx, "heal the copies on the drive "+driveID, func(tx *gorm.DB) error {
		failed := tx.Model(&models.DriveFile{}).Where("drive_id = ? AND status = ? AND created_at >= ?", driveID, models.StatusFailed, utc(since))
		later := failed.Where("heal_at IS NULL OR heal_at > ?", utc(at))
		return later.Updates(map[string]any{"heal_at": utc(at), "updated_at": models.Now()}).Error
	})
}

// FailedCopies returns the failed copies on a drive of settled backups that were made
// since a moment, at most limit, newest first.
func (s *Store) FailedCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error) {
	copies := []models.DriveFile{}
	err := s.read(ctx).Joins("JOIN backups ON backups.id = drive_files.backup_id AND backups.status <> ?", models.StatusPending).
		Where("drive_files.drive_id = ? AND drive_files.status = ? AND drive_files.created_at >= ?", driveID, models.StatusFailed, utc(since)).
		Order("drive_files.id DESC").Limit(limit).Find(&copies).Error
	return copies, s.fault("list the failed copies on a drive", err)
}

// SampleCopies returns finished copies on a drive, at most limit, those that were
// read back longest ago first, and none that was since a moment.
func (s *Store) SampleCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error) {
	copies := []models.DriveFile{}
	err := s.read(ctx).Clauses(filesByDrive).
		Where("drive_id = ? AND status = ? AND verified_at < ?", driveID, models.StatusFinished, utc(since)).
		Order("verified_at").Limit(limit).Find(&copies).Error
	return copies, s.fault("choose copies to read back", err)
}

// NewestCopy returns the newest finished copy on a drive, or models.ErrNotFound.
func (s *Store) NewestCopy(ctx context.Context, driveID string) (models.DriveFile, error) {
	var copies []models.DriveFile
	err := s.read(ctx).Where("drive_id = ? AND status = ?", driveID, models.StatusFinished).
		Order("verified_at DESC").Limit(1).Find(&copies).Error
	if err == nil && len(copies) == 0 {
		return models.DriveFile{}, models.NotFoundf("the drive %s holds no copy yet", driveID)
	}
	return append(copies, models.DriveFile{})[0], s.fault("find the newest copy on a drive", err)
}

// VerifyCopy records that a copy was read back and found identical. A copy that is
// not called finished stays what it is.
func (s *Store) VerifyCopy(ctx context.Context, driveFileID string, at time.Time) error {
	return s.write(ctx, "record that a copy was read back", func(tx *gorm.DB) error {
		file := tx.Model(&models.DriveFile{}).Where("id = ? AND status = ?", driveFileID, models.StatusFinished)
		return file.Updates(map[string]any{"verified_at": utc(at), "updated_at": models.Now()}).Error
	})
}

// LoseCopy records that a finished copy is missing or damaged, and when it is to be
// made again; its backup has failed then, with the given sentence. It returns
// models.ErrConflict when the backup is pending: its own run will find out.
func (s *Store) LoseCopy(ctx context.Context, backupID, driveFileID, why, backupWhy string, healAt time.Time) error {
	return s.write(ctx, "record that a copy of the backup "+backupID+" is lost", func(tx *gorm.DB) error {
		settled := tx.Model(&models.Backup{}).Where("id = ? AND status <> ?", backupID, models.StatusPending)
		changed := settled.Updates(map[string]any{"status": models.StatusFailed, "error": storable(backupWhy, textLimit), "updated_at": models.Now()})
		err := changedOr(changed, func() error {
			return models.Conflictf("the backup %s is running or gone: look at it again when it has settled", backupID)
		})
		if err != nil {
			return err
		}
		file := tx.Model(&models.DriveFile{}).Where("id = ? AND backup_id = ? AND status = ?", driveFileID, backupID, models.StatusFinished)
		return file.Updates(map[string]any{"status": models.StatusFailed, "error": storable(why, textLimit), "heal_at": utc(healAt), "heals": 0,
			"verified_at": nil, "updated_at": models.Now()}).Error
	})
}
