package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// SaveLog replaces the log of a backup, a restore or a drill. Of a log beyond 15 MiB the beginning is kept.
func (s *Store) SaveLog(ctx context.Context, id, text string) error {
	row := models.Log{BackupID: id, Text: storable(text, logLimit), UpdatedAt: models.Now()}
	return s.write(ctx, "save the log of "+id, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "backup_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"text", "updated_at"}),
		}).Create(&row).Error
	})
}

// LogText returns the log of a backup, a restore or a drill, empty when there is none.
func (s *Store) LogText(ctx context.Context, id string) (string, error) {
	var rows []models.Log
	if err := s.read(ctx).Limit(1).Find(&rows, "backup_id = ?", id).Error; err != nil {
		return "", s.fault("read the log of "+id, err)
	}
	if len(rows) == 0 {
		return "", nil
	}
	return rows[0].Text, nil
}

// LogFrom returns what the log of a backup, a restore or a drill has behind so many bytes, and
// how long it is, in bytes. Of a log that is shorter by now it returns all.
func (s *Store) LogFrom(ctx context.Context, id string, offset int) (text string, length int, err error) {
	var row struct {
		Text   []byte
		Length int
	}
	bytes := "CAST(text AS BLOB)"
	if s.config.Provider != ProviderSQLite {
		bytes = "CAST(text AS BINARY)"
	}
	part := "CASE WHEN LENGTH(" + bytes + ") >= ? THEN SUBSTR(" + bytes + ", ?) ELSE " + bytes + " END AS text, LENGTH(" + bytes + ") AS length"
	err = s.readOften(ctx).Model(&models.Log{}).Select(part, offset, offset+1).Where("backup_id = ?", id).Limit(1).Scan(&row).Error
	if err != nil {
		return "", 0, s.fault("read the log of "+id, err)
	}
	return string(row.Text), row.Length, nil
}
