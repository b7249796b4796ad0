package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// keepSpool is how long the dump of a failed backup is kept for a retry, unless
// a later backup of its job finishes first.
const keepSpool = 72 * time.Hour

// Recover settles what dead runners left: a backup whose dump was proven is
// carried on with, any other one fails with a sentence, and nothing half
// written stays. It returns when all of it is done.
func (s *Service) Recover(ctx context.Context) error {
	var carrying sync.WaitGroup
	err := s.recover(ctx, func(id string) { carrying.Go(func() { s.resume(ctx, id) }) })
	carrying.Wait()
	return err
}

// recover settles what is dead and hands what can be carried on with to carryOn.
func (s *Service) recover(ctx context.Context, carryOn func(id string)) error {
	if !s.recovering.TryLock() {
		return nil // another one is at it
	}
	defer s.recovering.Unlock()
	return errors.Join(s.takeOver(ctx, carryOn), s.sweepSpool(ctx), s.sweepRunners(ctx))
}

// SettleDead settles what dead runners left without carrying anything on, for
// commands that only look. A proven dump is left for a process that can.
func (s *Service) SettleDead(ctx context.Context) error { return s.takeOver(ctx, nil) }

// takeOver claims each backup whose owner is gone. Those with a proven dump go
// to carryOn, or stay where it is nil; the others fail. All at once, so that whoever
// waits for it waits for a silent drive only once.
func (s *Service) takeOver(ctx context.Context, carryOn func(id string)) error {
	held, err := s.store.Held(ctx)
	if err != nil {
		return err
	}
	failures := make([]error, len(held))
	var all sync.WaitGroup
	for i, b := range held {
		gone, err := s.ownerIsGone(b)
		if failures[i] = err; err == nil && gone && (b.DumpedAt == nil || carryOn != nil) {
			all.Go(func() { failures[i] = s.take(ctx, b, carryOn) })
		}
	}
	all.Wait()
	return errors.Join(failures...)
}

// take claims a backup first and only then decides, because its owner may have
// got further before it died.
func (s *Service) take(ctx context.Context, b models.Backup, carryOn func(id string)) error {
	err := s.claim(ctx, b.ID, b.LeaseOwner)
	if errors.Is(err, models.ErrConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	now, err := s.store.Backup(ctx, b.ID)
	if err == nil && now.DumpedAt != nil && carryOn != nil {
		carryOn(b.ID)
		return nil
	}
	defer s.deactivate(b.ID)
	if err != nil || now.DumpedAt != nil {
		return err
	}
	return s.bury(ctx, now, b.LeaseOwner == s.runner.id())
}

// resume carries on with a backup whose dump was proven. When even the dump is
// gone the run itself finds that out and fails with a sentence.
func (s *Service) resume(ctx context.Context, id string) {
	if b, err := s.store.Backup(ctx, id); err == nil {
		s.log.Info("carrying on after a process that died", "backup_id", id, "job", b.Label)
		s.sweepDrives(ctx, b)
	}
	if _, err := s.carryOut(ctx, id, nil); err != nil && !errors.Is(err, models.ErrConflict) && ctx.Err() == nil {
		s.log.Error("backup not settled", "backup_id", id, "error", err)
	}
}

// bury fails a backup whose run ended, unrecorded, before its dump was proven: its
// process died, or it was our own and could not write that down. This process
// holds it.
func (s *Service) bury(ctx context.Context, b models.Backup, own bool) error {
	s.sweepDrives(ctx, b)
	if err := os.RemoveAll(s.folder(b.ID)); err != nil {
		s.log.Warn("spool not removed", "backup_id", b.ID, "error", err)
	}
	text := fmt.Sprintf("the run ended while %s, and the metadata database did not take down how; nothing half written was kept: retry runs it again", b.Phase)
	if !own {
		text = fmt.Sprintf("the process that ran this backup ended while %s (killed, crashed or without power); nothing half written was kept: retry runs it again", b.Phase)
	}
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusPending {
			change := models.DriveFileChange{Status: models.StatusFailed, Error: "nothing was stored, because the run was interrupted"}
			if err := s.store.ChangeDriveFile(ctx, b.ID, f.ID, s.runner.id(), change); err != nil {
				return err
			}
		}
	}
	s.log.Info("settled after a process that died", "backup_id", b.ID, "job", b.Label)
	defer s.sweepLater(ctx, b)
	return s.store.Settle(ctx, b.ID, s.runner.id(), models.Settlement{Status: models.StatusFailed, Error: text, At: models.Now()})
}

// sweepTime bounds how long a recovery waits for drives. The lease outlives it.
const sweepTime = leaseTime / 2

// sweepDrives removes what is left of unfinished copies, on all drives at once. A drive that cannot be
// reached soon keeps its own until it is swept as a whole.
func (s *Service) sweepDrives(ctx context.Context, b models.Backup) {
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	var sweeps sync.WaitGroup
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			continue
		}
		sweeps.Go(func() { s.sweepCopy(ctx, f) })
	}
	sweeps.Wait()
}

