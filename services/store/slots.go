package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// jobRow is what transactions about a job's backups look at.
type jobRow struct {
	ID       string
	Label    string
	PausedAt *time.Time
	LastSlot *time.Time
}

// ahead reports whether the newest slot lies so far in the future that a clock which
// was wrong must have left it.
func (j jobRow) ahead(now time.Time) bool {
	return j.LastSlot != nil && j.LastSlot.After(now.Add(clockSlack))
}

// handled reports whether a slot was started or given up.
func (j jobRow) handled(slot, now time.Time) bool {
	return j.LastSlot != nil && !slot.After(*j.LastSlot) && !j.ahead(now)
}

// scheduledSlot returns the instant that a backup was scheduled for; ok is false for
// one that was asked for.
func scheduledSlot(b models.Backup) (slot time.Time, ok bool) {
	if b.Trigger != models.TriggerSchedule {
		return time.Time{}, false
	}
	slot, err := time.Parse(time.RFC3339, b.Slot)
	return slot.UTC(), err == nil
}

// maySchedule says why a scheduled backup of a job cannot be inserted: somebody has
// paused the job, or has handled the slot.
func maySchedule(job jobRow, slot, now time.Time) error {
	if job.PausedAt != nil {
		return models.Conflictf("the job %s is paused: resume it, or start a backup by hand", job.Label)
	}
	if job.handled(slot, now) {
		return models.Conflictf("the slot %s of the job %s was started or given up already", slotText(slot), job.Label)
	}
	return nil
}

// handle notes the newest slot of a job that was started or given up.
func handle(tx *gorm.DB, jobID string, slot time.Time) error {
	return tx.Model(&models.Job{}).Where("id = ?", jobID).UpdateColumn("last_slot", utc(slot)).Error
}

// SkipSlots writes slots of a job down as given up, in the order of slots: it returns
// models.ErrConflict when the first of them was started or given up already, by another
// server.
func (s *Store) SkipSlots(ctx context.Context, m models.Missed) error {
	if m.Slots < 1 || m.Last.Before(m.First) {
		return models.Invalidf("%d slots from %s to %s cannot be given up: name at least one", m.Slots, slotText(m.First), slotText(m.Last))
	}
	m.ID, m.CreatedAt = idOr(m.ID), utcOrNow(m.CreatedAt)
	m.First, m.Last, m.Reason = utc(m.First), utc(m.Last), storable(m.Reason, textLimit)
	return s.write(ctx, "write down missed slots of the job "+m.JobID, func(tx *gorm.DB) error {
		job, err := lockJob(tx, m.JobID)
		if err != nil {
			return err
		}
		if job.handled(m.First, models.Now()) {
			return models.Conflictf("the slot %s of the job %s was started or given up already", slotText(m.First), job.Label)
		}
		if err := tx.Create(&m).Error; err != nil {
			return err
		}
		return handle(tx, m.JobID, m.Last)
	})
}

// MissedSlots returns what was given up of a job's slots, at most limit, newest first.
func (s *Store) MissedSlots(ctx context.Context, jobID string, limit int) ([]models.Missed, error) {
	return page[models.Missed](s, s.read(ctx).Where("job_id = ?", jobID), "missed slot", models.Cursor{}, limit)
}

// StartedSlots returns the slots of a job from one moment to another, both included,
// that have a backup, oldest first.
func (s *Store) StartedSlots(ctx context.Context, jobID string, from, until time.Time) ([]time.Time, error) {
	var texts []string
	between := s.read(ctx).Model(&models.Backup{}).Where("job_id = ? AND slot >= ? AND slot <= ?", jobID, slotText(from), slotText(until))
	if err := between.Order("slot").Pluck("slot", &texts).Error; err != nil {
		return nil, s.fault("read the slots of the job "+jobID, err)
	}
	slots := make([]time.Time, 0, len(texts))
	for _, text := range texts {
		if slot, err := time.Parse(time.RFC3339, text); err == nil {
			slots = append(slots, slot.UTC())
		}
	}
	return slots, nil
}

// RewindSlots forgets what a clock that was wrong has left: where the newest slot of a
// job lies more than an hour after a moment, slots after that moment are owed again. Those
// that have a backup stay taken. Of missed slots that reach over the moment keep returns
// the part that is not after it. It changes nothing where the newest slot does not lie
// that far ahead.
func (s *Store) RewindSlots(ctx context.Context, jobID string, at time.Time, keep func(models.Missed) models.Missed) error {
	at = utc(at)
	return s.write(ctx, "set the slots of the job "+jobID+" back", func(tx *gorm.DB) error {
		job, err := lockJob(tx, jobID)
		if err != nil || !job.ahead(at) {
			return err
		}
		if err := rewindMissed(tx, jobID, at, keep); err != nil {
			return err
		}
		return handle(tx, jobID, at)
	})
}

func rewindMissed(tx *gorm.DB, jobID string, at time.Time, keep func(models.Missed) models.Missed) error {
	var over []models.Missed
	last := clause.Gt{Column: clause.Column{Name: "last"}, Value: at} // gorm quotes the name, which is a keyword
	if err := tx.Where("job_id = ?", jobID).Where(last).Find(&over).Error; err != nil {
		return err
	}
	for _, m := range over {
		kept := models.Missed{}
		if !m.First.After(at) {
			kept = keep(m)
		}
		change := tx.Where("id = ?", m.ID)
		if kept.Slots == 0 {
			if err := change.Delete(&models.Missed{}).Error; err != nil {
				return err
			}
			continue
		}
		kept.Last = utc(kept.Last)
		if err := change.Select("last", "slots").Updates(&kept).Error; err != nil {
			return err
		}
	}
	return nil
}
