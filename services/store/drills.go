package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// InsertDrill records a drill that begins, or one that has ended, which then settles
// in the same transaction as SettleDrill would. It returns models.ErrNotFound when
// there is no such backup, and models.ErrConflict when a drill that begins finds
// another of the same backup that has not ended.
func (s *Store) InsertDrill(ctx context.Context, d models.Drill) error {
	d.CreatedAt, d.SeenAt = utcOrNow(d.CreatedAt), utcOrNil(d.SeenAt)
	if !d.Running() {
		d = ended(d, d.CreatedAt)
	}
	return s.write(ctx, "record a drill of the backup "+d.BackupID, func(tx *gorm.DB) error {
		b, err := lockBackup(tx, d.BackupID)
		if err != nil {
			return err
		}
		d.JobID = b.JobID
		if d.Running() {
			err = mayDrill(tx, b)
		} else {
			err = recordOutcome(tx, b, d)
		}
		if err != nil {
			return err
		}
		if err := tx.Create(&d).Error; err != nil {
			return err
		}
		return s.markSeen(tx, drillRun, d.ID, d.SeenAt)
	})
}

// ended fills in what a drill that has ended may leave out.
func ended(d models.Drill, at time.Time) models.Drill {
	if d.SettledAt == nil {
		d.SettledAt = &at
	}
	d.SettledAt = utcOrNil(d.SettledAt)
	if d.Outcome == models.DrillProven {
		d.Level = models.LevelEquals
	}
	d.Reason = storable(d.Reason, textLimit)
	return d
}

// lockBackup reads a backup and keeps it as it is until the transaction ends. It must
// be the first statement, or come after lockJob, which says why.
func lockBackup(tx *gorm.DB, id string) (models.Backup, error) {
	var b models.Backup
	err := forUpdate(tx).Take(&b, "id = ?", id).Error
	if isMissing(err) {
		return b, goneBackup(tx, id)
	}
	return b, err
}

func mayDrill(tx *gorm.DB, b models.Backup) error {
	var others []models.Drill
	err := tx.Where(drillRun.running).Where("backup_id = ?", b.ID).Limit(1).Find(&others).Error
	if err != nil || len(others) == 0 {
		return err
	}
	return models.Conflictf("the backup %s of %s is being drilled already: wait until the drill %s has ended", b.ID, b.Label, others[0].ID)
}

// SettleDrill ends a drill and, in the same transaction, records on its backup what it
// found: a proven backup is no longer disproven, and the other way round; a drill that
// could not tell changes neither. A disproven one raises an alarm. It returns
// models.ErrConflict when the drill has ended before.
func (s *Store) SettleDrill(ctx context.Context, d models.Drill) error {
	if d.Running() {
		return models.Invalidf("the drill %s cannot end without an outcome: say proven, disproven or unverified", d.ID)
	}
	begun, err := s.Drill(ctx, d.ID)
	if err != nil {
		return err
	}
	d = ended(d, models.Now())
	d.BackupID, d.JobID = begun.BackupID, begun.JobID
	return s.write(ctx, "settle the drill "+d.ID, func(tx *gorm.DB) error {
		b, err := lockBackup(tx, d.BackupID)
		if err != nil {
			return err
		}
		if err := settleDrill(tx, d); err != nil {
			return err
		}
		return recordOutcome(tx, b, d)
	})
}

func settleDrill(tx *gorm.DB, d models.Drill) error {
	changed := drillRun.unsettled(tx).Where("id = ?", d.ID).Updates(map[string]any{
		"outcome": d.Outcome, "level": d.Level, "reason": d.Reason, "server": d.Server, "drive_file_id": d.DriveFileID,
		"restore_took": d.RestoreTook, "duration": d.Duration, "settled_at": d.SettledAt,
	})
	return changedOr(changed, func() error { return drillRun.whyNotHeld(tx, d.ID) })
}

