package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
	return row.manifest()
}

func (r manifestRow) manifest() (models.Manifest, error) {
	var m models.Manifest
	if err := json.Unmarshal([]byte(r.Body), &m); err != nil {
		return models.Manifest{}, fmt.Errorf("read the manifest of the backup %s: %w", r.BackupID, err)
	}
	return m, nil
}

// ManifestsBefore returns the manifests of the newest good backups of the same job that
// were made before b, at most limit, newest first: what b is compared with to see
// whether it holds what is usual.
func (s *Store) ManifestsBefore(ctx context.Context, b models.Backup, limit int) ([]models.Manifest, error) {
	const doing = "read the manifests of earlier backups"
	ids := []string{}
	good := filtered(s.read(ctx).Model(&models.Backup{}), models.BackupFilter{JobID: b.JobID, Status: models.StatusFinished})
	// A count keeps MariaDB from entering by the manifests instead of by the index.
	good = good.Where("disproven_at IS NULL AND (SELECT COUNT(*) FROM manifests WHERE manifests.backup_id = backups.id) > 0")
	before := olderThan(good, models.Cursor{CreatedAt: b.CreatedAt, ID: b.ID})
	if err := newestFirst(before).Limit(limit).Pluck("id", &ids).Error; err != nil {
		return nil, s.fault(doing, err)
	}
	var rows []manifestRow
	if err := s.read(ctx).Where("backup_id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, s.fault(doing, err)
	}
	slices.SortFunc(rows, func(a, b manifestRow) int {
		return slices.Index(ids, a.BackupID) - slices.Index(ids, b.BackupID)
	})
	return manifests(rows)
}

func manifests(rows []manifestRow) ([]models.Manifest, error) {
	found := make([]models.Manifest, len(rows))
	for i, r := range rows {
		m, err := r.manifest()
		if err != nil {
			return nil, err
		}
		found[i] = m
	}
	return found, nil
}

// OpenManifest records what a dump holds whose manifest was sealed, once somebody has
// opened it. What is known already stays. It returns models.ErrNotFound for a backup
// that is not there, or has no manifest.
func (s *Store) OpenManifest(ctx context.Context, id string, inv models.Inventory) error {
	return s.write(ctx, "record what the backup "+id+" holds", func(tx *gorm.DB) error {
		b, err := lockBackup(tx, id)
		if err != nil {
			return err
		}
		var row manifestRow
		if err := tx.Take(&row, "backup_id = ?", id).Error; isMissing(err) {
			return models.NotFoundf("the backup %s has no manifest: its dump has not proven itself", id)
		} else if err != nil {
			return err
		}
		m, err := row.manifest()
		if err != nil || !m.Hidden() {
			return err
		}
		m.Inventory = inv
		if err := saveManifest(tx, id, m); err != nil || b.Warnings != "" {
			return err
		}
		return tx.Model(&models.Backup{}).Where("id = ?", id).UpdateColumn("warnings", storable(strings.Join(inv.Warnings, "\n"), textLimit)).Error
	})
}
