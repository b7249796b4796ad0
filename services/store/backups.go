package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// InsertBackup records a pending backup with its drive files, in one
// transaction. It returns models.ErrBusy when the job has a backup that still dumps,
// models.ErrConflict when it has one for the slot, and models.ErrNotFound when there
// is no such job. Slots of a schedule are handled in order: one that is not after the
// newest that was started or given up is an ErrConflict, too, and so is any slot of a
// job that is paused.
func (s *Store) InsertBackup(ctx context.Context, b models.Backup) error {
	b, files := insertable(b)
	slot, scheduled := scheduledSlot(b)
	var taken error
	err := s.write(ctx, "record the backup", func(tx *gorm.DB) error {
		job, err := lockJob(tx, b.JobID)
		if err != nil {
			return err
		}
		if scheduled {
			if err := maySchedule(job, slot, models.Now()); err != nil {
				return err
			}
		}
		// What has a backup is handled, also where a clock that was wrong has hidden that.
		if taken = slotTaken(tx, b); errors.Is(taken, models.ErrConflict) && scheduled {
			return handle(tx, b.JobID, slot)
		} else if taken != nil {
			return taken
		}
		if err := mayDump(tx, b.JobID); err != nil {
			return err
		}
		if scheduled {
			if err := handle(tx, b.JobID, slot); err != nil {
				return err
			}
		}
		return insertWithFiles(tx, b, files)
	})
	if err != nil {
		return err
	}
	return taken
}

// insertable fills in what a new backup may leave out, and parts it from its
// drive files, which gorm would otherwise save in its own way.
func insertable(b models.Backup) (models.Backup, []models.DriveFile) {
	if b.Status == "" {
		b.Status = models.StatusPending
	}
	if b.Phase == "" {
		b.Phase = models.PhaseQueued
	}
	if b.Attempt == 0 {
		b.Attempt = 1
	}
	b.CreatedAt, b.UpdatedAt = utcOrNow(b.CreatedAt), nil
	b.Error, b.Warnings = storable(b.Error, textLimit), storable(b.Warnings, textLimit)
	b.LeaseUntil, b.StartedAt, b.DumpedAt = utcOrNil(b.LeaseUntil), utcOrNil(b.StartedAt), utcOrNil(b.DumpedAt)
	b.SettledAt, b.ProvenAt = utcOrNil(b.SettledAt), utcOrNil(b.ProvenAt)
	b.DisprovenAt, b.DrilledAt, b.StartBy = utcOrNil(b.DisprovenAt), utcOrNil(b.DrilledAt), utcOrNil(b.StartBy)
	files := insertableFiles(b)
	b.DriveFiles = nil
	return b, files
}

func insertableFiles(b models.Backup) []models.DriveFile {
	files := make([]models.DriveFile, len(b.DriveFiles))
	for i, f := range b.DriveFiles {
		f.BackupID, f.UpdatedAt = b.ID, nil
		if f.Status == "" {
			f.Status = models.StatusPending
		}
		f.Error = storable(f.Error, textLimit)
		f.CreatedAt, f.VerifiedAt, f.LockedUntil = utc(b.CreatedAt), utcOrNil(f.VerifiedAt), utcOrNil(f.LockedUntil)
		files[i] = f
	}
	return files
}

func insertWithFiles(tx *gorm.DB, b models.Backup, files []models.DriveFile) error {
	err := tx.Omit(clause.Associations).Create(&b).Error
	if isDuplicate(err) {
		return models.Conflictf("there already is a backup %s, or one of its job for %s", b.ID, b.Slot)
	}
	if err != nil || len(files) == 0 {
		return err
	}
	if err := tx.Create(&files).Error; err != nil {
		return fmt.Errorf("record its drive files: %w", err)
	}
	return nil
}

// lockJob makes transactions about one job's backups wait for each other. It
// must be a transaction's first statement: on MySQL what is read after it is
// then what the others have left.
func lockJob(tx *gorm.DB, id string) (jobRow, error) {
	var job jobRow
	err := forUpdate(tx).Table("jobs").Where("id = ?", id).Take(&job).Error
	if isMissing(err) {
		return job, noSuchJob(id)
	}
	return job, err
}

