package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// queued narrows to the backups that wait for a runner. Every index of the queue begins
// with the status.
func (s *Store) queued(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(byStatus).Where("status = ? AND lease_owner = ''", models.StatusPending)
}

// toDump narrows to the queued backups whose database may be dumped now.
func (s *Store) toDump(tx *gorm.DB) *gorm.DB {
	return s.queued(tx).Where("dumped_at IS NULL AND (start_by IS NULL OR start_by > ?)", s.now())
}

// ClaimNextDump gives the oldest queued backup that fits the limits to a runner for so
// long, and returns it. Of several replicas one at a time counts and claims, so that no
// limit is passed. It returns models.ErrNotFound when no backup waits, or none fits.
func (s *Store) ClaimNextDump(ctx context.Context, runner string, lease time.Duration, limits models.Limits) (models.Backup, error) {
	none := models.NotFoundf("no backup waits to be dumped, or none fits the limits")
	if _, err := s.nextToDump(ctx); err != nil { // mostly nothing waits, which takes no lock to see
		return models.Backup{}, err
	}
	if err := s.makeLimits(ctx); err != nil {
		return models.Backup{}, err
	}
	var next models.Backup
	err := s.write(ctx, "claim the next backup", func(tx *gorm.DB) error {
		if err := lockLimits(tx); err != nil {
			return err
		}
		fitting, err := s.fitting(tx, limits)
		if err != nil {
			return err
		}
		if fitting == nil {
			return none
		}
		found := []models.Backup{}
		if err := fitting.Select("id").Order("created_at, id").Limit(1).Find(&found).Error; err != nil {
			return err
		}
		if len(found) == 0 {
			return none
		}
		next = found[0]
		claimed := pending(tx, next.ID).Where("lease_owner = ''").Updates(map[string]any{
			"lease_owner": runner, "lease_until": s.in(lease), "updated_at": models.Now(),
		})
		return changedOr(claimed, func() error { return whyNotHeld(tx, next.ID) })
	})
	if err != nil {
		return models.Backup{}, err
	}
	return s.Backup(context.WithoutCancel(ctx), next.ID) // it is claimed, so the caller must hear of it
}

// nextToDump returns the oldest backup that may be dumped now, whatever the limits.
func (s *Store) nextToDump(ctx context.Context) (models.Backup, error) {
	return s.oneBackup(ctx, s.toDump(s.read(ctx)).Order("created_at, id"), models.NotFoundf("no backup waits to be dumped"))
}

// limitsFact names the row that replicas lock while they count what is dumped.
const limitsFact = "limits"

// makeLimits makes the row that lockLimits locks, once.
func (s *Store) makeLimits(ctx context.Context) error { return s.makeRow(ctx, limitsFact) }

// lockLimits makes transactions that count dumps wait for each other. It must be a
// transaction's first statement, for the reason that lockJob gives.
func lockLimits(tx *gorm.DB) error { return lockRow(tx, limitsFact) }

// fitting narrows to the queued backups for which the limits leave room; nil is none.
func (s *Store) fitting(tx *gorm.DB, limits models.Limits) (*gorm.DB, error) {
	var hosts []struct {
		SourceHost string
		Dumps      int
	}
	running := tx.Model(&models.Backup{}).Clauses(byStatus).Where("status = ? AND lease_owner <> '' AND dumped_at IS NULL", models.StatusPending)
	if err := running.Select("source_host, COUNT(*) AS dumps").Group("source_host").Scan(&hosts).Error; err != nil {
		return nil, err
	}
	all, full := 0, []string{}
	for _, h := range hosts {
		all += h.Dumps
		if h.SourceHost != "" && limits.PerHost > 0 && h.Dumps >= limits.PerHost {
			full = append(full, h.SourceHost)
		}
	}
	if limits.Overall > 0 && all >= limits.Overall {
		return nil, nil //nolint:nilnil // no query is no room, as the comment says
	}
	queue := s.toDump(tx)
	if len(full) > 0 {
		queue = queue.Where("source_host NOT IN ?", full)
	}
	return queue, nil
}

// NextOverdue returns the oldest queued backup that should have been started by now, and
// how many others, of all jobs, are dumped now or were queued before it. It returns
// models.ErrNotFound when there is none.
func (s *Store) NextOverdue(ctx context.Context) (b models.Backup, before int, err error) {
	overdue := s.queued(s.read(ctx)).Where("dumped_at IS NULL AND start_by <= ?", s.now())
	b, err = s.oneBackup(ctx, overdue.Order("created_at, id"), models.NotFoundf("no backup is overdue"))
	if err != nil {
		return b, 0, err
	}
	var others int64
	waiting := s.read(ctx).Model(&models.Backup{}).Clauses(byStatus).Where("status = ? AND dumped_at IS NULL AND id <> ?", models.StatusPending, b.ID).
		Where("lease_owner <> '' OR created_at < ?", utc(b.CreatedAt))
	err = waiting.Count(&others).Error
	return b, int(others), s.fault("count the backups that wait", err)
}

// NextToCopy returns the oldest queued backup whose dump is proven and of which only
// copies are to be made, or models.ErrNotFound. One whose spool lies on another node is
// left to the servers there, as long as one was seen within the patience of the place,
// and for as long after it was handed over.
func (s *Store) NextToCopy(ctx context.Context, here models.Place) (models.Backup, error) {
	left := s.read(ctx).Where("lease_until IS NULL OR lease_until <= ?", s.now()).
		Where(s.nobodyOn("backups.spool_node", here.Patience))
	queue := s.queued(s.read(ctx)).Where("dumped_at IS NOT NULL").
		Where(s.read(ctx).Where("spool_node IN ?", []string{"", here.Node}).Or(left))
	return s.oneBackup(ctx, queue.Order("created_at, id"), models.NotFoundf("no backup waits for its copies"))
}
