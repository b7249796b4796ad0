package restore

import (
	"context"
	"errors"
	"io/fs"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/source"
)

// Why a run was stopped, as its context tells.
var (
	errCancelled = models.Conflictf("it was cancelled")
	errEnding    = models.Conflictf("the program was ended before it was done")
	errTakenOver = models.Conflictf("another process has settled it, because this one was not heard of for too long")
	errSilent    = models.Conflictf("its signs of life could not be written to the metadata database for so long that others might have taken it for dead, so it was stopped")
	errMistake   = models.Conflictf("this program made a mistake and gave up what it was doing: the server's log has the details, please report them")
)

// disproof says that a backup is not what it should be. Any other error of a drill says
// only that this could not be told.
type disproof struct{ cause error }

func (e *disproof) Error() string { return e.cause.Error() }

func (e *disproof) Unwrap() error { return e.cause }

func disproven(format string, args ...any) error {
	return &disproof{cause: models.Conflictf(format, args...)}
}

// blames makes a disproof of an error that can't lie with this machine.
func blames(what string, err error) error {
	if liesHere(err) {
		return err
	}
	return disproven("%s: %s", what, sentence(err))
}

// liesHere reports whether an error says something about this machine or its programs
// and nothing about what was read.
func liesHere(err error) bool {
	var file *fs.PathError
	var incapable *source.IncapableError
	return errors.As(err, &file) || errors.As(err, &incapable) || errors.Is(err, models.ErrNoSpace) || disk.Full(err) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// because returns why the context has ended, when it has: whatever failed then failed
// because of that. What did not fail stays so.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// sentence puts an error into the words that a restore or a drill keeps.
func sentence(err error) string {
	var f *models.Fault
	switch {
	case errors.As(err, &f):
		return f.Sentence
	case errors.Is(err, context.Canceled):
		return "it was stopped before it was done"
	default:
		return err.Error()
	}
}
