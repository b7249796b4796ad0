package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// InsertRestore records a restore that begins. It returns models.ErrConflict when
// another into the same target has not ended, for the two would mix there, and
// models.ErrNotFound when its backup was removed meanwhile.
func (s *Store) InsertRestore(ctx context.Context, r models.Restore) error {
	if r.Status == "" {
		r.Status = models.StatusPending
	}
	if r.Phase == "" {
		r.Phase = models.RestoreQueued
	}
	r.CreatedAt, r.SeenAt, r.SettledAt = utcOrNow(r.CreatedAt), utcOrNil(r.SeenAt), utcOrNil(r.SettledAt)
	r.Error, r.Warnings = storable(r.Error, textLimit), storable(r.Warnings, textLimit)
	return s.write(ctx, "record the restore "+r.ID, func(tx *gorm.DB) error {
		if err := mayRead(tx, r.BackupID); err != nil {
			return err
		}
		if err := mayRestore(tx, r); err != nil {
			return err
		}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		return s.markSeen(tx, restoreRun, r.ID, r.SeenAt)
	})
}

// mayRead keeps a backup from being removed before it is known who reads it. A restore
// of an uploaded file has none.
func mayRead(tx *gorm.DB, backupID string) error {
	if backupID == "" {
		return nil
	}
	_, err := lockBackup(tx, backupID)
	return err
}

// mayRestore lets the restores into the databases of one source take turns to ask.
// Files need no turn: whoever makes one finds that it is there.
func mayRestore(tx *gorm.DB, r models.Restore) error {
	if r.TargetSourceID == "" {
		return nil
	}
	var sources []models.Source
	if err := forUpdate(tx).Select("id").Find(&sources, "id = ?", r.TargetSourceID).Error; err != nil {
		return err
	}
	var others []models.Restore
	same := tx.Where(restoreRun.running).Where("target_source_id = ? AND target_name = ?", r.TargetSourceID, r.TargetName)
	err := same.Limit(1).Find(&others).Error
	if err != nil || len(others) == 0 {
		return err
	}
	return models.Conflictf("a restore into %s is under way: wait until %s has finished or failed", r.TargetName, others[0].ID)
}

// SettleRestore ends a restore as finished or failed. One that finished and is of a
// whole backup tells the backup how long it took. It returns models.ErrConflict when
// the restore has ended before.
func (s *Store) SettleRestore(ctx context.Context, id string, status models.Status, sentence, warnings string, took time.Duration, at time.Time) error {
	if !status.Settled() {
		return models.Invalidf("the restore %s cannot end as %q: it ends as finished or failed", id, status)
	}
	r, err := s.Restore(ctx, id)
	if err != nil {
		return err
	}
	return s.write(ctx, "settle the restore "+id, func(tx *gorm.DB) error {
		changed := restoreRun.unsettled(tx).Where("id = ?", id).Updates(map[string]any{
			"status": status, "error": storable(sentence, textLimit), "warnings": storable(warnings, textLimit),
			"restore_took": took, "settled_at": utcOrNow(at),
		})
		if err := changedOr(changed, func() error { return restoreRun.whyNotHeld(tx, id) }); err != nil {
			return err
		}
		if status != models.StatusFinished || !r.Whole() || took <= 0 {
			return nil
		}
		backup := tx.Model(&models.Backup{}).Where("id = ?", r.BackupID)
		return backup.Updates(map[string]any{"restore_took": took, "updated_at": models.Now()}).Error
	})
}

// SaveRestoreProgress records a heartbeat of the runner that makes a restore, and
// reports whether somebody wants it to stop. It returns models.ErrConflict when the
// restore has ended meanwhile or is another runner's.
func (s *Store) SaveRestoreProgress(ctx context.Context, id, runnerID string, p models.RunProgress) (cancelAsked bool, err error) {
	return s.beat(ctx, restoreRun, id, runnerID, map[string]any{
		"phase": string(p.Phase), "drive_file_id": p.DriveFileID, "done": p.Done, "total": p.Total,
		"safety_backup_id": p.SafetyBackupID,
	})
}

// AskRestoreCancel notes that somebody wants a restore to stop. It returns
// models.ErrConflict when it has ended.
func (s *Store) AskRestoreCancel(ctx context.Context, id string) error {
	return s.askCancel(ctx, restoreRun, id)
}

// Restore returns one restore, or models.ErrNotFound.
func (s *Store) Restore(ctx context.Context, id string) (models.Restore, error) {
	return first[models.Restore](s, s.read(ctx).Where("id = ?", id), "read a restore", restoreRun.missing(id))
}

// Restores returns at most limit restores, newest first, starting after the cursor.
func (s *Store) Restores(ctx context.Context, f models.RestoreFilter, after models.Cursor, limit int) ([]models.Restore, error) {
	query := s.read(ctx)
	if len(f.JobIDs) > 0 {
		query = query.Where("backup_id IN (?)", ofJobs(s.read(ctx).Model(&models.Backup{}), f.JobIDs).Select("id"))
	}
	if f.BackupID != "" {
		query = query.Where("backup_id = ?", f.BackupID)
	}
	if f.Status != "" {
		query = query.Where("status = ?", f.Status)
	}
	return page[models.Restore](s, query, restoreRun.noun, after, limit)
}

// SilentRestores returns the restores that have not ended and whose runner gave no
// sign of life for so long, oldest first.
func (s *Store) SilentRestores(ctx context.Context, within time.Duration) ([]models.Restore, error) {
	restores := []models.Restore{}
	err := s.silent(ctx, restoreRun, within).Find(&restores).Error
	return restores, s.fault("look for restores whose runner has died", err)
}