func slotTaken(tx *gorm.DB, b models.Backup) error {
	var other models.Backup
	err := tx.Select("id").Take(&other, "job_id = ? AND slot = ?", b.JobID, b.Slot).Error
	switch {
	case isMissing(err):
		return nil
	case err != nil:
		return err
	}
	return models.Conflictf("the backup of %s for %s already exists: it is %s", b.Label, b.Slot, other.ID)
}

// maxPending bounds how many new backups of a job are under way at once, so that a
// drive that cannot keep up does not fill the spool.
const maxPending = 3

// mayDump returns models.ErrBusy when a job already has a backup that dumps, or
// is about to, or too many that upload. Fewer that upload do not hold up the next
// one, nor do earlier backups whose copies are made again, however many: a slow
// drive must cost nothing but its own copy.
func mayDump(tx *gorm.DB, jobID string) error {
	var others []models.Backup
	columns := []string{"id", "label", "attempt", "phase", "started_at", "dumped_at"}
	if err := pendingOf(tx, jobID).Select(columns).Order("created_at, id").Find(&others).Error; err != nil {
		return err
	}
	var uploading []models.Backup
	for _, other := range others {
		if other.DumpedAt == nil {
			return models.Busyf("a backup of %s is still running: wait until %s has finished or failed", other.Label, other.ID)
		}
		if !onlyCopies(other) {
			uploading = append(uploading, other)
		}
	}
	if len(uploading) >= maxPending {
		return models.Busyf("%d backups of %s are still being uploaded: wait until %s has finished or failed", len(uploading), uploading[0].Label, uploading[0].ID)
	}
	return nil
}

// onlyCopies reports whether the attempt of a pending backup makes copies of a dump
// that an earlier attempt has made.
func onlyCopies(b models.Backup) bool {
	return b.Attempt > 1 && b.DumpedAt != nil &&
		(b.Phase == models.PhaseQueued || b.StartedAt != nil && b.StartedAt.After(*b.DumpedAt))
}

func pendingOf(tx *gorm.DB, jobID string) *gorm.DB {
	return tx.Where("job_id = ? AND status = ?", jobID, models.StatusPending)
}

// Backup returns one backup with its drive files, or models.ErrNotFound, which says of
// one that was removed when that was and why.
func (s *Store) Backup(ctx context.Context, id string) (models.Backup, error) {
	b, err := s.oneBackup(ctx, s.readOften(ctx).Where("id = ?", id), noSuchBackup(id))
	if isNotFound(err) {
		err = s.fault("look for the removal of a backup", goneBackup(s.read(ctx), id))
	}
	return b, err
}

// PendingOf returns the backup of a job that is still pending, or models.ErrNotFound.
func (s *Store) PendingOf(ctx context.Context, jobID string) (models.Backup, error) {
	return s.oneBackup(ctx, pendingOf(s.read(ctx), jobID).Order("created_at DESC, id DESC"), models.NotFoundf("the job %s has no pending backup", jobID))
}

// LastFinished returns the job's newest finished backup, or models.ErrNotFound.
func (s *Store) LastFinished(ctx context.Context, jobID string) (models.Backup, error) {
	finished := filtered(s.read(ctx), models.BackupFilter{JobID: jobID, Status: models.StatusFinished})
	return s.oneBackup(ctx, newestFirst(finished), models.NotFoundf("the job %s has no finished backup yet", jobID))
}

// oneBackup returns the first backup of a query with its drive files, or missing.
func (s *Store) oneBackup(ctx context.Context, query *gorm.DB, missing error) (models.Backup, error) {
	var found []models.Backup
	if err := query.Limit(1).Find(&found).Error; err != nil {
		return models.Backup{}, s.fault("read a backup", err)
	}
	if len(found) == 0 {
		return models.Backup{}, missing
	}
	if err := filesOf(s.readOften(ctx), found); err != nil {
		return models.Backup{}, s.fault("read a backup", err)
	}
	return found[0], nil
}

func noSuchBackup(id string) error {
	return models.NotFoundf("there is no backup %s: the list of backups has the ids there are", id)
}
