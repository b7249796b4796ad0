package retention

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// byHand is the reason of what a person deletes.
const byHand = "deleted by hand"

// PreviewDelete tells what deleting a backup would do, and changes nothing. It returns
// models.ErrNotFound when there is no such backup.
func (s *Service) PreviewDelete(ctx context.Context, backupID string) (models.Deletion, error) {
	b, err := s.store.Backup(ctx, backupID)
	if err != nil {
		return models.Deletion{}, err
	}
	found, err := s.store.RetentionSnapshot(ctx, b.JobID)
	if err != nil {
		return models.Deletion{}, err
	}
	d, there := s.deletion(found, backupID)
	if !there {
		return d, gone(b)
	}
	return d, nil
}

// Delete removes a backup with all its copies, because a person wants it, whatever the rules
// keep. It returns models.ErrConflict for one that is pinned, read, or still made, and, unless
// it is meant, for one that would be missed: the newest proven backup of its job, or the last
// good copy on a drive. The copies are off the backup when it returns; the drives are asked by
// RemoveDue, until each has confirmed.
func (s *Service) Delete(ctx context.Context, backupID string, meant bool) (models.Deletion, error) {
	b, err := s.store.Backup(ctx, backupID)
	if err != nil {
		return models.Deletion{}, err
	}
	var d models.Deletion
	var refused error
	_, err = s.store.PruneJob(ctx, b.JobID, func(found models.RetentionSnapshot) []models.Removal {
		var there bool
		d, there = s.deletion(found, backupID)
		refused = nil
		switch {
		case !there:
			refused = gone(b)
		case d.Refused != "":
			refused = models.Conflictf("%s", d.Refused)
		case len(d.Dear) > 0 && !meant:
			refused = models.Conflictf("the backup %s is %s: say that you mean it to delete it all the same", backupID, strings.Join(d.Dear, ", and "))
		default:
			return s.removalsByHand(d)
		}
		return nil
	})
	if err == nil {
		err = refused
	}
	if err == nil {
		s.log.Info("backup deleted by hand", "backup_id", backupID, "job", b.Label, "copies", len(d.Copies))
	}
	return d, err
}

func gone(b models.Backup) error {
	return models.NotFoundf("the backup %s of %s was removed meanwhile", b.ID, b.Label)
}

func (s *Service) removalsByHand(d models.Deletion) []models.Removal {
	now := s.now()
	all := make([]models.Removal, len(d.Copies))
	for i, c := range d.Copies {
		f := c.DriveFile
		all[i] = models.Removal{ID: f.ID, JobID: d.Backup.JobID, BackupID: f.BackupID, BackupMade: d.Backup.CreatedAt, DriveID: f.DriveID,
			FileName: f.Label, Key: f.Key, Size: f.Size, Reason: byHand, TryAt: &now, CreatedAt: now}
	}
	return all
}

// deletion tells what deleting a backup of a snapshot would do; false when it is not there.
func (s *Service) deletion(found models.RetentionSnapshot, backupID string) (d models.Deletion, there bool) {
	f := factsOf(found, PlanOptions{Now: s.now(), ByHand: true})
	rank := slices.IndexFunc(f.Backups, func(b models.Backup) bool { return b.ID == backupID })
	if rank < 0 {
		return d, false
	}
	d.Backup = f.Backups[rank]
	for _, c := range f.copies {
		if c.rank == rank {
			d.Copies = append(d.Copies, models.CopyDeletion{DriveFile: c.file, Drive: f.drive(c), Notes: f.deletionNotes(c)})
			d.Dear = append(d.Dear, f.dear(c)...)
		}
	}
	slices.Sort(d.Dear)
	d.Dear = slices.Compact(d.Dear)
	d.Refused = f.keptFromDeletion(d.Backup)
	return d, true
}

// keptFromDeletion says why a backup cannot be deleted now; empty when it can.
func (f *facts) keptFromDeletion(b models.Backup) string {
	switch {
	case !b.Status.Settled():
		return fmt.Sprintf("the backup %s of %s is still being made: cancel it first", b.ID, b.Label)
	case b.Pinned(f.now):
		return fmt.Sprintf("the backup %s of %s is pinned: unpin it first", b.ID, b.Label)
	case f.Reading[b.ID] != "":
		return fmt.Sprintf("the backup %s of %s is needed now (%s): wait until that is over", b.ID, b.Label, f.Reading[b.ID])
	case len(b.DriveFiles) == 0:
		return fmt.Sprintf("the backup %s of %s has no copy that could be removed", b.ID, b.Label)
	}
	return ""
}

// dear says what would be missed with a copy.
func (f *facts) dear(c *copyFacts) []string {
	var all []string
	if f.isNewestProven(c) {
		all = append(all, "the newest proven backup of "+c.backup.Label)
	}
	if f.isLastGood(c) {
		all = append(all, "the last good copy on "+f.drive(c))
	}
	return all
}

// deletionNotes say what keeps a copy from going at once.
func (f *facts) deletionNotes(c *copyFacts) []string {
	var all []string
	if why := locked(f, c); why != "" {
		all = append(all, why+": it goes then")
	}
	if f.Gone[c.file.DriveID] {
		all = append(all, cmp.Or(f.Drives[c.file.DriveID], "the drive")+" is not in the configuration: the file stays there until it is again")
	}
	return all
}
