package pages

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/views/setup"
)

// NewJob answers GET /jobs/new with an empty form, or one that is filled in as another job
// is, or with a source and drives that the address names by their ids.
func (h *Handlers) NewJob(c *gin.Context) error {
	f := jobForm{purpose: jobs.ForNew, form: jobs.NewForm(viewerZone(c).String())}
	if id := c.Query("from"); id != "" {
		if err := h.copyJob(c.Request.Context(), &f, id); err != nil {
			return err
		}
	} else if ready, err := h.chosen(c, &f); err != nil {
		return err
	} else if !ready {
		return seeOther(c, setup.Path)
	}
	return h.showJobForm(c, http.StatusOK, f)
}

// copyJob fills a form in as another job is. Its label must be another.
func (h *Handlers) copyJob(ctx context.Context, f *jobForm, id string) error {
	label, err := h.jobCopy(ctx, f, id)
	if err != nil {
		return err
	}
	f.form = jobs.FormOf(f.of).WithLabel(h.freeLabel(ctx, models.PlanJob, label+"-copy"))
	f.of.Secrets = nil
	return nil
}

// jobCopy lets a new job begin with what another has, but for its label, which it returns.
func (h *Handlers) jobCopy(ctx context.Context, f *jobForm, id string) (label string, err error) {
	if err := models.CheckID(id); err != nil {
		return "", err
	}
	job, err := h.Plans.Job(ctx, id)
	if err != nil {
		return "", err
	}
	f.from = id
	f.of, err = h.Planner.Draft(ctx, models.PlanJob, job.Label)
	f.of.Label = ""
	return job.Label, err
}

// copied is jobCopy for a form that was sent. The passphrase of the other job stays with it.
func (h *Handlers) copied(c *gin.Context, f *jobForm) error {
	id := field(c, "from")
	if id == "" {
		return nil
	}
	_, err := h.jobCopy(c.Request.Context(), f, id)
	f.of.Secrets = nil
	return err
}

// chosen fills in the source and the drives that the address names by their ids. What is
// not there is left to be chosen. It is not ready while there is no source or no drive at
// all, which the guided set-up makes first.
func (h *Handlers) chosen(c *gin.Context, f *jobForm) (ready bool, err error) {
	sources, drives, err := h.configured(c.Request.Context())
	if err != nil || len(sources) == 0 || len(drives) == 0 {
		return false, err
	}
	if id := c.Query("source"); id != "" {
		for _, s := range sources {
			if s.ID == id {
				f.form = f.form.WithSource(s.Label).WithLabel(s.Label)
			}
		}
	} else if len(sources) == 1 {
		f.form = f.form.WithSource(sources[0].Label)
	}
	var labels []string
	for _, id := range c.QueryArray("drive") {
		for _, d := range drives {
			if d.ID == id {
				labels = append(labels, d.Label)
			}
		}
	}
	if len(labels) == 0 && len(drives) == 1 {
		labels = []string{drives[0].Label}
	}
	f.form = f.form.WithDrives(labels)
	return true, nil
}

// configured are the sources and drives that jobs can name.
func (h *Handlers) configured(ctx context.Context) (sources []models.Source, drives []models.Drive, err error) {
	all, err := h.Plans.Sources(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list sources: %w", err)
	}
	for _, s := range all {
		if s.RemovedAt == nil {
			sources = append(sources, s)
		}
	}
	places, err := h.Plans.Drives(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list drives: %w", err)
	}
	for _, d := range places {
		if d.RemovedAt == nil {
			drives = append(drives, d)
		}
	}
	return sources, drives, nil
}
