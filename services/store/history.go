package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// pointColumns are what a picture of the past needs of a backup. Errors are cut: a picture
// tells their beginning, and the page of the backup the rest.
const pointColumns = "id, job_id, status, created_at, started_at, settled_at, proven_at, disproven_at, cancel_asked_at, raw_size, size, CASE WHEN status = 'failed' THEN SUBSTR(error, 1, 300) ELSE '' END AS error"

// RunPoints returns what pictures need to know of every backup that was made since a
// moment, oldest first.
func (s *Store) RunPoints(ctx context.Context, since time.Time) ([]models.RunPoint, error) {
	points := []models.RunPoint{}
	err := s.read(ctx).Model(&models.Backup{}).Clauses(byCreation).Select(pointColumns).
		Where("created_at >= ?", utc(since)).Order("created_at, id").Scan(&points).Error
	return points, s.fault("read the runs of the past", err)
}

// JobRunPoints is as RunPoints, for the backups of one job.
func (s *Store) JobRunPoints(ctx context.Context, jobID string, since time.Time) ([]models.RunPoint, error) {
	points := []models.RunPoint{}
	err := s.read(ctx).Model(&models.Backup{}).Clauses(byJob).Select(pointColumns).
		Where("job_id = ? AND created_at >= ?", jobID, utc(since)).Order("created_at, id").Scan(&points).Error
	return points, s.fault("read the runs of the job "+jobID, err)
}

// MissedSince returns the slots of all jobs that were given up since a moment, newest first.
func (s *Store) MissedSince(ctx context.Context, since time.Time) ([]models.Missed, error) {
	missed := []models.Missed{}
	err := newestFirst(s.read(ctx).Where("created_at >= ?", utc(since))).Find(&missed).Error
	return missed, s.fault("list missed slots", err)
}

// NewestMissed returns the newest slots of each job that were given up, by the job's id.
func (s *Store) NewestMissed(ctx context.Context) (map[string]models.Missed, error) {
	var rows []models.Missed
	err := s.read(ctx).Raw(`SELECT m.* FROM jobs j JOIN missed_slots m ON m.id = (SELECT n.id FROM missed_slots n
WHERE n.job_id = j.id ORDER BY n.created_at DESC, n.id DESC LIMIT 1) WHERE j.removed_at IS NULL`).Scan(&rows).Error
	if err != nil {
		return nil, s.fault("list the newest missed slots", err)
	}
	newest := make(map[string]models.Missed, len(rows))
	for _, m := range rows {
		newest[m.JobID] = m
	}
	return newest, nil
}

// SetDriveUsage writes down what a drive holds on a day, in place of what was known of that
// day, and forgets the drive's days before another.
func (s *Store) SetDriveUsage(ctx context.Context, u models.DriveUsage, forget string) error {
	return s.write(ctx, "write down what the drive "+u.DriveID+" holds", func(tx *gorm.DB) error {
		set := tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "drive_id"}, {Name: "day"}},
			DoUpdates: clause.AssignmentColumns([]string{"copies", "bytes", "free", "total"}),
		}).Create(&u)
		if set.Error != nil {
			return set.Error
		}
		return tx.Where("drive_id = ? AND day < ?", u.DriveID, forget).Delete(&models.DriveUsage{}).Error
	})
}

// DriveUsages returns what drives held each day since one, by drive and day; all drives with
// an empty id.
func (s *Store) DriveUsages(ctx context.Context, driveID, since string) ([]models.DriveUsage, error) {
	usages := []models.DriveUsage{}
	query := s.read(ctx).Where("day >= ?", since)
	if driveID != "" {
		query = query.Where("drive_id = ?", driveID)
	}
	err := query.Order("drive_id, day").Find(&usages).Error
	return usages, s.fault("read what drives held", err)
}

// newestWithCopy finds, for jobs, the newest of the last failed backups that has a finished
// copy. Each order names the whole of its index, as in summaryQuery.
func newestWithCopy(engine string) string {
	return fmt.Sprintf(`SELECT found.id FROM (SELECT (SELECT b.id FROM backups b %[1]s WHERE b.job_id = j.id AND b.status = 'failed'
	AND b.created_at >= COALESCE((SELECT c.created_at FROM backups c %[1]s WHERE c.job_id = j.id AND c.status = 'failed'
		ORDER BY c.job_id DESC, c.status DESC, c.created_at DESC, c.id DESC LIMIT 1 OFFSET ?), '1000-01-01')
	AND EXISTS (SELECT 1 FROM drive_files f WHERE f.backup_id = b.id AND f.status = 'finished')
	ORDER BY b.job_id DESC, b.status DESC, b.created_at DESC, b.id DESC LIMIT 1) AS id
FROM jobs j WHERE j.id IN ?) AS found WHERE found.id IS NOT NULL`, byJobAndStatus.after(engine))
}

// NewestWithCopy returns, by the ids of jobs, the newest of the last failed backups of each, of
// which it looks at so many, that has a finished copy all the same.
func (s *Store) NewestWithCopy(ctx context.Context, jobIDs []string, look int) (map[string]models.Backup, error) {
	newest := make(map[string]models.Backup, len(jobIDs))
	for part := range slices.Chunk(jobIDs, chunk) {
		var ids []string
		if err := s.read(ctx).Raw(newestWithCopy(s.config.Provider), look-1, part).Scan(&ids).Error; err != nil {
			return nil, s.fault("look for copies of failed backups", err)
		}
		found, err := s.backupsByID(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, b := range found {
			newest[b.JobID] = b
		}
	}
	return newest, nil
}
