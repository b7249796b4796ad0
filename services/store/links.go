package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// linkSlack is how long a link is remembered beyond its end: by the clock of another
// replica it may not have come yet.
const linkSlack = time.Hour

// UseLink notes that a download link is opened, and returns what was noted when it was
// opened first. Links that expired a while ago are forgotten.
func (s *Store) UseLink(ctx context.Context, l models.UsedLink) (models.UsedLink, error) {
	l.UsedAt, l.ExpiresAt = utcOrNow(l.UsedAt), utc(l.ExpiresAt)
	const doing = "note that a download link is used"
	// One statement a transaction: on MySQL those who remove and then add rows lock the
	// gaps between them for each other.
	err := s.write(ctx, doing, func(tx *gorm.DB) error {
		return tx.Where("expires_at < ?", l.UsedAt.Add(-linkSlack)).Delete(&models.UsedLink{}).Error
	})
	if err != nil {
		return l, err
	}
	err = s.write(ctx, doing, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&l).Error
	})
	if err != nil {
		return l, err
	}
	var first models.UsedLink
	err = s.read(ctx).Where("hash = ?", l.Hash).Take(&first).Error
	return first, s.fault(doing, err)
}

// EndLink notes that the whole file of a link was sent, after which the link opens nothing.
func (s *Store) EndLink(ctx context.Context, hash string, at time.Time) error {
	return s.write(ctx, "note that a download link was used up", func(tx *gorm.DB) error {
		return tx.Model(&models.UsedLink{}).Where("hash = ? AND done_at IS NULL", hash).UpdateColumn("done_at", utcOrNow(at)).Error
	})
}
