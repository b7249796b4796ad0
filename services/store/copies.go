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
// of which a copy is due to be made again by itself, the longest due first. Those whose
// spool lies elsewhere are left to the servers there, as long as one was seen within a
// while, and for ever when there is no other copy to make theirs from. What was cancelled
// is not made by itself.
func (s *Store) HealDue(ctx context.Context, here models.Place, now time.Time, limit int) ([]string, error) {
	ids := []string{}
	elsewhere := s.read(ctx).Where(s.nobodyOn("backups.spool_node", here.Patience)).
		Where("EXISTS (SELECT 1 FROM drive_files AS good WHERE good.backup_id = backups.id AND good.status = ?)", models.StatusFinished)
	err := s.read(ctx).Model(&models.DriveFile{}).
		Joins("JOIN backups ON backups.id = drive_files.backup_id").
		Where("drive_files.heal_at <= ? AND drive_files.status = ?", utc(now), models.StatusFailed).
		Where("backups.status = ? AND backups.dumped_at IS NOT NULL AND backups.cancel_asked_at IS NULL", models.StatusFailed).
		Where(s.read(ctx).Where("backups.spool_node IN ?", []string{"", here.Node}).Or(elsewhere)).
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
		// When it failed stays: a copy that changes after its backup has settled was lost.
		return due.UpdateColumns(map[string]any{"heal_at": next, "heals": gorm.Expr("heals + 1")}).Error
	})
}

// HealDrive makes the failed copies on a drive due at a moment: the drive is known to
// work again. Those that failed before the other moment, that were made again too
// often, or whose dump is not proven stay as they are.
func (s *Store) HealDrive(ctx context.Context, driveID string, since, at time.Time) error {
	return s.write(ctx, "heal the copies on the drive "+driveID, func(tx *gorm.DB) error {
		failed := tx.Model(&models.DriveFile{}).Where("drive_id = ? AND status = ? AND heals < ?", driveID, models.StatusFailed, models.MaxHeals)
		later := failed.Where("COALESCE(updated_at, created_at) >= ? AND (heal_at IS NULL OR heal_at > ?)", utc(since), utc(at))
		proven := later.Where("EXISTS (SELECT 1 FROM backups WHERE backups.id = drive_files.backup_id AND backups.dumped_at IS NOT NULL)")
		return proven.UpdateColumn("heal_at", utc(at)).Error
	})
}

// FailedCopies returns the failed copies of settled backups on a drive, or on all with an
// empty id, that were made since a moment, at most limit, newest first.
func (s *Store) FailedCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error) {
	copies := []models.DriveFile{}
	failed := s.read(ctx).Joins("JOIN backups ON backups.id = drive_files.backup_id AND backups.status <> ?", models.StatusPending).
		Where("drive_files.status = ? AND drive_files.created_at >= ?", models.StatusFailed, utc(since))
	if driveID != "" {
		failed = failed.Where("drive_files.drive_id = ?", driveID)
	}
	err := failed.Order("drive_files.id DESC").Limit(limit).Find(&copies).Error
	return copies, s.fault("list failed copies", err)
}

// SampleCopies returns finished copies on a drive, at most limit, those that were never or
// longest ago read back first, and none that was since a moment. Those that could not be
// read are left out: they are read again beside the sample, see UnreadCopies.
func (s *Store) SampleCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error) {
	copies := []models.DriveFile{}
	err := s.read(ctx).Clauses(filesByDrive).
		Where("drive_id = ? AND status = ? AND (verified_at IS NULL OR verified_at < ?) AND unread_at IS NULL", driveID, models.StatusFinished, utc(since)).
		Order("verified_at").Limit(limit).Find(&copies).Error
	return copies, s.fault("choose copies to read back", err)
}

// NewestCopy returns the finished copy on a drive of the newest backup, or
// models.ErrNotFound; those that could not be read are left out. Ids grow with time, RFC 9562 (version 7).
func (s *Store) NewestCopy(ctx context.Context, driveID string) (models.DriveFile, error) {
	var copies []models.DriveFile
	err := s.read(ctx).Clauses(filesByDrive).Where("drive_id = ? AND status = ? AND unread_at IS NULL", driveID, models.StatusFinished).
		Order("id DESC").Limit(1).Find(&copies).Error
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
		return file.Updates(readable(map[string]any{"verified_at": utc(at), "updated_at": models.Now()})).Error
	})
}

// LoseCopy records that a finished copy is missing, damaged or unreadable; its backup has failed
// then, and is healed by itself even if its run was cancelled. It returns models.ErrConflict when the backup is pending, or has been tried
// again since the copy was looked at, for that attempt has seen to the copy itself, and
// models.ErrNotFound when the backup or the copy was removed meanwhile.
func (s *Store) LoseCopy(ctx context.Context, lost models.LostCopy) error {
	return s.write(ctx, "record that a copy of the backup "+lost.BackupID+" is lost", func(tx *gorm.DB) error {
		looked := tx.Model(&models.Backup{}).Where("id = ? AND status <> ? AND attempt = ?", lost.BackupID, models.StatusPending, lost.Attempt)
		err := changedOr(looked.Updates(map[string]any{
			"status": models.StatusFailed, "error": storable(lost.BackupError, textLimit), "cancel_asked_at": nil,
			"dump_path":  gorm.Expr("CASE WHEN dump_path = (SELECT path FROM drive_files WHERE id = ?) THEN NULL ELSE dump_path END", lost.DriveFileID),
			"updated_at": models.Now(),
		}), func() error { return staleLook(tx, lost.BackupID) })
		if err != nil {
			return err
		}
		file := tx.Model(&models.DriveFile{}).Where("id = ? AND backup_id = ? AND status = ?", lost.DriveFileID, lost.BackupID, models.StatusFinished)
		return changedOr(file.Updates(readable(map[string]any{
			"status": models.StatusFailed, "error": storable(lost.Error, textLimit), "heal_at": utc(lost.HealAt), "heals": 0,
			"verified_at": nil, "updated_at": models.Now(),
		})), func() error { return staleCopy(tx, lost.DriveFileID) })
	})
}

// staleLook says why what was seen of a backup's copy is not written down.
func staleLook(tx *gorm.DB, backupID string) error {
	if _, err := lockBackup(tx, backupID); err != nil {
		return err
	}
	return models.Conflictf("the backup %s runs, or ran again meanwhile: look at its copies again when it has settled", backupID)
}

func staleCopy(tx *gorm.DB, driveFileID string) error {
	var there []models.DriveFile
	if err := tx.Select("backup_id").Limit(1).Find(&there, "id = ?", driveFileID).Error; err != nil {
		return err
	}
	if len(there) == 0 {
		return models.NotFoundf("the copy %s was removed meanwhile", driveFileID)
	}
	return models.Conflictf("the copy %s of the backup %s is not called finished any more", driveFileID, there[0].BackupID)
}
