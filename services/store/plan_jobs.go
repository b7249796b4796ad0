package store

import (
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// resolveJobs turns the labels that planned jobs name into ids.
func resolveJobs(planned []models.PlannedJob, sources, drives map[string]string) []models.Job {
	jobs := make([]models.Job, len(planned))
	for i, p := range planned {
		j := p.Job
		j.SourceID, j.DriveIDs = sources[p.Source], make([]string, len(p.Drives))
		for n, label := range p.Drives {
			j.DriveIDs[n] = drives[label]
		}
		if len(p.DriveRetention) > 0 {
			j.DriveRetention = make(map[string]models.Retention, len(p.DriveRetention))
			for label, r := range p.DriveRetention {
				j.DriveRetention[drives[label]] = r
			}
		}
		jobs[i] = j
	}
	return jobs
}

// applyJobs makes the jobs those of a plan; keep leaves the others as they are.
func applyJobs(tx *gorm.DB, planned []models.Job, keep bool, now time.Time) error {
	var stored []models.Job
	if err := tx.Find(&stored).Error; err != nil {
		return err
	}
	known := make(map[string]models.Job, len(stored))
	for _, j := range stored {
		known[j.Label] = j
	}
	for _, j := range planned {
		if err := applyJob(tx, j, known[j.Label], now); err != nil {
			return err
		}
		delete(known, j.Label)
	}
	if keep {
		return nil
	}
	for _, gone := range known {
		if err := remove(tx.Model(&models.Job{}), gone.ID, now); err != nil {
			return err
		}
	}
	return nil
}

// applyJob inserts or changes one job; old has no id when it is new.
func applyJob(tx *gorm.DB, j, old models.Job, now time.Time) error {
	if old.ID == "" {
		j.ID, j.CreatedAt, j.UpdatedAt, j.RemovedAt, j.SlotsFrom = idOr(j.ID), now, nil, nil, &now
		return tx.Create(&j).Error
	}
	if old.RemovedAt == nil && sameJob(old, j) {
		return nil
	}
	j.UpdatedAt, j.RemovedAt, j.SlotsFrom, j.RetentionAt = &now, nil, &now, &now
	changed := []any{
		"drive_ids", "cron", "timezone", "compression", "encryption", "drill_after", "drill_cron", "drill_scratch",
		"start_window", "spread", "timeout", "retention", "drive_retention", "updated_at", "removed_at",
	}
	// What others may have written since the row was read is left alone.
	if old.RemovedAt != nil || !sameTiming(old, j) {
		changed = append(changed, "slots_from")
	}
	if old.RemovedAt != nil || !sameRetention(old, j) || old.Timezone != j.Timezone || old.SourceID != j.SourceID {
		changed = append(changed, "retention_at")
	}
	return tx.Model(&models.Job{}).Where("id = ?", old.ID).Select("source_id", changed...).Updates(&j).Error
}

// sameTiming reports whether two jobs have the same slots.
func sameTiming(a, b models.Job) bool {
	return a.Cron == b.Cron && a.Timezone == b.Timezone && a.Window == b.Window
}

func sameRetention(a, b models.Job) bool {
	return a.Retention == b.Retention && maps.Equal(a.DriveRetention, b.DriveRetention)
}

func sameJob(a, b models.Job) bool {
	return a.SourceID == b.SourceID && slices.Equal(a.DriveIDs, b.DriveIDs) && sameTiming(a, b) &&
		a.Compression == b.Compression && sameEncryption(a.Encryption, b.Encryption) && a.DrillAfter == b.DrillAfter &&
		a.DrillCron == b.DrillCron && a.DrillScratch == b.DrillScratch &&
		a.Spread == b.Spread && a.Timeout == b.Timeout && sameRetention(a, b)
}

func sameEncryption(a, b models.Encryption) bool {
	return a.Passphrase == b.Passphrase && slices.Equal(a.Recipients, b.Recipients)
}
