package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// RetentionSnapshot returns what the rules of retention of a job look at, or
// models.ErrNotFound.
func (s *Store) RetentionSnapshot(ctx context.Context, jobID string) (models.RetentionSnapshot, error) {
	found, err := snapshot(s.read(ctx), jobID)
	return found, s.fault("read what retention of the job "+jobID+" is about", err)
}

// PruneJob takes copies off the backups of a job, in one transaction: while no backup of
// the job can begin, be read or be changed, decide is asked which copies go, and what it
// returns is written down as removals that are due. The ids of those are the ids of the
// drive files. A backup that is left without a copy goes, with its manifest and its log;
// its drills, restores and alarms stay. It returns the removals as they were recorded.
//
// decide may be called several times and must have no effect of its own.
func (s *Store) PruneJob(ctx context.Context, jobID string, decide func(models.RetentionSnapshot) []models.Removal) ([]models.Removal, error) {
	var removals []models.Removal
	err := s.write(ctx, "remove copies of the job "+jobID, func(tx *gorm.DB) error {
		if _, err := lockJob(tx, jobID); err != nil {
			return err
		}
		// Whoever begins to read a backup, or changes a copy of it, holds it first.
		var ids []string
		if err := forUpdate(tx).Model(&models.Backup{}).Where("job_id = ?", jobID).Pluck("id", &ids).Error; err != nil {
			return err
		}
		now, err := snapshot(tx, jobID)
		if err != nil {
			return err
		}
		removals = decide(now)
		return removeCopies(tx, now, removals)
	})
	if err != nil {
		return nil, err
	}
	return removals, nil
}

// snapshot reads what retention is about. Outside of a transaction it may be of several
// moments.
func snapshot(tx *gorm.DB, jobID string) (models.RetentionSnapshot, error) {
	found := models.RetentionSnapshot{Drives: map[string]string{}, Gone: map[string]bool{}, Reading: map[string]string{}}
	err := tx.Take(&found.Job, "id = ?", jobID).Error
	if isMissing(err) {
		return found, noSuchJob(jobID)
	}
	if err != nil {
		return found, err
	}
	if err := newestFirst(tx.Clauses(byJob).Where("job_id = ?", jobID)).Find(&found.Backups).Error; err != nil {
		return found, err
	}
	var drives []models.Drive
	if err := tx.Select("id", "label", "removed_at").Find(&drives).Error; err != nil {
		return found, err
	}
	for _, d := range drives {
		found.Drives[d.ID], found.Gone[d.ID] = d.Label, d.RemovedAt != nil
	}
	return found, errors.Join(filesOf(tx, found.Backups), whoReads(tx, found.Reading),
		unseen(tx.Model(&models.Alarm{})).Where("job_id = ?", jobID).Count(&found.Alarms).Error)
}

// undoTime is how long the safety backup of a restore is kept whatever the rules say: it
// may be all there is of what was overwritten.
const undoTime = 7 * 24 * time.Hour

// whoReads notes what needs a backup now: a drill or a restore that has not ended, also
// one whose process died and that nobody has settled yet, or a restore that ended lately
// and that somebody may want to undo.
func whoReads(tx *gorm.DB, reading map[string]string) error {
	var restores []models.Restore
	if err := tx.Select("backup_id", "safety_backup_id").Where(restoreRun.running).Find(&restores).Error; err != nil {
		return fmt.Errorf("look for restores that run: %w", err)
	}
	var drills []models.Drill
	if err := tx.Select("backup_id").Where(drillRun.running).Find(&drills).Error; err != nil {
		return fmt.Errorf("look for drills that run: %w", err)
	}
	var undone []models.Restore
	lately := tx.Select("safety_backup_id").Where("safety_backup_id <> '' AND settled_at > ?", utc(models.Now().Add(-undoTime)))
	if err := lately.Find(&undone).Error; err != nil {
		return fmt.Errorf("look for restores that ended lately: %w", err)
	}
	for _, r := range undone {
		reading[r.SafetyBackupID] = "a restore of the last week has overwritten what it holds"
	}
	for _, d := range drills {
		reading[d.BackupID] = "a drill reads it now"
	}
	for _, r := range restores {
		reading[r.BackupID] = "a restore reads it now"
		reading[r.SafetyBackupID] = "a restore that runs may need it to undo what it does"
	}
	delete(reading, "")
	return nil
}

