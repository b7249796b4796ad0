package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// Beat records that a runner is alive now. Its StartedAt stays what it was first; its
// SeenAt is not looked at.
func (s *Store) Beat(ctx context.Context, r models.Runner) error {
	row := map[string]any{
		"id": r.ID, "host": r.Host, "pid": r.PID, "node": r.Node, "serves": r.Serves,
		"started_at": utcOrNow(r.StartedAt), "seen_at": s.now(),
	}
	return s.write(ctx, "record that the runner "+r.ID+" is alive", func(tx *gorm.DB) error {
		return tx.Model(&models.Runner{}).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "id"}},
			DoUpdates: clause.AssignmentColumns([]string{"host", "pid", "node", "serves", "seen_at"}),
		}).Create(row).Error
	})
}

// RemoveRunner forgets a runner that has ended.
func (s *Store) RemoveRunner(ctx context.Context, id string) error {
	return s.write(ctx, "forget the runner "+id, func(tx *gorm.DB) error {
		return tx.Delete(&models.Runner{}, "id = ?", id).Error
	})
}

// ForgetRunners forgets those that were not seen for so long: nobody sweeps after a
// machine that never comes back.
func (s *Store) ForgetRunners(ctx context.Context, unseen time.Duration) error {
	return s.write(ctx, "forget runners that are long gone", func(tx *gorm.DB) error {
		return tx.Where("seen_at < ?", s.in(-unseen)).Delete(&models.Runner{}).Error
	})
}

// ServerSeenWithin tells whether a runner that serves the queue was alive within a while.
func (s *Store) ServerSeenWithin(ctx context.Context, within time.Duration) (bool, error) {
	return s.seen(s.read(ctx), within)
}

// NodeSeenWithin tells whether a server of a node was alive within a while.
func (s *Store) NodeSeenWithin(ctx context.Context, node string, within time.Duration) (bool, error) {
	return s.seen(s.read(ctx).Where("node = ?", node), within)
}

func (s *Store) seen(query *gorm.DB, within time.Duration) (bool, error) {
	var servers []models.Runner
	err := query.Select("id").Where("serves = ? AND seen_at > ?", true, s.in(-within)).Limit(1).Find(&servers).Error
	return len(servers) > 0, s.fault("ask whether a server is running", err)
}
