package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// PinBackup notes that a backup is kept whatever the rules of retention say: until a
// moment, or for ever with nil. It returns models.ErrNotFound when there is no such
// backup. A backup that is pinned already is then pinned as asked now.
func (s *Store) PinBackup(ctx context.Context, id string, at time.Time, until *time.Time) error {
	return s.pin(ctx, id, map[string]any{"pinned_at": utc(at), "pinned_until": utcOrNil(until)})
}

// UnpinBackup undoes PinBackup. It returns models.ErrConflict when the backup is not
// pinned.
func (s *Store) UnpinBackup(ctx context.Context, id string) error {
	return s.pin(ctx, id, map[string]any{"pinned_at": nil, "pinned_until": nil})
}

func (s *Store) pin(ctx context.Context, id string, changes map[string]any) error {
	return s.write(ctx, "pin the backup "+id, func(tx *gorm.DB) error {
		// A transaction that removes copies holds their backup.
		b, err := lockBackup(tx, id)
		if err != nil {
			return err
		}
		if b.PinnedAt == nil && changes["pinned_at"] == nil {
			return models.Conflictf("the backup %s of %s is not pinned: there is nothing to undo", id, b.Label)
		}
		changes["updated_at"] = models.Now()
		return tx.Model(&models.Backup{}).Where("id = ?", id).Updates(changes).Error
	})
}
