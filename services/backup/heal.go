package backup

import (
	"context"
	"errors"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

const (
	// healStep is how often a server looks for copies that are due to be made again.
	healStep = 20 * time.Second
	// healsAtOnce bounds how many backups one look sees to.
	healsAtOnce = 16
	// replicaTime is how long what is due is left to the other replicas, when this one
	// cannot have the dump: it may be in the spool of one of them.
	replicaTime = 3 * healStep
)

// healPauses are how long a failed copy waits before each further attempt to make it
// by itself. The last one repeats, and all models.MaxHeals together take two weeks.
var healPauses = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour}

// failure says when a copy that failed is made again by itself: later where the fault
// may pass, and not before somebody has mended the drive where it is final. A check
// of the drive that passes makes such copies due. Whether the dump is good is not known
// yet: copies of one that failed are never due.
func (c *copyRun) failure(ctx context.Context, err error) models.DriveFileChange {
	change := models.DriveFileChange{Status: models.StatusFailed, Size: c.taken.Load(), Error: sentence(err), Heals: c.file.Heals}
	switch {
	case errors.Is(context.Cause(ctx), errCancelled): // nobody wants it any more
		change.Error = copyCancelled
	case errors.Is(context.Cause(ctx), context.Canceled): // the process ended, the drive is not at fault
		now := models.Now()
		change.HealAt = &now
	case drive.Passing(err) || isDamaged(err):
		change.Heals++
		change.HealAt = nextHeal(c.file.Heals)
	default:
		change.Heals++
	}
	return change
}

// nextHeal returns nil once enough was tried.
func nextHeal(heals int) *time.Time {
	if heals >= models.MaxHeals {
		return nil
	}
	at := models.Now().Add(healPauses[min(heals, len(healPauses)-1)])
	return &at
}

// Heal queues a failed backup whose dump is good, so that its missing copies are made
// from the spool or from a good copy on another drive. It never dumps the database
// again: models.ErrConflict says that the dump is nowhere to be had.
func (s *Service) Heal(ctx context.Context, id string) (models.Backup, error) {
	b, err := s.store.Backup(ctx, id)
	if err != nil {
		return b, err
	}
	if err := s.healable(ctx, b); err != nil {
		return b, err
	}
	if err := s.store.Requeue(ctx, id, false); err != nil {
		return b, err
	}
	s.wake()
	return s.store.Backup(ctx, id)
}

// noDumpError says that this process can have a backup's dump from nowhere.
type noDumpError struct{ Cause error }

func (e *noDumpError) Error() string { return e.Cause.Error() }

func (e *noDumpError) Unwrap() error { return e.Cause }

func (s *Service) healable(ctx context.Context, b models.Backup) error {
	switch {
	case b.Status == models.StatusFinished:
		return models.Conflictf("backup %s has every copy it should have: there is nothing to heal", b.ID)
	case b.Status == models.StatusPending:
		return models.Conflictf("backup %s is still running: it makes its copies itself", b.ID)
	case b.DumpedAt == nil:
		return models.Conflictf("the dump of backup %s failed, so there is nothing to make copies from: retry dumps the database again", b.ID)
	}
	kept, err := s.dumpIsKept(ctx, b)
	if err == nil && !kept {
		err = &noDumpError{models.Conflictf("the dump of backup %s is no longer in the spool and no drive has a good copy of it: retry dumps the database again", b.ID)}
	}
	return err
}

// healDue makes copies that are due in this process, as far as there is room for such
// work beside new backups. What cannot be healed now is put off, longer each time. One
// look at a time: a drive that is silent keeps it for long. What was begun goes on until
// the context of runs ends.
func (s *Service) healDue(ctx, runs context.Context) error {
	if !s.healing.TryLock() {
		return nil
	}
	defer s.healing.Unlock()
	ids, err := s.store.HealDue(ctx, s.here(), models.Now(), healsAtOnce)
	if err != nil {
		return err
	}
	var failures []error
	for _, id := range ids {
		if ctx.Err() != nil || !s.copying.take() {
			break
		}
		began, err := s.healOne(ctx, runs, id)
		if !began {
			s.copying.leave()
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// healOne begins to heal a backup, and reports whether it did: then a place among
// those that copy is given back at the end.
func (s *Service) healOne(ctx, runs context.Context, id string) (began bool, err error) {
	b, err := s.store.Backup(ctx, id)
	if errors.Is(err, models.ErrNotFound) {
		return false, nil // it was removed meanwhile
	}
	if err != nil || b.Status != models.StatusFailed {
		return false, err // somebody else was quicker
	}
	if err := s.healable(ctx, b); err != nil {
		return false, s.cannotHeal(ctx, b, err)
	}
	err = s.activeFrom(id, func() error {
		return s.store.TakeFailed(ctx, id, s.runner.id(), leaseTime)
	})
	if errors.Is(err, models.ErrConflict) || errors.Is(err, models.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.log.Info("failed copies are made again", "backup_id", id, "job", b.Label)
	s.carryOutBeside(runs, id, s.copying)
	return true, nil
}

// cannotHeal puts a backup off, unless another replica should have a try first.
func (s *Service) cannotHeal(ctx context.Context, b models.Backup, why error) error {
	if ctx.Err() != nil {
		return nil
	}
	var noDump *noDumpError
	if errors.As(why, &noDump) && models.Now().Sub(dueSince(b)) < replicaTime {
		return nil
	}
	s.log.Warn("failed copies cannot be made again now", "backup_id", b.ID, "job", b.Label, "error", sentence(why))
	return s.postpone(ctx, b)
}

// dueSince returns when the first copy of a backup became due; that is now when none did.
func dueSince(b models.Backup) time.Time {
	first := models.Now()
	for _, f := range b.DriveFiles {
		if f.HealAt != nil && f.HealAt.Before(first) {
			first = *f.HealAt
		}
	}
	return first
}

func (s *Service) postpone(ctx context.Context, b models.Backup) error {
	heals := 0
	for _, f := range b.DriveFiles {
		heals = max(heals, f.Heals)
	}
	if at := nextHeal(heals); at != nil {
		return s.store.PostponeHeal(ctx, b.ID, *at)
	}
	return s.store.PostponeHeal(ctx, b.ID, time.Time{})
}
