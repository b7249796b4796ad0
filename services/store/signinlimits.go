package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// Limit returns what is counted under a name; a count of zero where nothing is.
func (s *Store) Limit(ctx context.Context, name string) (models.SignInLimit, error) {
	var found []models.SignInLimit
	err := s.read(ctx).Where("name = ?", name).Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return models.SignInLimit{Name: name}, s.fault("read the count of sign-ins", err)
	}
	return found[0], nil
}

// ChangeLimit changes what is counted under a name, in one transaction that holds its row:
// of a thousand tries at once each sees what the one before has left. The first finds a
// count of zero, and a count that change leaves at zero is forgotten. change may be called
// several times.
func (s *Store) ChangeLimit(ctx context.Context, name string, change func(*models.SignInLimit)) error {
	return s.write(ctx, "count a sign-in", func(tx *gorm.DB) error {
		// Who adds the row, or finds it, holds it from here on.
		fresh := models.SignInLimit{Name: name, TriedAt: models.Now()}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&fresh).Error; err != nil {
			return err
		}
		var l models.SignInLimit
		if err := forUpdate(tx).Take(&l, "name = ?", name).Error; err != nil {
			return err
		}
		change(&l)
		if l.Failures == 0 {
			return tx.Where("name = ?", name).Delete(&models.SignInLimit{}).Error
		}
		l.Name, l.TriedAt, l.BlockedUntil = name, utc(l.TriedAt), utcOrNil(l.BlockedUntil)
		return tx.Model(&models.SignInLimit{}).Where("name = ?", name).Select("*").Updates(&l).Error
	})
}
