package store

import (
	"context"

	"github.com/backupman/backupman/models"
)

// BackupsByPrefix returns at most limit backups whose ids begin with a prefix, newest
// first, without their drive files. It reads the index of ids and nothing else.
func (s *Store) BackupsByPrefix(ctx context.Context, prefix string, limit int) ([]models.Backup, error) {
	var found []models.Backup
	// Ids are made of 0 to 9, a to f and -, all of which come before g.
	err := s.read(ctx).Where("id >= ? AND id < ?", prefix, prefix+"g").Order("id DESC").Limit(limit).Find(&found).Error
	return found, s.fault("find backups by their ids", err)
}
