package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// RaiseAlarm records something about a backup that a person must look at. When nobody
// has looked at an alarm of the same job, backup and kind, that one gets the sentence,
// too. It returns models.ErrNotFound when there is no such backup.
func (s *Store) RaiseAlarm(ctx context.Context, a models.Alarm) error {
	return s.write(ctx, "raise an alarm about the backup "+a.BackupID, func(tx *gorm.DB) error {
		if _, err := lockBackup(tx, a.BackupID); err != nil {
			return err
		}
		return raise(tx, a)
	})
}

// raise records an alarm of a backup that the transaction has locked.
func raise(tx *gorm.DB, a models.Alarm) error {
	a.ID, a.CreatedAt, a.SeenAt = idOr(a.ID), utcOrNow(a.CreatedAt), nil
	a.Sentence = storable(a.Sentence, textLimit)
	var known []models.Alarm
	same := unseen(tx).Where("job_id = ? AND backup_id = ? AND kind = ?", a.JobID, a.BackupID, a.Kind)
	if err := same.Limit(1).Find(&known).Error; err != nil {
		return err
	}
	if len(known) == 0 {
		return tx.Create(&a).Error
	}
	extended := storable(withLines(known[0].Sentence, a.Sentence), textLimit)
	return tx.Model(&models.Alarm{}).Where("id = ?", known[0].ID).Update("sentence", extended).Error
}

// withLines adds the lines that the text lacks.
func withLines(text, more string) string {
	lines := strings.Split(text, "\n")
	for line := range strings.SplitSeq(more, "\n") {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func disprovenAlarm(b models.Backup, d models.Drill) models.Alarm {
	sentence := fmt.Sprintf("a drill found the backup %s of %s wrong: %s", b.ID, b.Label, d.Reason)
	return models.Alarm{JobID: b.JobID, BackupID: b.ID, Kind: models.AlarmDisproven, Sentence: sentence, CreatedAt: *d.SettledAt}
}

func unseen(query *gorm.DB) *gorm.DB { return query.Where("seen_at IS NULL") }

// Alarms returns the alarms of all jobs, newest first.
func (s *Store) Alarms(ctx context.Context, unseenOnly bool) ([]models.Alarm, error) {
	query := s.read(ctx)
	if unseenOnly {
		query = unseen(query)
	}
	return s.alarms(query)
}

// UnseenAlarms returns the alarms of a job that nobody has looked at, newest first.
func (s *Store) UnseenAlarms(ctx context.Context, jobID string) ([]models.Alarm, error) {
	return s.alarms(unseen(s.read(ctx)).Where("job_id = ?", jobID))
}

func (s *Store) alarms(query *gorm.DB) ([]models.Alarm, error) {
	alarms := []models.Alarm{}
	err := newestFirst(query).Find(&alarms).Error
	return alarms, s.fault("list the alarms", err)
}

// SeeAlarm notes that a person has looked at an alarm. It returns models.ErrNotFound
// when there is no such alarm, and models.ErrConflict when somebody has before.
func (s *Store) SeeAlarm(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, "note that the alarm "+id+" was seen", func(tx *gorm.DB) error {
		seen := unseen(tx.Model(&models.Alarm{})).Where("id = ?", id).Update("seen_at", utcOrNow(at))
		return changedOr(seen, func() error { return whyNotSeen(tx, id) })
	})
}

func whyNotSeen(tx *gorm.DB, id string) error {
	var a models.Alarm
	err := tx.Select("id").Take(&a, "id = ?", id).Error
	switch {
	case isMissing(err):
		return models.NotFoundf("there is no alarm %s: the list of alarms has the ids there are", id)
	case err != nil:
		return err
	}
	return models.Conflictf("somebody has looked at the alarm %s already: it freezes nothing any more", id)
}

// Frozen reports whether a job has an alarm that nobody has looked at. Whatever
// deletes backups or copies of a job must ask first, and delete nothing while it is so:
// an older backup may be the last good one.
func (s *Store) Frozen(ctx context.Context, jobID string) (bool, error) {
	var found []models.Alarm
	err := unseen(s.read(ctx)).Select("id").Where("job_id = ?", jobID).Limit(1).Find(&found).Error
	return len(found) > 0, s.fault("ask whether the job "+jobID+" is frozen", err)
}
