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
	// healsAtOnce bounds how many backups one look queues, so that new backups are
	// not kept waiting behind a day of failed copies.
	healsAtOnce = 4
)

// healPauses are how long a failed copy waits before each further attempt to make it
// by itself; the last one repeats until giveUpHealing.
var healPauses = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour}

// giveUpHealing is how long after its backup a copy is still made by itself.
const giveUpHealing = 14 * 24 * time.Hour

// healAt says when a copy that failed is made again by itself: later where the fault
// may pass, and not before somebody has mended the drive where it is final. A check
// of the drive that passes makes such copies due. Whether the dump is good is not known
// yet: copies of one that failed are never due.
func (c *copyRun) healAt(ctx context.Context, err error) *time.Time {
	if ctx.Err() != nil {
		now := models.Now() // the process ended, the drive is not at fault
		return &now
	}
	if !drive.Passing(err) && !isDamaged(err) {
		return nil
	}
	return nextHeal(c.run.backup, c.file.Heals)
}

// nextHeal returns nil once the backup is too old.
func nextHeal(b models.Backup, heals int) *time.Time {
	at := models.Now().Add(healPauses[min(heals, len(healPauses)-1)])
	if at.Sub(b.CreatedAt) > giveUpHealing {
		return nil
	}
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
		err = models.Conflictf("the dump of backup %s is no longer in the spool and no drive has a good copy of it: retry dumps the database again", b.ID)
	}
	return err
}

// healDue queues what is due to be healed by itself. What cannot be healed now is put
// off, longer each time.
func (s *Service) healDue(ctx context.Context) error {
	ids, err := s.store.HealDue(ctx, models.Now(), healsAtOnce)
	if err != nil {
		return err
	}
	var failures []error
	for _, id := range ids {
		b, err := s.Heal(ctx, id)
		if err == nil {
			s.log.Info("failed copies are made again", "backup_id", id, "job", b.Label)
			continue
		}
		s.log.Warn("failed copies cannot be made again now", "backup_id", id, "job", b.Label, "error", err)
		failures = append(failures, s.postpone(ctx, b))
	}
	return errors.Join(failures...)
}

func (s *Service) postpone(ctx context.Context, b models.Backup) error {
	heals := 0
	for _, f := range b.DriveFiles {
		heals = max(heals, f.Heals)
	}
	if at := nextHeal(b, heals); at != nil {
		return s.store.PostponeHeal(ctx, b.ID, *at)
	}
	return s.store.PostponeHeal(ctx, b.ID, time.Time{})
}
