package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// ClaimDrillSlot reports whether the caller is to make the drill of a job that is due
// at a slot: of several replicas exactly one is. A slot before one that was claimed is
// nobody's any more.
func (s *Store) ClaimDrillSlot(ctx context.Context, jobID string, slot, now time.Time) (bool, error) {
	// The newest slot that was claimed, as text that sorts by time.
	newest := models.Fact{Name: "drill " + jobID, Value: slotText(slot)}
	won := false
	err := s.write(ctx, "claim a drill of the job "+jobID, func(tx *gorm.DB) error {
		var known models.Fact
		if err := tx.Take(&known, "name = ?", newest.Name).Error; isMissing(err) {
			err := tx.Create(&newest).Error
			won = err == nil
			return ignoreDuplicate(err)
		} else if err != nil {
			return err
		}
		earlier := tx.Model(&models.Fact{}).Where("name = ?", newest.Name).
			Where("value < ? OR value > ?", newest.Value, slotText(now.Add(clockSlack)))
		claimed := earlier.Update("value", newest.Value)
		won = claimed.RowsAffected > 0
		return claimed.Error
	})
	return won && err == nil, err
}

func slotText(slot time.Time) string { return slot.UTC().Format(time.RFC3339) }
