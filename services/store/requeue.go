package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// Requeue makes a failed backup pending again: its attempt grows and its failed
// drive files become pending. With redump the dump's facts and manifest are
// forgotten and every drive file becomes pending. It returns models.ErrConflict
// when the backup has not failed, or when its job has another pending backup.
func (s *Store) Requeue(ctx context.Context, id string, redump bool) error {
	b, err := s.Backup(ctx, id)
	if err != nil {
		return err
	}
	return s.write(ctx, "queue the backup "+id+" again", func(tx *gorm.DB) error {
		if err := lockJob(tx, b.JobID); err != nil {
			return err
		}
		if err := mustHaveFailed(tx, id); err != nil {
			return err
		}
		if err := mayRun(tx, b.JobID, redump); err != nil {
			return err
		}
		return requeue(tx, id, redump)
	})
}

func mustHaveFailed(tx *gorm.DB, id string) error {
	var b models.Backup
	err := tx.Select("status").Take(&b, "id = ?", id).Error
	switch {
	case isMissing(err):
		return noSuchBackup(id)
	case err != nil:
		return err
	case b.Status != models.StatusFailed:
		return models.Conflictf("the backup %s is %s: only a failed one can be tried again", id, b.Status)
	}
	return nil
}

func requeue(tx *gorm.DB, id string, redump bool) error {
	changes := map[string]any{
		"status": models.StatusPending, "phase": models.PhaseQueued, "attempt": gorm.Expr("attempt + 1"),
		"error": "", "settled_at": nil, "lease_owner": "", "lease_until": nil, "updated_at": models.Now(),
	}
	files := tx.Model(&models.DriveFile{}).Where("backup_id = ?", id)
	if redump {
		forgetDump(changes)
		if err := tx.Delete(&manifestRow{}, "backup_id = ?", id).Error; err != nil {
			return err
		}
	} else {
		files = files.Where("status = ?", models.StatusFailed)
	}
	if err := tx.Model(&models.Backup{}).Where("id = ?", id).Updates(changes).Error; err != nil {
		return err
	}
	return files.Updates(map[string]any{
		"status": models.StatusPending, "error": "", "path": nil, "size": 0, "verified_at": nil, "locked_until": nil,
		"heal_at": nil, "updated_at": models.Now(),
	}).Error
}

func forgetDump(changes map[string]any) {
	for column, value := range map[string]any{
		"raw_size": 0, "size": 0, "sha256": "", "crc64": "", "dump_path": nil, "warnings": "", "dumped_at": nil, "proven_at": nil,
	} {
		changes[column] = value
	}
}
