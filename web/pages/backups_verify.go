package pages

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/tasks"
)

// VerifyBackup answers POST /backups/:id/verify: it begins to compare the copies and
// leads back to the backup, whose page tells how that goes. Reading copies back takes
// as long as downloading them, and does not end with the page.
func (h *Handlers) VerifyBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.History.Backup(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	if err := comparable(b); err != nil {
		return err
	}
	h.Comparisons.Start(id, func(ctx context.Context) ([]models.CopyVerdict, error) {
		found, err := h.Backups.Verify(ctx, id, "")
		h.logUnexpected(ctx, "compare copies", "backup_id", id, err)
		return found, err
	})
	return seeOther(c, backups.Path(id))
}

// BackupComparison answers GET /backups/:id/comparison for a page whose copies are
// being compared.
func (h *Handlers) BackupComparison(c *gin.Context) error {
	view, err := h.detail(c)
	if err != nil {
		return err
	}
	view.Rest.Swapped = true
	return Render(c, http.StatusOK, backups.ComparisonFragment(view))
}

// comparable refuses at once what the comparison would refuse later.
func comparable(b models.Backup) error {
	if !b.Status.Settled() {
		return models.Conflictf("backup %s is still running: its copies are compared before it is called finished", b.ID)
	}
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			return nil
		}
	}
	return models.Conflictf("backup %s has no finished copy to compare", b.ID)
}

// comparison is the newest one of a backup that was asked for here; nil when there was
// none, or when copies were made since.
func (h *Handlers) comparison(b models.Backup) *backups.Comparison {
	o, known := h.Comparisons.Outcome(b.ID)
	if !known || !o.Running && (!b.Status.Settled() || b.SettledAt != nil && b.SettledAt.After(o.EndedAt)) {
		return nil
	}
	return &backups.Comparison{Running: o.Running, EndedAt: o.EndedAt, Verdicts: o.Found, Problem: problem(o)}
}

// problem is why a piece of work found nothing, as far as a person may see it; empty
// when it did not fail.
func problem[T any](o tasks.Outcome[T]) string {
	var fault *models.Fault
	switch {
	case o.Err == nil:
		return ""
	case errors.As(o.Err, &fault):
		return fault.Sentence
	case errors.Is(o.Err, context.Canceled):
		return "the server stopped before it was done"
	}
	return "something went wrong inside Backupman: its log says what"
}

// logUnexpected writes an error down that a person is not shown.
func (h *Handlers) logUnexpected(ctx context.Context, doing, key, id string, err error) {
	var fault *models.Fault
	if err == nil || errors.As(err, &fault) || ctx.Err() != nil {
		return
	}
	h.Log.ErrorContext(ctx, "background work failed", "doing", doing, key, id, "error", err)
}
