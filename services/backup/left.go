package backup

import (
	"context"
	"errors"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
)

// isLeftToOthers reports whether a copy that failed is not for this run to judge: its
// server ends and hands it over, or somebody else has the backup.
func (c *copyRun) isLeftToOthers(ctx context.Context, err error) bool {
	var aborted *archive.AbortError
	if errors.As(err, &aborted) {
		err = aborted.Cause
	}
	if errors.Is(err, errLeaseLost) || errors.Is(context.Cause(ctx), errLeaseLost) {
		return true
	}
	return c.run.service.handsOver(ctx) && errors.Is(context.Cause(ctx), context.Canceled)
}

// whyNotStored tells a dump that failed, a run that took too long and a database that
// did not answer from a drive that is at fault.
func whyNotStored(ctx context.Context, err error) error {
	var aborted *archive.AbortError
	var unconfirmed *unconfirmedError
	var fault *models.Fault
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.As(context.Cause(ctx), &fault):
		return &drive.PassingError{Cause: fault}
	case errors.As(err, &aborted) && errors.As(aborted.Cause, &unconfirmed):
		return &drive.PassingError{Cause: unconfirmed}
	case errors.As(err, &aborted):
		return models.Conflictf(nothingStored)
	}
	return err
}
