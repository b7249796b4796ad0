package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// Beat records that a runner is alive. Its StartedAt stays what it was first.
func (s *Store) Beat(ctx context.Context, r models.Runner) error {
	r.StartedAt, r.SeenAt = utcOrNow(r.StartedAt), utcOrNow(r.SeenAt)
	return s.write(ctx, "record that the runner "+r.ID+" is alive", func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"host", "pid", "serves", "seen_at"}),
		}).Create(&r).Error
	})
}

// RemoveRunner forgets a runner that has ended.
func (s *Store) RemoveRunner(ctx context.Context, id string) error {
	return s.write(ctx, "forget the runner "+id, func(tx *gorm.DB) error {
		return tx.Delete(&models.Runner{}, "id = ?", id).Error
	})
}

// ServerSeenSince tells whether a runner that serves the queue was alive after t.
func (s *Store) ServerSeenSince(ctx context.Context, t time.Time) (bool, error) {
	var servers []models.Runner
	err := s.read(ctx).Select("id").Where("serves = ? AND seen_at > ?", true, t.UTC()).Limit(1).Find(&servers).Error
	return len(servers) > 0, s.fault("ask whether a server is running", err)
}
