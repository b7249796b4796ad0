package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/runs"
)

// errCancelled ends a run that somebody wants to end.
var errCancelled = models.Conflictf("cancelled on request: nothing of it was kept; retry runs it again")

// copyCancelled is what a copy says that was cancelled before it was whole.
const copyCancelled = "nothing was stored, because the backup was cancelled"

// Cancel ends a pending backup, whoever works on it: what runs notices within a second,
// what waits is settled at once. The backup is failed then, with the copies that were
// finished before, and only who retries it has the others made. It returns before a run
// elsewhere has ended, and models.ErrConflict when the backup has settled.
func (s *Service) Cancel(ctx context.Context, id string) (models.Backup, error) {
	if err := s.store.AskBackupCancel(ctx, id); err != nil {
		return models.Backup{}, err
	}
	s.log.Info("a backup is to be cancelled", "backup_id", id)
	if err := errors.Join(s.SettleDead(ctx), s.endCancelled(ctx)); err != nil {
		// It is written down, so that a server sees to it.
		s.log.Warn("a cancelled backup is not settled yet", "backup_id", id, "error", err)
	}
	return s.store.Backup(ctx, id)
}

// isCancel reports whether a run has ended because somebody cancelled it.
func isCancel(held context.Context, dumpErr error) bool {
	return errors.Is(dumpErr, errCancelled) || errors.Is(context.Cause(held), errCancelled)
}

// cancel sweeps what the copies that were under way have left, and returns how the backup
// is told to have ended.
func (r *run) cancel(ctx context.Context) error {
	r.cancelled = true
	b := r.backup
	b.DriveFiles = r.files()
	ctx = context.WithoutCancel(ctx)
	if r.holds(ctx) {
		r.service.sweepDrives(ctx, b)
	}
	return whyCancelled(b)
}

// whyCancelled says what is left of a backup that was cancelled.
func whyCancelled(b models.Backup) error {
	finished := 0
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			finished++
		}
	}
	switch {
	case b.DumpedAt == nil:
		return errCancelled
	case finished == 0:
		return models.Conflictf("cancelled on request, after the dump was good and before a drive had it: nothing was kept; retry dumps the database again")
	}
	return models.Conflictf("cancelled on request, after the dump was good: %d of %d copies are there and stay; retry makes the others", finished, len(b.DriveFiles))
}

// endCancelled settles cancelled backups that nobody works on.
func (s *Service) endCancelled(ctx context.Context) error {
	for ctx.Err() == nil {
		b, err := s.store.NextCancelled(ctx)
		if errors.Is(err, models.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.claim(ctx, b.ID, ""); err != nil {
			return ignoreConflict(err)
		}
		if b, err = s.store.Backup(ctx, b.ID); err == nil { // it may have got further before it was claimed
			err = s.buryCancelled(ctx, b)
		}
		s.deactivate(b.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// isWhole reports whether a backup has all that it should have, so that there is nothing
// left to end.
func isWhole(b models.Backup) bool {
	return b.DumpedAt != nil && !slices.ContainsFunc(b.DriveFiles, func(f models.DriveFile) bool { return f.Status != models.StatusFinished })
}

// buryCancelled settles a cancelled backup that this process holds and that nobody works on.
// One that is whole has finished.
func (s *Service) buryCancelled(ctx context.Context, b models.Backup) error {
	s.sweepDrives(ctx, b)
	if err := s.confirm(ctx, b.ID, progressOf(b)); err != nil {
		return err
	}
	if err := os.RemoveAll(s.folder(b.ID)); err != nil {
		s.log.Warn("spool not removed", "backup_id", b.ID, "error", err)
	}
	if err := s.failPending(ctx, b, copyCancelled); err != nil {
		return err
	}
	end := models.Settlement{Status: models.StatusFailed, Error: sentence(whyCancelled(b)), DumpPath: localCopy(b), At: models.Now()}
	if isWhole(b) {
		end.Status, end.Error = models.StatusFinished, ""
	} else if err := s.sayCancelled(ctx, b); err != nil {
		s.log.Warn("log not saved", "backup_id", b.ID, "error", err)
	}
	if err := s.store.Settle(ctx, b.ID, s.runner.id(), end); err != nil {
		return err
	}
	s.log.Info("backup settled", "backup_id", b.ID, "job", b.Label, "status", string(end.Status), "error", end.Error)
	return s.afterBurial(ctx, b.ID, end.Status)
}

// afterBurial does what follows a backup that finished, beside the queue. A command that
// only looked leaves that to a server.
func (s *Service) afterBurial(ctx context.Context, id string, status models.Status) error {
	if status != models.StatusFinished || !s.options.Serves || s.options.AfterFinish == nil {
		return nil
	}
	b, err := s.store.Backup(ctx, id)
	if err == nil {
		s.running.Go(func() { s.options.AfterFinish(ctx, b) })
	}
	return err
}

// sayCancelled ends the log of a backup that nobody works on.
func (s *Service) sayCancelled(ctx context.Context, b models.Backup) error {
	earlier, err := s.store.LogText(ctx, b.ID)
	if err != nil {
		return err
	}
	log := runs.NewLog(earlier)
	log.Say("failed: %s", sentence(whyCancelled(b)))
	text, _ := log.Text()
	if err := s.store.SaveLog(ctx, b.ID, text); err != nil {
		return fmt.Errorf("save the log of a cancelled backup: %w", err)
	}
	return nil
}

// localCopy is the path of a finished copy in a folder of this machine; nil when there is none.
func localCopy(b models.Backup) *string {
	for _, f := range b.DriveFiles {
		if f.Provider == "local" && f.Status == models.StatusFinished {
			return f.Path
		}
	}
	return nil
}
