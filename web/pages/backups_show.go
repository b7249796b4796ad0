package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/runs"
)

// Backup answers GET /backups/:id.
func (h *Handlers) Backup(c *gin.Context) error {
	view, err := h.detail(c)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, backups.Detail(view))
}

func (h *Handlers) detail(c *gin.Context) (backups.DetailView, error) {
	id, err := pathID(c)
	if err != nil {
		return backups.DetailView{}, err
	}
	facts, err := h.backupFacts(c.Request.Context(), id)
	if err != nil {
		return backups.DetailView{}, err
	}
	facts.Look = runs.ParseLook(c.Request.URL.Query())
	return backups.NewDetailView(h.page(facts.Backup.Label, "/backups"), facts, h.Now()), nil
}

// backupFacts gathers what is known of one backup. The drills are read before it: one
// that ends in between is then still shown as running, and the page looks again. The
// other way round it would be shown beside what was known before it, for good.
func (h *Handlers) backupFacts(ctx context.Context, id string) (f backups.Facts, err error) {
	if f.Drills, err = h.History.Drills(ctx, id); err != nil {
		return f, fmt.Errorf("list drills of backup %s: %w", id, err)
	}
	if f.Backup, err = h.History.Backup(ctx, id); err != nil {
		return f, err
	}
	if f.Manifest, err = h.manifest(ctx, id); err != nil {
		return f, err
	}
	if f.Log, err = h.History.LogText(ctx, id); err != nil {
		return f, fmt.Errorf("read log of backup %s: %w", id, err)
	}
	f.LogLength = len(f.Log)
	if f.Known, err = h.known(ctx, f.Backup); err != nil {
		return f, err
	}
	if err = h.jobOf(ctx, &f); err != nil {
		return f, err
	}
	if f.Alarms, err = h.alarmsOf(ctx, f.Backup); err != nil {
		return f, err
	}
	source, err := h.sourceLabel(ctx, f.Backup.SourceID)
	if err != nil {
		return f, err
	}
	if f.Owners, err = h.owners(ctx, f.Backup, source); err != nil {
		return f, err
	}
	f.Comparison = h.comparison(f.Backup)
	f.Provider, err = h.provider(ctx, f)
	return f, err
}

// manifest returns nil for a backup that has none yet.
func (h *Handlers) manifest(ctx context.Context, id string) (*models.Manifest, error) {
	m, err := h.History.Manifest(ctx, id)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read manifest of backup %s: %w", id, err)
	}
	return &m, nil
}

// alarmsOf are the alarms about a backup that nobody has looked at.
func (h *Handlers) alarmsOf(ctx context.Context, b models.Backup) ([]models.Alarm, error) {
	all, err := h.Proof.UnseenAlarms(ctx, b.JobID)
	if err != nil {
		return nil, fmt.Errorf("list alarms of job %s: %w", b.JobID, err)
	}
	return slices.DeleteFunc(all, func(a models.Alarm) bool { return a.BackupID != b.ID }), nil
}

// known gathers the drives, and for a backup that has not finished the last that has.
func (h *Handlers) known(ctx context.Context, b models.Backup) (backups.Known, error) {
	drives, err := h.drivesByID(ctx)
	k := backups.Known{Drives: drives}
	if err != nil || b.Status == models.StatusFinished {
		return k, err
	}
	last, err := h.History.Backups(ctx, models.BackupFilter{JobID: b.JobID, Status: models.StatusFinished}, models.Cursor{}, 1)
	if err != nil {
		return k, fmt.Errorf("find last backup of job %s: %w", b.JobID, err)
	}
	if len(last) > 0 {
		k.Last = &last[0]
	}
	return k, nil
}

// jobOf tells whether the backup's job is still there, and where its clock hangs; a zone
// that is not known here stands for UTC.
func (h *Handlers) jobOf(ctx context.Context, f *backups.Facts) error {
	job, err := h.Plans.Job(ctx, f.Backup.JobID)
	if errors.Is(err, models.ErrNotFound) {
		f.JobGone = true
		return nil
	}
	f.JobGone, f.DrillAfter = job.RemovedAt != nil, job.DrillAfter
	if zone, unknown := job.Location(); unknown == nil {
		f.Zone = zone
	}
	return err
}

// provider returns the kind of database that the backup is of: the manifest
// knows it best, the source if it is still there.
func (h *Handlers) provider(ctx context.Context, f backups.Facts) (string, error) {
	if f.Manifest != nil {
		return f.Manifest.Provider, nil
	}
	return h.sourceProvider(ctx, f.Backup.SourceID)
}

// sourceProvider returns the kind of a source; empty when it is gone.
func (h *Handlers) sourceProvider(ctx context.Context, id string) (string, error) {
	sources, err := h.Plans.Sources(ctx)
	if err != nil {
		return "", fmt.Errorf("list sources: %w", err)
	}
	for _, s := range sources {
		if s.ID == id {
			return s.Provider, nil
		}
	}
	return "", nil
}
