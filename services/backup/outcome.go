package backup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/backupman/backupman/models"
)

// outcome says how a backup ends: finished when the dump is proven and every
// copy is finished, failed otherwise, with a sentence that says why. label
// names a drive for people.
func outcome(dumpErr error, files []models.DriveFile, label func(driveID string) string) (models.Status, string) {
	if dumpErr != nil {
		return models.StatusFailed, sentence(dumpErr)
	}
	if len(files) == 0 {
		return models.StatusFailed, "the job has no drive, so the backup is kept nowhere: give it at least one"
	}
	var failed []string
	for _, f := range files {
		if f.Status != models.StatusFinished {
			failed = append(failed, named(label(f.DriveID), f.Error))
		}
	}
	if len(failed) == 0 {
		return models.StatusFinished, ""
	}
	return models.StatusFailed, fmt.Sprintf("the dump is good, but %d of %d copies failed (%s)", len(failed), len(files), strings.Join(failed, "; "))
}

// named puts the drive's label before what went wrong, unless that names it already.
func named(label, problem string) string {
	if strings.Contains(problem, strconv.Quote(label)) {
		return problem
	}
	return label + ": " + problem
}

// sentence puts an error into the words a backup keeps.
func sentence(err error) string {
	var f *models.Fault
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.Sentence
	case errors.Is(err, errLeaseLost):
		return "another process took this backup over, because this one was not heard of for too long"
	case errors.Is(err, context.Canceled):
		return "the run was stopped before it was done: retry runs it again"
	default:
		return err.Error()
	}
}
