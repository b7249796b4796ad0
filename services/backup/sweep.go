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

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
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
			failures = append(failures, s.removeSpool(ctx, f.Name(), b))
		case b.Status == models.StatusFailed:
			retryable = append(retryable, b)
		}
	}
	for _, b := range allButNewest(retryable) {
		// A retry may have begun since the list was made.
		if now, err := s.store.Backup(ctx, b.ID); err == nil && now.Status == models.StatusFailed && !s.isActive(b.ID) {
			failures = append(failures, s.removeSpool(ctx, b.ID, b))
		}
	}
	return errors.Join(failures...)
}

// removeSpool removes a folder of the spool. Of a failed backup that is written down
// first, so that nobody counts on it, and only if nobody has begun to try it again.
func (s *Service) removeSpool(ctx context.Context, id string, b models.Backup) error {
	if b.Status == models.StatusFailed {
		if err := s.store.ForgetSpool(ctx, id, s.node()); err != nil {
			return ignoreConflict(err)
		}
	}
	return os.RemoveAll(s.folder(id))
}

func ignoreConflict(err error) error {
	if errors.Is(err, models.ErrConflict) {
		return nil
	}
	return err
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
	case b.Status == models.StatusFinished || b.DumpedAt == nil || b.CancelAskedAt != nil || s.liesElsewhere(b):
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
