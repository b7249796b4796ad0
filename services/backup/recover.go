package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
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
		if failures[i] = err; err == nil && gone && (b.DumpedAt == nil || b.CancelAskedAt != nil || carryOn != nil) {
			all.Go(func() { failures[i] = s.take(ctx, b.Backup, carryOn) })
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
	if err == nil && now.CancelAskedAt != nil {
		defer s.deactivate(b.ID)
		return s.buryCancelled(ctx, now)
	}
	if err == nil && now.DumpedAt != nil && carryOn != nil {
		carryOn(b.ID)
		return nil
	}
	defer s.deactivate(b.ID)
	if err != nil || now.DumpedAt != nil {
		return err
	}
	if b.LeaseOwner == s.runner.id() && now.Phase == models.PhaseQueued {
		return s.store.PutBack(ctx, b.ID, s.runner.id()) // claimed without a word of it
	}
	return s.bury(ctx, now, b.LeaseOwner == s.runner.id())
}

// progressOf is how far a backup came that nobody works on.
func progressOf(b models.Backup) models.Progress {
	return models.Progress{RawSize: b.RawSize, Size: b.Size, TablesDone: b.TablesDone, TablesTotal: b.TablesTotal}
}

// resume carries on with a backup whose dump was proven. When even the dump is
// gone the run itself finds that out and fails with a sentence.
func (s *Service) resume(ctx context.Context, id string) {
	if b, err := s.store.Backup(ctx, id); err == nil {
		s.log.Info("carrying on after a process that died", "backup_id", id, "job", b.Label)
		if s.confirm(ctx, id, progressOf(b)) == nil {
			s.sweepDrives(ctx, b)
		}
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
	if err := s.confirm(ctx, b.ID, progressOf(b)); err != nil {
		return err
	}
	if err := os.RemoveAll(s.folder(b.ID)); err != nil {
		s.log.Warn("spool not removed", "backup_id", b.ID, "error", err)
	}
	text := fmt.Sprintf("the run ended while %s, and the metadata database did not take down how; nothing half written was kept: retry runs it again", b.Phase)
	if !own {
		text = fmt.Sprintf("the process that ran this backup ended while %s (killed, crashed or without power); nothing half written was kept: retry runs it again", b.Phase)
	}
	if err := s.failPending(ctx, b, "nothing was stored, because the run was interrupted"); err != nil {
		return err
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
		for _, pause := range []time.Duration{soon, s.options.SettleTime} {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			if now, err := s.store.Backup(ctx, b.ID); err == nil && now.Status.Settled() && !s.isActive(b.ID) {
				s.sweepDrives(ctx, now)
			}
		}
	})
}

// soon is when a provider has mostly taken in what was on its way.
const soon = 2 * time.Second

// sweepRecent sweeps once more, when a server starts, what failed attempts of the last
// hour left: the server before it may have died before it did that itself.
func (s *Service) sweepRecent(ctx context.Context) error {
	return s.sweepFailed(ctx, "", models.Now().Add(-time.Hour))
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
	return s.sweepFailed(ctx, driveID, models.Now().Add(-sweepSince))
}

func (s *Service) sweepFailed(ctx context.Context, driveID string, since time.Time) error {
	failed, err := s.store.FailedCopies(ctx, driveID, since, sweepAtOnce)
	if err != nil {
		return err
	}
	for _, f := range failed {
		// The copy may be made again since the list was made, by any replica.
		b, err := s.store.Backup(ctx, f.BackupID)
		if errors.Is(err, models.ErrNotFound) {
			continue // it was removed meanwhile
		}
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
