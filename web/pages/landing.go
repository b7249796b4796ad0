package pages

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/landing"
)

// Landing answers GET /: can I restore?
func (h *Handlers) Landing(c *gin.Context) error {
	facts, err := h.landingFacts(c.Request.Context())
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, landing.Show(landing.NewView(h.page("Overview", "/"), facts, h.Now())))
}

func (h *Handlers) landingFacts(ctx context.Context) (f landing.Facts, err error) {
	if f.Jobs, err = h.jobFacts(ctx); err != nil {
		return f, err
	}
	if f.Drives, err = h.troubles(ctx); err != nil {
		return f, err
	}
	if f.Alarms, err = h.Proof.Alarms(ctx, true); err != nil {
		return f, fmt.Errorf("list alarms: %w", err)
	}
	return f, nil
}

// JobCard answers GET /jobs/:id/card with the card of one job, for a page
// whose job is running.
func (h *Handlers) JobCard(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return h.renderCard(c, id)
}

func (h *Handlers) renderCard(c *gin.Context, jobID string) error {
	facts, err := h.jobFacts(c.Request.Context())
	if err != nil {
		return err
	}
	drives, err := h.troubles(c.Request.Context())
	if err != nil {
		return err
	}
	for _, f := range facts {
		if f.Job.ID == jobID {
			return Render(c, http.StatusOK, h.card(f, facts, drives))
		}
	}
	return models.NotFoundf("there is no job with the id %s", jobID)
}

// troubles are the configured drives that failed their newest checks.
func (h *Handlers) troubles(ctx context.Context) ([]landing.DriveTrouble, error) {
	rows, err := h.Catalog.Drives(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := h.Drives.DriveChecks(ctx)
	if err != nil {
		return nil, fmt.Errorf("list checks of drives: %w", err)
	}
	var found []landing.DriveTrouble
	for _, d := range rows {
		check, known := checks[d.ID]
		if !known || check.Good() {
			continue
		}
		_, _, refused := h.Catalog.SignIn(ctx, d.ID)
		found = append(found, landing.DriveTrouble{Label: d.Label, NeedsSignIn: check.NeedsSignIn && refused == nil})
	}
	return found, nil
}

// jobFacts gathers what is known of every job.
func (h *Handlers) jobFacts(ctx context.Context) ([]landing.JobFacts, error) {
	summaries, err := h.Plans.JobSummaries(ctx)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	facts := make([]landing.JobFacts, 0, len(summaries))
	for _, s := range summaries {
		f := landing.JobFacts{JobSummary: s}
		if next, ok := h.Schedule.NextRun(s.Job.ID); ok {
			previous := func(until time.Time) (time.Time, bool) { return h.Schedule.PreviousRun(s.Job.ID, until) }
			f.NextRun, f.Due = &next, landing.DueSlot(previous, next, h.Now())
		}
		if f.Partly, err = h.partly(ctx, s); err != nil {
			return nil, err
		}
		facts = append(facts, f)
	}
	return facts, nil
}

// partlyLook is how many failed backups of a job are looked at for a good copy.
const partlyLook = 20

// partly returns the newest failed backup with a good copy, which is what a job can be
// restored from while a drive keeps failing; nil when the newest backup is finished.
func (h *Handlers) partly(ctx context.Context, s models.JobSummary) (*models.Backup, error) {
	if s.Newest == nil || s.Newest.Status == models.StatusFinished {
		return nil, nil
	}
	failed, err := h.History.Backups(ctx, models.BackupFilter{JobID: s.Job.ID, Status: models.StatusFailed}, models.Cursor{}, partlyLook)
	if err != nil {
		return nil, fmt.Errorf("list failed backups of job %s: %w", s.Job.ID, err)
	}
	return landing.WithGoodCopy(failed), nil
}