// recordOutcome writes on a backup what a drill of it found.
func recordOutcome(tx *gorm.DB, b models.Backup, d models.Drill) error {
	changes := map[string]any{"drilled_at": d.SettledAt, "updated_at": models.Now()}
	switch d.Outcome {
	case models.DrillProven:
		changes["proven_at"], changes["disproven_at"] = d.SettledAt, nil
	case models.DrillDisproven:
		changes["proven_at"], changes["disproven_at"] = nil, d.SettledAt
	}
	if !lessThanKnown(b, d) {
		changes["proof_level"] = d.Level
	}
	if d.RestoreTook > 0 {
		changes["restore_took"] = d.RestoreTook
	}
	if err := tx.Model(&models.Backup{}).Where("id = ?", b.ID).Updates(changes).Error; err != nil {
		return err
	}
	if d.Outcome != models.DrillDisproven {
		return nil
	}
	return raise(tx, disprovenAlarm(b, d))
}

// lessThanKnown reports whether a drill that could not tell came less far than the one
// that proved the backup, which it takes nothing away from.
func lessThanKnown(b models.Backup, d models.Drill) bool {
	return d.Outcome == models.DrillUnverified && b.ProvenAt != nil && d.Level.Below(b.ProofLevel)
}

// SaveDrillProgress records a heartbeat of the runner that makes a drill, and reports
// whether somebody wants it to stop. It returns models.ErrConflict when the drill has
// ended meanwhile or is another runner's.
func (s *Store) SaveDrillProgress(ctx context.Context, id, runnerID string, p models.RunProgress) (cancelAsked bool, err error) {
	return s.beat(ctx, drillRun, id, runnerID, map[string]any{
		"phase": string(p.Phase), "drive_file_id": p.DriveFileID, "done": p.Done, "total": p.Total, "server": p.Server,
	})
}

// AskDrillCancel notes that somebody wants a drill to stop. It returns
// models.ErrConflict when it has ended.
func (s *Store) AskDrillCancel(ctx context.Context, id string) error {
	return s.askCancel(ctx, drillRun, id)
}

// Drill returns one drill, or models.ErrNotFound.
func (s *Store) Drill(ctx context.Context, id string) (models.Drill, error) {
	return first[models.Drill](s, s.read(ctx).Where("id = ?", id), "read a drill", drillRun.missing(id))
}

// Drills returns the drills of a backup, newest first.
func (s *Store) Drills(ctx context.Context, backupID string) ([]models.Drill, error) {
	drills := []models.Drill{}
	err := newestFirst(s.read(ctx).Where("backup_id = ?", backupID)).Find(&drills).Error
	return drills, s.fault("list the drills of the backup "+backupID, err)
}

// RecentDrills returns at most limit drills, newest first, starting after the cursor.
func (s *Store) RecentDrills(ctx context.Context, f models.DrillFilter, after models.Cursor, limit int) ([]models.Drill, error) {
	query := ofJobs(s.read(ctx), f.JobIDs)
	if f.JobID != "" {
		query = query.Where("job_id = ?", f.JobID)
	}
	if f.Outcome != models.DrillRunning {
		query = query.Where("outcome = ?", f.Outcome)
	}
	return page[models.Drill](s, query, drillRun.noun, after, limit)
}

// RunningDrills returns the drills that have not ended, oldest first.
func (s *Store) RunningDrills(ctx context.Context) ([]models.Drill, error) {
	drills := []models.Drill{}
	err := s.read(ctx).Where(drillRun.running).Order("created_at, id").Find(&drills).Error
	return drills, s.fault("list the drills that run", err)
}

// SilentDrills returns the drills that have not ended and whose runner gave no sign of
// life for so long, oldest first.
func (s *Store) SilentDrills(ctx context.Context, within time.Duration) ([]models.Drill, error) {
	drills := []models.Drill{}
	err := s.silent(ctx, drillRun, within).Find(&drills).Error
	return drills, s.fault("look for drills whose runner has died", err)
}

// DrillRunningFor returns the drill of a backup that has not ended, or models.ErrNotFound.
func (s *Store) DrillRunningFor(ctx context.Context, backupID string) (models.Drill, error) {
	query := s.read(ctx).Where(drillRun.running).Where("backup_id = ?", backupID)
	return first[models.Drill](s, query, "look for a drill that runs", models.NotFoundf("no drill of the backup %s runs", backupID))
}
