package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// makeRow makes a fact that transactions lock, once. Of many who lock a row that is not
// there and then make it, MySQL undoes all but one to end their deadlock.
func (s *Store) makeRow(ctx context.Context, name string) error {
	if _, made := s.rows.Load(name); made {
		return nil
	}
	err := s.write(ctx, "make the row of the "+name, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&models.Fact{Name: name}).Error
	})
	if err == nil {
		s.rows.Store(name, true)
	}
	return err
}

// lockRow makes transactions that lock the same fact wait for each other.
func lockRow(tx *gorm.DB, name string) error {
	var row models.Fact
	return forUpdate(tx).Take(&row, "name = ?", name).Error
}