// sweepLater sweeps once more what a dead process had under way when its left-overs
// were swept: a provider may take the rest of a request for a while. A command does
// not stay for that, and leaves it to the drive's next check.
func (s *Service) sweepLater(ctx context.Context, b models.Backup) {
	if !s.options.Serves {
		return
	}
	s.running.Go(func() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.options.SettleTime):
		}
		if now, err := s.store.Backup(ctx, b.ID); err == nil && now.Status.Settled() {
			s.sweepDrives(ctx, now)
		}
	})
}

func (s *Service) sweepCopy(ctx context.Context, f models.DriveFile) {
	d, _, err := s.catalog.OpenDrive(ctx, f.DriveID)
	if err == nil {
		err = d.Sweep(ctx, f.Key)
	}
	if err != nil {
		s.log.Warn("unfinished copy not swept", "backup_id", f.BackupID, "drive_id", f.DriveID, "error", err)
	}
}

// SweepDrive removes what failed attempts of the last two weeks left on a drive, which
// may have been away when they ended. It is for a drive that is known to answer.
func (s *Service) SweepDrive(ctx context.Context, driveID string) error {
	failed, err := s.store.FailedCopies(ctx, driveID, models.Now().Add(-sweepSince), sweepAtOnce)
	if err != nil {
		return err
	}
	for _, f := range failed {
		// The copy may be made again since the list was made, by any replica.
		b, err := s.store.Backup(ctx, f.BackupID)
		if err != nil {
			return err
		}
		if b.Status.Settled() && !s.isActive(b.ID) {
			s.sweepCopy(ctx, f)
		}
	}
	return ctx.Err()
}

const (
	// sweepAtOnce bounds how many copies one sweep of a drive looks after, and
	// sweepSince how old they are.
	sweepAtOnce = 200
	sweepSince  = 14 * 24 * time.Hour
)

// sweepSpool removes the folders of backups that are settled and need them no
// longer, and of backups that nobody knows.
func (s *Service) sweepSpool(ctx context.Context) error {
	folders, err := os.ReadDir(s.spool)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look through the spool: %w", err)
	}
	var failures []error
	var retryable []models.Backup
	for _, f := range folders {
		b, needed, err := s.spoolIsNeeded(ctx, f.Name())
		switch {
		case err != nil:
			failures = append(failures, err)
		case s.isActive(f.Name()): // since its status was read, perhaps
		case !needed:
			failures = append(failures, os.RemoveAll(filepath.Join(s.spool, f.Name())))
		case b.Status == models.StatusFailed:
			retryable = append(retryable, b)
		}
	}
	for _, b := range allButNewest(retryable) {
		// A retry may have begun since the list was made.
		if now, err := s.store.Backup(ctx, b.ID); err == nil && now.Status == models.StatusFailed && !s.isActive(b.ID) {
			failures = append(failures, os.RemoveAll(s.folder(b.ID)))
		}
	}
	return errors.Join(failures...)
}

// allButNewest returns, of each job, every backup but the newest: a drive that
// stays away must not fill the disk with dumps that wait for it.
func allButNewest(backups []models.Backup) []models.Backup {
	slices.SortFunc(backups, func(a, b models.Backup) int { return b.CreatedAt.Compare(a.CreatedAt) })
	seen := map[string]bool{}
	return slices.DeleteFunc(backups, func(b models.Backup) bool {
		first := !seen[b.JobID]
		seen[b.JobID] = true
		return first
	})
}

// spoolIsNeeded reports whether a folder of the spool still serves its backup.
func (s *Service) spoolIsNeeded(ctx context.Context, id string) (models.Backup, bool, error) {
	if models.CheckID(id) != nil {
		return models.Backup{}, true, nil // not ours
	}
	b, err := s.store.Backup(ctx, id)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return b, false, nil
	case err != nil:
		return b, true, err
	case b.Status == models.StatusPending:
		return b, true, nil
	case b.Status == models.StatusFinished || b.DumpedAt == nil:
		return b, false, nil
	case b.SettledAt != nil && b.SettledAt.Before(models.Now().Add(-keepSpool)):
		return b, false, nil
	default:
		newest, err := s.isNewest(ctx, b)
		return b, newest, err
	}
}

// isNewest reports whether no later backup of the job has finished: a retry of
// an older one is hardly worth the disk its dump takes.
func (s *Service) isNewest(ctx context.Context, b models.Backup) (bool, error) {
	last, err := s.store.LastFinished(ctx, b.JobID)
	if errors.Is(err, models.ErrNotFound) {
		return true, nil
	}
	return err == nil && last.CreatedAt.Before(b.CreatedAt), err
}

// sweepRunners forgets the dead runners of this data folder, so that nobody takes
// a dead server for one that will work the queue off.
func (s *Service) sweepRunners(ctx context.Context) error {
	names, err := filepath.Glob(lockPath(s.options.DataDir, "*"))
	if err != nil {
		return fmt.Errorf("look through the lock files: %w", err)
	}
	var failures []error
	for _, name := range names {
		id := strings.TrimSuffix(filepath.Base(name), ".lock")
		state, err := disk.LookAt(name)
		if err != nil || state != disk.HolderDead || id == s.runner.id() {
			continue
		}
		if err := s.store.RemoveRunner(ctx, id); err != nil {
			failures = append(failures, err)
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failures = append(failures, fmt.Errorf("remove a dead runner's lock file: %w", err))
		}
	}
	return errors.Join(failures...)
}
