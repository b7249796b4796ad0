package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Restores is what the API asks of the service that restores backups and proves them.
type Restores interface {
	// Plan tells what a restore would do, and touches nothing.
	Plan(ctx context.Context, req models.RestoreRequest) (models.RestorePlan, error)
	// Start begins a restore and returns once it is written down.
	Start(ctx context.Context, req models.RestoreRequest) (models.Restore, error)
	// Cancel asks for the end of one; models.ErrConflict when it has ended.
	Cancel(ctx context.Context, id string) error
	// StartDrill begins a drill and returns once it is written down.
	StartDrill(ctx context.Context, req models.DrillRequest) (models.Drill, error)
	// CancelDrill asks for the end of one; models.ErrConflict when it has ended.
	CancelDrill(ctx context.Context, id string) error
}

// ListRestores answers GET /api/restores with a part of the restores, newest first.
func (h *Handlers) ListRestores(c *gin.Context) error {
	filter := models.RestoreFilter{JobIDs: identity.Jobs(c)}
	q, err := parsePart(c.Request.URL.Query(), map[string]func(string) error{
		"BackupId": func(v string) error { filter.BackupID = v; return models.CheckID(v) },
		"Status":   func(v string) (err error) { filter.Status, err = ParseStatus(v); return err },
	})
	if err != nil {
		return err
	}
	after, err := place(q.after, func() (models.Restore, error) { return h.restoreOf(c.Request.Context(), q.after, filter.JobIDs) }, cursorOfRestore)
	if err != nil {
		return err
	}
	found, err := h.Store.Restores(c.Request.Context(), filter, after, q.limit)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, Restorations{Results: newRestores(found)})
	return nil
}

// restoreOf finds a restore; with jobs only one of a backup of theirs.
func (h *Handlers) restoreOf(ctx context.Context, id string, jobIDs []string) (models.Restore, error) {
	r, err := h.Store.Restore(ctx, id)
	if err != nil || len(jobIDs) == 0 {
		return r, err
	}
	if r.BackupID == "" {
		return r, models.ErrNotFound
	}
	b, err := h.Store.Backup(ctx, r.BackupID)
	if err == nil && !mayJob(jobIDs, b.JobID) {
		err = models.ErrNotFound
	}
	return r, err
}

func cursorOfRestore(r models.Restore) models.Cursor {
	return models.Cursor{CreatedAt: r.CreatedAt, ID: r.ID}
}

// GetRestore answers GET /api/restores/:id.
func (h *Handlers) GetRestore(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return h.tellRestore(c, http.StatusOK, id)
}

// CancelRestore answers POST /api/restores/:id/cancel: its runner stops it soon.
func (h *Handlers) CancelRestore(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := h.Restores.Cancel(c.Request.Context(), id); err != nil {
		return err
	}
	return h.tellRestore(c, http.StatusAccepted, id)
}

func (h *Handlers) tellRestore(c *gin.Context, status int, id string) error {
	r, err := h.Store.Restore(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.PureJSON(status, NewRestore(r))
	return nil
}
