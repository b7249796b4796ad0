package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/restores"
	"github.com/backupman/backupman/views/runs"
)

// Restore answers GET /restores/:id.
func (h *Handlers) Restore(c *gin.Context) error {
	view, err := h.restoreView(c)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, restores.Run(view))
}

// RestoreLive answers GET /restores/:id/live with what changes while a restore runs.
func (h *Handlers) RestoreLive(c *gin.Context) error {
	view, err := h.restoreView(c)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, restores.RunFragment(view))
}

// CancelRestore answers POST /restores/:id/cancel and leads back to the restore.
func (h *Handlers) CancelRestore(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := h.Restores.Cancel(c.Request.Context(), id); err != nil {
		return err
	}
	return seeOther(c, restores.Path(id))
}

func (h *Handlers) restoreView(c *gin.Context) (v restores.RunView, err error) {
	id, err := pathID(c)
	if err != nil {
		return v, err
	}
	r, err := h.Proof.Restore(c.Request.Context(), id)
	if err != nil {
		return v, err
	}
	known, err := h.runKnown(c, r.ID, r.BackupID)
	if err != nil {
		return v, err
	}
	return restores.NewRestoreView(h.page("Restore of "+r.Label, "/restores"), r, known, h.Now()), nil
}

// Drill answers GET /drills/:id.
func (h *Handlers) Drill(c *gin.Context) error {
	view, err := h.drillView(c)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, restores.Run(view))
}

// DrillLive answers GET /drills/:id/live with what changes while a drill runs.
func (h *Handlers) DrillLive(c *gin.Context) error {
	view, err := h.drillView(c)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, restores.RunFragment(view))
}

// CancelDrill answers POST /drills/:id/cancel and leads back to the drill, or to the
// backup whose page asked.
func (h *Handlers) CancelDrill(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	d, err := h.Proof.Drill(c.Request.Context(), id)
	if err != nil {
		return err
	}
	if err := h.Restores.CancelDrill(c.Request.Context(), id); err != nil {
		return err
	}
	if c.Query("from") == "backup" {
		return seeOther(c, backups.Path(d.BackupID)+"#proof")
	}
	return seeOther(c, backups.DrillPath(id))
}

func (h *Handlers) drillView(c *gin.Context) (v restores.RunView, err error) {
	id, err := pathID(c)
	if err != nil {
		return v, err
	}
	d, err := h.Proof.Drill(c.Request.Context(), id)
	if err != nil {
		return v, err
	}
	known, err := h.runKnown(c, d.ID, d.BackupID)
	if err != nil {
		return v, err
	}
	return restores.NewDrillView(h.page("A drill", "/restores"), d, known, h.Now()), nil
}

// runKnown gathers what is known beside a restore or a drill.
func (h *Handlers) runKnown(c *gin.Context, id, backupID string) (k restores.Known, err error) {
	ctx := c.Request.Context()
	k.Look = runs.ParseLook(c.Request.URL.Query())
	if k.Log, err = h.History.LogText(ctx, id); err != nil {
		return k, fmt.Errorf("read log of %s: %w", id, err)
	}
	if k.Jobs, err = h.jobLabels(ctx); err != nil {
		return k, err
	}
	if k.Drives, err = h.drivesByID(ctx); err != nil {
		return k, err
	}
	if backupID == "" {
		return k, nil
	}
	b, err := h.History.Backup(ctx, backupID)
	var gone *models.Fault
	if errors.Is(err, models.ErrNotFound) && errors.As(err, &gone) {
		k.Gone = gone.Sentence
		return k, nil
	}
	if err != nil {
		return k, err
	}
	k.Backup = &b
	k.Provider, err = h.sourceProvider(ctx, b.SourceID)
	return k, err
}

// drivesByID returns every drive, also those that are gone from the configuration.
func (h *Handlers) drivesByID(ctx context.Context) (map[string]models.Drive, error) {
	drives, err := h.Plans.Drives(ctx)
	if err != nil {
		return nil, fmt.Errorf("list drives: %w", err)
	}
	byID := make(map[string]models.Drive, len(drives))
	for _, d := range drives {
		byID[d.ID] = d
	}
	return byID, nil
}

// jobLabels returns the label of every job, by its id.
func (h *Handlers) jobLabels(ctx context.Context) (map[string]string, error) {
	jobs, err := h.Plans.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	labels := make(map[string]string, len(jobs))
	for _, j := range jobs {
		labels[j.ID] = j.Label
	}
	return labels, nil
}
