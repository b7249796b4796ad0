package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// readable are the columns of a copy that could be read when it was last tried, or that is
// to be made again.
func readable(with map[string]any) map[string]any {
	with["unread_since"], with["unread_at"], with["unreads"], with["unread_error"] = nil, nil, 0, ""
	return with
}

// UnreadCopy records that a finished copy is there, could not be read at a moment, and the
// sentence that says why. A copy that is not called finished stays what it is.
func (s *Store) UnreadCopy(ctx context.Context, driveFileID string, at time.Time, why string) error {
	return s.write(ctx, "record that a copy could not be read", func(tx *gorm.DB) error {
		file := tx.Model(&models.DriveFile{}).Where("id = ? AND status = ?", driveFileID, models.StatusFinished)
		return file.Updates(map[string]any{
			"unread_since": gorm.Expr("COALESCE(unread_since, ?)", utc(at)), "unread_at": utc(at),
			"unreads": gorm.Expr("unreads + 1"), "unread_error": storable(why, textLimit), "updated_at": models.Now(),
		}).Error
	})
}

// UnreadCopies returns finished copies on a drive, at most limit, that could not be read and
// that nobody has tried to read since a moment, longest ago first.
func (s *Store) UnreadCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error) {
	copies := []models.DriveFile{}
	err := s.read(ctx).Clauses(filesUnread).
		Where("unread_at < ? AND drive_id = ? AND status = ?", utc(since), driveID, models.StatusFinished).
		Order("unread_at").Limit(limit).Find(&copies).Error
	return copies, s.fault("choose copies to read once more", err)
}

// ClaimUnread reports whether the caller is to read a copy once more now: nobody has begun to
// since a moment, and it could not be read before.
func (s *Store) ClaimUnread(ctx context.Context, driveFileID string, since, now time.Time) (bool, error) {
	won := false
	err := s.write(ctx, "claim a copy that could not be read", func(tx *gorm.DB) error {
		file := tx.Model(&models.DriveFile{}).
			Where("id = ? AND status = ? AND unread_at < ?", driveFileID, models.StatusFinished, utc(since))
		claimed := file.UpdateColumn("unread_at", utc(now))
		won = claimed.RowsAffected == 1
		return claimed.Error
	})
	return won, err
}
