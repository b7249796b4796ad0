package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// SettledBackups returns at most limit backups that settled at a moment or later, without
// their drive files, in the order in which they did; after is the last of those that were
// read before, or the zero Cursor, whose CreatedAt is when it settled.
func (s *Store) SettledBackups(ctx context.Context, since time.Time, after models.Cursor, limit int) ([]models.Backup, error) {
	return settledSince[models.Backup](s, ctx, "backups", since, after, limit)
}

// SettledDrills is as SettledBackups, for drills.
func (s *Store) SettledDrills(ctx context.Context, since time.Time, after models.Cursor, limit int) ([]models.Drill, error) {
	return settledSince[models.Drill](s, ctx, "drills", since, after, limit)
}

func settledSince[T any](s *Store, ctx context.Context, noun string, since time.Time, after models.Cursor, limit int) ([]T, error) {
	rows := []T{}
	query := s.read(ctx).Where("settled_at >= ?", utc(since))
	if !after.IsZero() {
		at := utc(after.CreatedAt)
		query = query.Where("settled_at >= ? AND (settled_at > ? OR id > ?)", at, at, after.ID)
	}
	err := query.Order("settled_at, id").Limit(limit).Find(&rows).Error
	return rows, s.fault("look for "+noun+" that have settled", err)
}

// LostBackups returns the failed backups of which a copy waits to be made again that failed at
// a moment or later. Their drive files are the copies that were found missing or damaged after
// the backup had settled; none where they never were whole.
func (s *Store) LostBackups(ctx context.Context, since time.Time) ([]models.Backup, error) {
	var copies []models.DriveFile
	waiting := s.read(ctx).Clauses(filesToHeal).Where("heal_at > ? AND status = ? AND updated_at >= ?", utc(time.Unix(0, 0)), models.StatusFailed, utc(since))
	if err := waiting.Order("id").Find(&copies).Error; err != nil {
		return nil, s.fault("look for copies that are lost", err)
	}
	of := map[string][]models.DriveFile{}
	for _, c := range copies {
		of[c.BackupID] = append(of[c.BackupID], c)
	}
	rows := []models.Backup{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(of)), chunk) {
		var some []models.Backup
		if err := s.read(ctx).Where("id IN ? AND status = ?", part, models.StatusFailed).Order("id").Find(&some).Error; err != nil {
			return nil, s.fault("look for backups that lost a copy", err)
		}
		for _, b := range some {
			b.DriveFiles = lostSince(of[b.ID], b.SettledAt)
			rows = append(rows, b)
		}
	}
	return rows, nil
}

// lostSince are those of failed copies that changed after their backup had settled: nothing
// but a loss changes them then.
func lostSince(copies []models.DriveFile, settled *time.Time) []models.DriveFile {
	return slices.DeleteFunc(copies, func(c models.DriveFile) bool {
		return settled == nil || c.UpdatedAt == nil || !c.UpdatedAt.After(*settled)
	})
}

// RaisedAlarms returns the alarms that were raised at a moment or later, oldest first.
func (s *Store) RaisedAlarms(ctx context.Context, since time.Time) ([]models.Alarm, error) {
	rows := []models.Alarm{}
	err := s.read(ctx).Where("created_at >= ?", utc(since)).Order("created_at, id").Find(&rows).Error
	return rows, s.fault("look for alarms", err)
}

// NewestOf returns the newest event of a job of some kinds that happened before a moment;
// empty when there is none.
func (s *Store) NewestOf(ctx context.Context, jobID string, kinds []models.Event, before time.Time) (models.Event, error) {
	query := s.read(ctx).Clauses(notificationsOfJob).Where("job_id = ? AND created_at < ? AND notifier = '' AND event IN ?", jobID, utc(before), kinds)
	return newestEvent(s, query, func(n models.Notification) models.Event { return n.Event })
}

// NewestAbout returns what the newest event of a kind is about whose About begins with a
// prefix that ends with a slash; empty when there is none.
func (s *Store) NewestAbout(ctx context.Context, kind models.Event, prefix string) (string, error) {
	behind := prefix[:len(prefix)-1] + "0" // which follows the slash
	query := s.read(ctx).Where("notifier = '' AND event = ? AND about >= ? AND about < ?", kind, prefix, behind)
	return newestEvent(s, query, func(n models.Notification) string { return n.About })
}

func newestEvent[T any](s *Store, query *gorm.DB, take func(models.Notification) T) (found T, err error) {
	var rows []models.Notification
	if err := newestFirst(query).Limit(1).Find(&rows).Error; err != nil {
		return found, s.fault("look for what was told before", err)
	}
	if len(rows) > 0 {
		found = take(rows[0])
	}
	return found, nil
}
