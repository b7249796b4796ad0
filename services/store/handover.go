package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// HandOver gives the lease of a backup whose dump is proven back, so that its copies are
// made in a new attempt. For so long it is left to the node that has the spool. It
// returns models.ErrConflict when the dump is not proven.
func (s *Store) HandOver(ctx context.Context, id, runner string, reserve time.Duration) error {
	return s.giveBack(ctx, id, runner, func(tx *gorm.DB) error {
		proven := held(tx, id, runner).Where("dumped_at IS NOT NULL").Updates(map[string]any{
			"phase": models.PhaseQueued, "attempt": gorm.Expr("attempt + 1"),
			"lease_owner": "", "lease_until": s.in(reserve), "updated_at": models.Now(),
		})
		return changedOr(proven, func() error {
			return models.Conflictf("the dump of the backup %s is not proven: it can be put back into the queue, and not handed over", id)
		})
	})
}

// PutBack puts a backup whose dump is not proven back into the queue, as if it had not
// been begun, but for its attempts, which count on. It returns models.ErrConflict when
// the dump is proven.
func (s *Store) PutBack(ctx context.Context, id, runner string) error {
	return s.giveBack(ctx, id, runner, func(tx *gorm.DB) error {
		unproven := held(tx, id, runner).Where("dumped_at IS NULL").Updates(map[string]any{
			"phase": models.PhaseQueued, "attempt": gorm.Expr("attempt + 1"), "raw_size": 0, "size": 0, "tables_done": 0, "tables_total": 0, "started_at": nil,
			"lease_owner": "", "lease_until": nil, "updated_at": models.Now(),
		})
		return changedOr(unproven, func() error {
			return models.Conflictf("the dump of the backup %s is proven: it is handed over, and not made again", id)
		})
	})
}

// giveBack ends an attempt without settling the backup: copies that did not finish are
// pending again.
func (s *Store) giveBack(ctx context.Context, id, runner string, change func(tx *gorm.DB) error) error {
	return s.write(ctx, "hand the backup "+id+" over", func(tx *gorm.DB) error {
		if err := mustHold(tx, id, runner); err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		files := tx.Model(&models.DriveFile{}).Where("backup_id = ? AND status <> ?", id, models.StatusFinished)
		return files.Updates(map[string]any{
			"status": models.StatusPending, "error": "", "path": nil, "size": 0, "verified_at": nil, "locked_until": nil,
			"heal_at": nil, "updated_at": models.Now(),
		}).Error
	})
}

// SetSpoolNode records on which node the spool of a held backup is now.
func (s *Store) SetSpoolNode(ctx context.Context, id, runner, node string) error {
	return s.write(ctx, "record where the spool of the backup "+id+" is", func(tx *gorm.DB) error {
		return changeHeld(tx, id, runner, map[string]any{"spool_node": node})
	})
}

// ForgetSpool records that a node removes the spool of a failed backup. It returns
// models.ErrConflict when the backup has not failed: then the spool must stay.
func (s *Store) ForgetSpool(ctx context.Context, id, node string) error {
	return s.write(ctx, "forget the spool of the backup "+id, func(tx *gorm.DB) error {
		failed := tx.Model(&models.Backup{}).Where("id = ? AND status = ?", id, models.StatusFailed)
		gone := failed.Updates(map[string]any{"updated_at": models.Now(),
			"spool_node": gorm.Expr("CASE WHEN spool_node = ? THEN '' ELSE spool_node END", node)})
		return changedOr(gone, func() error {
			return models.Conflictf("the backup %s has not failed, or is gone: its spool stays", id)
		})
	})
}
