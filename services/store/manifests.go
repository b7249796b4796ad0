package store

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// manifestRow keeps a manifest as the JSON that also lies beside the copies.
type manifestRow struct {
	BackupID string `gorm:"primaryKey"`
	Body     string
}

// TableName is there for gorm.
func (manifestRow) TableName() string { return "manifests" }

func saveManifest(tx *gorm.DB, id string, m models.Manifest) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the manifest of the backup %s: %w", id, err)
	}
	return tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "backup_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"body"}),
	}).Create(&manifestRow{BackupID: id, Body: string(body)}).Error
}

// Manifest returns the manifest of a backup, or models.ErrNotFound.
func (s *Store) Manifest(ctx context.Context, id string) (models.Manifest, error) {
	var row manifestRow
	err := s.read(ctx).Take(&row, "backup_id = ?", id).Error
	if isMissing(err) {
		return models.Manifest{}, models.NotFoundf("the backup %s has no manifest: its dump has not proven itself", id)
	}
	if err != nil {
		return models.Manifest{}, s.fault("read the manifest of the backup "+id, err)
	}
	var m models.Manifest
	if err := json.Unmarshal([]byte(row.Body), &m); err != nil {
		return models.Manifest{}, fmt.Errorf("read the manifest of the backup %s: %w", id, err)
	}
	return m, nil
}