// removeCopies carries out what was decided about a snapshot.
func removeCopies(tx *gorm.DB, now models.RetentionSnapshot, removals []models.Removal) error {
	if len(removals) == 0 {
		return nil
	}
	going := make(map[string]bool, len(removals))
	for i := range removals {
		r := &removals[i]
		going[r.ID] = true
		r.Reason, r.CreatedAt, r.BackupMade = storable(r.Reason, textLimit), utcOrNow(r.CreatedAt), utc(r.BackupMade)
		r.TryAt, r.DoneAt = utcOrNil(r.TryAt), nil
	}
	left, known := parted(now.Backups, going)
	if known != len(removals) {
		return fmt.Errorf("%d copies were to be removed, and the job %s has %d of them", len(removals), now.Job.Label, known)
	}
	if err := tx.CreateInBatches(removals, chunk).Error; err != nil {
		return fmt.Errorf("record the removals: %w", err)
	}
	if err := deleteByID(tx, &models.DriveFile{}, "id", keys(going)); err != nil {
		return err
	}
	for _, b := range left.without {
		if err := tx.Model(&models.Backup{}).Where("id = ?", b.ID).Updates(b.dump()).Error; err != nil {
			return err
		}
	}
	return errors.Join(deleteByID(tx, &models.Backup{}, "id", left.gone), deleteByID(tx, &manifestRow{}, "backup_id", left.gone),
		deleteByID(tx, &models.Log{}, "backup_id", left.gone))
}

// remains is what is left of the backups of which copies go.
type remains struct {
	// gone are the ids of the backups that have no copy left.
	gone []string
	// without are those that keep some.
	without []lessened
}

// lessened is a backup and what is left of its copies.
type lessened struct {
	models.Backup
	lost []models.DriveFile
}

// parted tells backups that lose all their copies from those that lose some, and counts
// the copies that go.
func parted(backups []models.Backup, going map[string]bool) (left remains, known int) {
	for _, b := range backups {
		var stay, lost []models.DriveFile
		for _, f := range b.DriveFiles {
			if going[f.ID] {
				lost = append(lost, f)
			} else {
				stay = append(stay, f)
			}
		}
		known += len(lost)
		switch {
		case len(lost) == 0:
		case len(stay) == 0:
			left.gone = append(left.gone, b.ID)
		default:
			b.DriveFiles = stay
			left.without = append(left.without, lessened{b, lost})
		}
	}
	return left, known
}

// dump are the changes to a backup that loses copies: where its dump is on this machine
// is another copy in a folder then, or nowhere.
func (l lessened) dump() map[string]any {
	changes := map[string]any{"updated_at": models.Now()}
	wasThere := func(f models.DriveFile) bool { return f.Path != nil && l.DumpPath != nil && *f.Path == *l.DumpPath }
	if !slices.ContainsFunc(l.lost, wasThere) {
		return changes
	}
	changes["dump_path"] = nil
	for _, f := range l.DriveFiles {
		if f.Provider == "local" && f.Status == models.StatusFinished && f.Path != nil {
			changes["dump_path"] = *f.Path
			break
		}
	}
	return changes
}

func keys(set map[string]bool) []string {
	all := make([]string, 0, len(set))
	for key := range set {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}

// deleteByID deletes rows whose column has one of the ids.
func deleteByID(tx *gorm.DB, row any, column string, ids []string) error {
	for part := range slices.Chunk(ids, chunk) {
		if err := tx.Where(column+" IN ?", part).Delete(row).Error; err != nil {
			return fmt.Errorf("delete rows of %T: %w", row, err)
		}
	}
	return nil
}
