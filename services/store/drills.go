package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// InsertDrill records a drill. In the same transaction a proven one sets the
// backup's ProvenAt, and a disproven one clears it. It returns
// models.ErrNotFound when there is no such backup.
func (s *Store) InsertDrill(ctx context.Context, d models.Drill) error {
	d.CreatedAt = utcOrNow(d.CreatedAt)
	d.Reason = storable(d.Reason, textLimit)
	return s.write(ctx, "record a drill of the backup "+d.BackupID, func(tx *gorm.DB) error {
		var b models.Backup
		err := forUpdate(tx).Select("id").Take(&b, "id = ?", d.BackupID).Error
		if isMissing(err) {
			return noSuchBackup(d.BackupID)
		}
		if err != nil {
			return err
		}
		if err := recordOutcome(tx, d); err != nil {
			return err
		}
		return tx.Create(&d).Error
	})
}

func recordOutcome(tx *gorm.DB, d models.Drill) error {
	changes := map[string]any{"updated_at": models.Now()}
	switch d.Outcome {
	case models.DrillProven:
		changes["proven_at"] = d.CreatedAt
	case models.DrillDisproven:
		changes["proven_at"] = nil
	default:
		return nil
	}
	return tx.Model(&models.Backup{}).Where("id = ?", d.BackupID).Updates(changes).Error
}

// Drills returns the drills of a backup, newest first.
func (s *Store) Drills(ctx context.Context, backupID string) ([]models.Drill, error) {
	drills := []models.Drill{}
	err := newestFirst(s.read(ctx).Where("backup_id = ?", backupID)).Find(&drills).Error
	return drills, s.fault("list the drills of the backup "+backupID, err)
}
