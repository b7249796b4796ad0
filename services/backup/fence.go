package backup

import (
	"context"
	"errors"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/runs"
)

// A process may be stopped at any point for any time, and somebody else may have its
// backup when it goes on. So it asks the metadata database before each step that others
// could not undo: before a drive gets the end of a dump, and before anything is removed.

// unconfirmedError says that it could not be told whether a backup is still held.
type unconfirmedError struct{ Cause error }

func (e *unconfirmedError) Error() string {
	return "the metadata database did not confirm that this process still runs the backup, so nothing was published: " + e.Cause.Error()
}

func (e *unconfirmedError) Unwrap() error { return e.Cause }

// confirm returns nil once the metadata database has said that this process holds the
// backup, and made the lease last anew. It returns errLeaseLost when somebody else has
// the backup, and an unconfirmedError when nobody answers for SettleTime.
func (r *run) confirm(ctx context.Context) error {
	err := r.service.confirm(ctx, r.backup.ID, r.progress())
	if isLost(err) {
		r.lost.Store(true)
	}
	return err
}

func (s *Service) confirm(ctx context.Context, id string, p models.Progress) error {
	within, cancel := context.WithTimeout(ctx, s.options.SettleTime)
	defer cancel()
	err := runs.Insist(within, func() error {
		_, err := s.store.Renew(within, id, s.runner.id(), leaseTime, p)
		return err
	})
	switch {
	case err == nil:
		return nil
	case isLost(err):
		return errLeaseLost
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return &unconfirmedError{Cause: err}
}

// isLost reports whether the metadata database has said that a backup is held no longer.
func isLost(err error) bool {
	return errors.Is(err, errLeaseLost) || errors.Is(err, models.ErrConflict) || errors.Is(err, models.ErrNotFound)
}

// holds reports whether the backup is still this process's, also when the run's own
// context has ended.
func (r *run) holds(ctx context.Context) bool {
	return r.confirm(context.WithoutCancel(ctx)) == nil
}
