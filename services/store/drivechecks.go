package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// DriveChecks returns what the newest check of each drive found, by the drive's id.
// A drive that was never checked is not in it.
func (s *Store) DriveChecks(ctx context.Context) (map[string]models.DriveCheck, error) {
	var rows []models.DriveCheck
	if err := s.read(ctx).Where("good_at IS NOT NULL OR error <> ''").Find(&rows).Error; err != nil {
		return nil, s.fault("read the checks of drives", err)
	}
	checks := make(map[string]models.DriveCheck, len(rows))
	for _, c := range rows {
		checks[c.DriveID] = c
	}
	return checks, nil
}

// clockSlack is how far ahead of this machine's clock a replica's may be. What was
// noted for later than that was noted by a clock that was wrong, and counts as long ago.
const clockSlack = time.Hour

// ClaimDriveCheck reports whether the caller is to check a drive now: of several
// replicas exactly one is, when no check has begun since the given moment.
func (s *Store) ClaimDriveCheck(ctx context.Context, driveID string, since, now time.Time) (bool, error) {
	won := false
	err := s.write(ctx, "claim the check of the drive "+driveID, func(tx *gorm.DB) error {
		var known models.DriveCheck
		if err := tx.Select("drive_id").Take(&known, "drive_id = ?", driveID).Error; isMissing(err) {
			err := tx.Create(&models.DriveCheck{DriveID: driveID, CheckedAt: utc(now), Free: -1, Total: -1}).Error
			won = err == nil
			return ignoreDuplicate(err)
		} else if err != nil {
			return err
		}
		later := tx.Model(&models.DriveCheck{}).Where("drive_id = ?", driveID).
			Where("checked_at < ? OR checked_at > ?", utc(since), utc(now.Add(clockSlack)))
		claimed := later.Update("checked_at", utc(now))
		won = claimed.RowsAffected > 0
		return claimed.Error
	})
	return won && err == nil, err
}

// ignoreDuplicate takes a row that another replica has made meanwhile for no error.
func ignoreDuplicate(err error) error {
	if isDuplicate(err) {
		return nil
	}
	return err
}

// SaveDriveCheck records what a check found. GoodAt and SampledAt stay what they
// were where the check does not say.
func (s *Store) SaveDriveCheck(ctx context.Context, c models.DriveCheck) error {
	c.CheckedAt, c.GoodAt, c.SampledAt = utcOrNow(c.CheckedAt), utcOrNil(c.GoodAt), nil
	c.Error = storable(c.Error, textLimit)
	columns := []string{"checked_at", "error", "needs_sign_in", "free", "total"}
	if c.GoodAt != nil {
		columns = append(columns, "good_at")
	}
	return s.write(ctx, "record the check of the drive "+c.DriveID, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "drive_id"}},
			DoUpdates: clause.AssignmentColumns(columns),
		}).Create(&c).Error
	})
}

// ClaimSample reports whether the caller is to read copies on a drive back now, when
// nobody has begun to since the given moment. The drive must have been checked once.
func (s *Store) ClaimSample(ctx context.Context, driveID string, since, now time.Time) (bool, error) {
	won := false
	err := s.write(ctx, "claim the sample of the drive "+driveID, func(tx *gorm.DB) error {
		due := tx.Model(&models.DriveCheck{}).Where("drive_id = ?", driveID).
			Where("sampled_at IS NULL OR sampled_at < ? OR sampled_at > ?", utc(since), utc(now.Add(clockSlack)))
		claimed := due.Update("sampled_at", utc(now))
		won = claimed.RowsAffected > 0
		return claimed.Error
	})
	return won && err == nil, err
}

// DriveTotals counts the copies on each drive, by the drive's id. A drive without
// copies is not in it.
func (s *Store) DriveTotals(ctx context.Context) (map[string]models.DriveTotals, error) {
	var rows []struct {
		DriveID string
		Status  models.Status
		Copies  int64
		Bytes   int64
	}
	err := s.read(ctx).Model(&models.DriveFile{}).Clauses(filesByDrive).Select("drive_id, status, COUNT(*) AS copies, SUM(size) AS bytes").
		Group("drive_id, status").Scan(&rows).Error
	if err != nil {
		return nil, s.fault("count the copies on drives", err)
	}
	totals := map[string]models.DriveTotals{}
	for _, r := range rows {
		t := totals[r.DriveID]
		t.DriveID = r.DriveID
		switch r.Status {
		case models.StatusFinished:
			t.Finished, t.Bytes = r.Copies, r.Bytes
		case models.StatusFailed:
			t.Failed = r.Copies
		}
		totals[r.DriveID] = t
	}
	return totals, nil
}

// installationFact names the fact that holds the installation's id.
const installationFact = "installation"

// Installation returns the id of this installation, which all its replicas share
// and which never changes.
func (s *Store) Installation(ctx context.Context) (string, error) {
	return s.SharedFact(ctx, installationFact, models.ShortID(models.NewID()))
}

// ReplaceFact changes what all processes know under a name, unless another one has changed
// it from old already.
func (s *Store) ReplaceFact(ctx context.Context, name, old, fresh string) error {
	return s.write(ctx, "change what is shared as "+name, func(tx *gorm.DB) error {
		return tx.Model(&models.Fact{}).Where("name = ? AND value = ?", name, old).UpdateColumn("value", fresh).Error
	})
}

// SharedFact returns what all processes know under a name. The first to ask sets it to
// what it offers, and nothing changes it later.
func (s *Store) SharedFact(ctx context.Context, name, offer string) (string, error) {
	var fact models.Fact
	err := s.read(ctx).Take(&fact, "name = ?", name).Error
	if err == nil {
		return fact.Value, nil
	}
	if !isMissing(err) {
		return "", s.fault("read what is shared as "+name, err)
	}
	err = s.write(ctx, "share "+name, func(tx *gorm.DB) error {
		made := models.Fact{Name: name, Value: offer}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&made).Error; err != nil {
			return err
		}
		return forUpdate(tx).Take(&fact, "name = ?", name).Error
	})
	return fact.Value, err
}
