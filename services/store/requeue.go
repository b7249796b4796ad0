package store

import (
	"context"
	"maps"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// Requeue makes a failed backup pending again because a person asked for it: its
// attempt grows, its failed drive files become pending, and how often they were made
// again by themselves is forgotten. With redump the dump's facts and manifest are
// forgotten, too, and every drive file becomes pending. It returns models.ErrConflict
// when the backup has not failed, or when its job may not dump now and redump is set.
func (s *Store) Requeue(ctx context.Context, id string, redump bool) error {
	return s.again(ctx, id, func(tx *gorm.DB, b models.Backup) error {
		if redump {
			if err := mayDump(tx, b.JobID); err != nil {
				return err
			}
		}
		return requeue(tx, id, redump, nobody())
	})
}

// TakeFailed makes a failed backup pending as Requeue does without redump, and gives
// it to a runner at once: the dump may be on that runner's machine only. It returns
// models.ErrConflict when the backup has not failed.
func (s *Store) TakeFailed(ctx context.Context, id, runner string, lease time.Duration) error {
	return s.again(ctx, id, func(tx *gorm.DB, _ models.Backup) error {
		return requeue(tx, id, false, map[string]any{"lease_owner": runner, "lease_until": s.in(lease)})
	})
}

// again changes a backup that has failed, one change of its job's backups at a time.
func (s *Store) again(ctx context.Context, id string, change func(tx *gorm.DB, b models.Backup) error) error {
	b, err := s.Backup(ctx, id)
	if err != nil {
		return err
	}
	return s.write(ctx, "queue the backup "+id+" again", func(tx *gorm.DB) error {
		if _, err := lockJob(tx, b.JobID); err != nil {
			return err
		}
		if err := mustHaveFailed(tx, id); err != nil {
			return err
		}
		return change(tx, b)
	})
}

func nobody() map[string]any { return map[string]any{"lease_owner": "", "lease_until": nil} }

func mustHaveFailed(tx *gorm.DB, id string) error {
	var b models.Backup
	err := tx.Select("status").Take(&b, "id = ?", id).Error
	switch {
	case isMissing(err):
		return goneBackup(tx, id)
	case err != nil:
		return err
	case b.Status != models.StatusFailed:
		return models.Conflictf("the backup %s is %s: only a failed one can be tried again", id, b.Status)
	}
	return nil
}

// requeue makes a backup pending, with the given lease.
func requeue(tx *gorm.DB, id string, redump bool, lease map[string]any) error {
	changes := map[string]any{
		"status": models.StatusPending, "phase": models.PhaseQueued, "attempt": gorm.Expr("attempt + 1"),
		"error": "", "settled_at": nil, "start_by": nil, "cancel_asked_at": nil, "updated_at": models.Now(),
	}
	maps.Copy(changes, lease)
	files := tx.Model(&models.DriveFile{}).Where("backup_id = ?", id)
	if redump {
		forgetDump(changes)
		if err := forgetProof(tx, id); err != nil {
			return err
		}
	} else {
		files = files.Where("status = ?", models.StatusFailed)
	}
	if err := tx.Model(&models.Backup{}).Where("id = ?", id).Updates(changes).Error; err != nil {
		return err
	}
	pending := readable(map[string]any{
		"status": models.StatusPending, "error": "", "path": nil, "size": 0, "verified_at": nil, "locked_until": nil,
		"heal_at": nil, "updated_at": models.Now(),
	})
	if lease["lease_owner"] == "" {
		pending["heals"] = 0
	}
	return files.Updates(pending).Error
}

func forgetDump(changes map[string]any) {
	for column, value := range map[string]any{
		"raw_size": 0, "size": 0, "tables_done": 0, "tables_total": 0, "sha256": "", "crc64": "", "dump_path": nil, "spool_node": "", "warnings": "", "dumped_at": nil,
		"proven_at": nil, "disproven_at": nil, "proof_level": models.LevelNone, "drilled_at": nil, "restore_took": 0,
	} {
		changes[column] = value
	}
}

// forgetProof removes the manifest of a dump that is made again, and ends the drills
// that still read it: what they find says nothing about the new one.
func forgetProof(tx *gorm.DB, id string) error {
	if err := tx.Delete(&manifestRow{}, "backup_id = ?", id).Error; err != nil {
		return err
	}
	return drillRun.unsettled(tx).Where("backup_id = ?", id).Updates(map[string]any{
		"outcome": models.DrillUnverified, "settled_at": models.Now(),
		"reason": "the backup was tried again, with a new dump, while the old one was being drilled",
	}).Error
}
