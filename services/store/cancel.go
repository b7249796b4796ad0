package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// AskBackupCancel notes that somebody wants a pending backup to end. Who asks again changes
// nothing. It returns models.ErrConflict when the backup has settled, and models.ErrNotFound
// when there is none.
func (s *Store) AskBackupCancel(ctx context.Context, id string) error {
	return s.write(ctx, "ask the backup "+id+" to stop", func(tx *gorm.DB) error {
		asked := pending(tx, id).Updates(map[string]any{
			"cancel_asked_at": gorm.Expr("COALESCE(cancel_asked_at, ?)", models.Now()), "updated_at": models.Now(),
		})
		return changedOr(asked, func() error { return whyNotHeld(tx, id) })
	})
}

// NextCancelled returns the oldest pending backup that nobody holds and that somebody wants
// to end, or models.ErrNotFound.
func (s *Store) NextCancelled(ctx context.Context) (models.Backup, error) {
	cancelled := s.queued(s.read(ctx)).Where("cancel_asked_at IS NOT NULL")
	return s.oneBackup(ctx, cancelled.Order("created_at, id"), models.NotFoundf("no backup waits to be cancelled"))
}
