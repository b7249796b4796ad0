package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// Removals returns at most limit removals of a job's copies, newest first; of all jobs
// when jobID is empty.
func (s *Store) Removals(ctx context.Context, jobID string, limit int) ([]models.Removal, error) {
	query := s.read(ctx)
	if jobID != "" {
		query = query.Where("job_id = ?", jobID)
	}
	return page[models.Removal](s, query, "removal", models.Cursor{}, limit)
}

// RemovalsOf returns the removals of a backup's copies, newest first.
func (s *Store) RemovalsOf(ctx context.Context, backupID string) ([]models.Removal, error) {
	removals := []models.Removal{}
	err := newestFirst(s.read(ctx).Where("backup_id = ?", backupID)).Find(&removals).Error
	return removals, s.fault("list the removals of the backup "+backupID, err)
}

// RemovalDrives returns the ids of the drives that are to be asked now to remove a copy.
func (s *Store) RemovalDrives(ctx context.Context, now time.Time) ([]string, error) {
	ids := []string{}
	err := s.read(ctx).Model(&models.Removal{}).Where("try_at <= ?", utc(now)).Distinct("drive_id").Order("drive_id").Pluck("drive_id", &ids).Error
	return ids, s.fault("look for copies to remove", err)
}

// claimsAtOnce is how many removals a claim tries, which others may be claiming, too.
const claimsAtOnce = 16

// ClaimRemoval gives the caller a removal that is due on a drive, the longest due first,
// and counts the try. Nobody else gets it before the lease is over. It returns
// models.ErrNotFound when none is due.
func (s *Store) ClaimRemoval(ctx context.Context, driveID string, now time.Time, lease time.Duration) (models.Removal, error) {
	var claimed models.Removal
	err := s.write(ctx, "claim a copy to remove on the drive "+driveID, func(tx *gorm.DB) error {
		claimed = models.Removal{}
		var due []models.Removal
		query := tx.Where("drive_id = ? AND try_at <= ?", driveID, utc(now)).Order("try_at, id").Limit(claimsAtOnce)
		if err := query.Find(&due).Error; err != nil {
			return err
		}
		until := utc(now.Add(lease))
		for _, r := range due {
			mine := tx.Model(&models.Removal{}).Where("id = ? AND try_at <= ?", r.ID, utc(now)).
				Updates(map[string]any{"try_at": until, "tries": gorm.Expr("tries + 1")})
			if mine.Error != nil {
				return mine.Error
			}
			if mine.RowsAffected > 0 {
				claimed, claimed.TryAt, claimed.Tries = r, &until, r.Tries+1
				return nil
			}
		}
		return models.NotFoundf("no copy on the drive %s is to be removed now", driveID)
	})
	return claimed, err
}

// ConfirmRemoval records that a drive does not have a copy any more.
func (s *Store) ConfirmRemoval(ctx context.Context, id string, at time.Time) error {
	return s.settleRemoval(ctx, id, map[string]any{"done_at": utc(at), "try_at": nil, "error": ""})
}

// PostponeRemoval records why a drive has not removed a copy, and when it is asked again.
func (s *Store) PostponeRemoval(ctx context.Context, id, sentence string, until time.Time) error {
	return s.settleRemoval(ctx, id, map[string]any{"error": storable(sentence, textLimit), "try_at": utc(until)})
}

// settleRemoval changes a removal that is not confirmed yet; of one that is, another was
// faster, which changes nothing.
func (s *Store) settleRemoval(ctx context.Context, id string, changes map[string]any) error {
	return s.write(ctx, "record how the removal "+id+" went", func(tx *gorm.DB) error {
		return tx.Model(&models.Removal{}).Where("id = ? AND done_at IS NULL", id).Updates(changes).Error
	})
}

// removing reports whether a copy is written down as removed and its drive has not
// confirmed that.
func removing(tx *gorm.DB, driveID, key string) (bool, error) {
	var found []models.Removal
	err := tx.Select("id").Where("drive_id = ? AND done_at IS NULL", driveID).Where(map[string]any{"key": key}).Limit(1).Find(&found).Error
	return len(found) > 0, err
}

// goneBackup is what is said of an id that no backup has: when and why it was removed, if
// it was.
func goneBackup(tx *gorm.DB, id string) error {
	var last []models.Removal
	if err := newestFirst(tx.Session(&gorm.Session{NewDB: true}).Where("backup_id = ?", id)).Limit(1).Find(&last).Error; err != nil {
		return err
	}
	if len(last) == 0 {
		return noSuchBackup(id)
	}
	return models.NotFoundf("the backup %s of %s was removed on %s: %s", id, last[0].BackupMade.UTC().Format("2 January 2006, 15:04 UTC"),
		last[0].CreatedAt.UTC().Format("2 January 2006, 15:04 UTC"), last[0].Reason)
}
