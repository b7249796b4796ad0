package pages

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/web/identity"
)

// PauseJob answers POST /jobs/:id/pause and leads back to the job, or to the page that the
// address names: its schedule rests until somebody resumes it.
func (h *Handlers) PauseJob(c *gin.Context) error { return h.turnJob(c, h.Slots.PauseJob) }

// ResumeJob answers POST /jobs/:id/resume and leads back to the job.
func (h *Handlers) ResumeJob(c *gin.Context) error { return h.turnJob(c, h.Slots.ResumeJob) }

func (h *Handlers) turnJob(c *gin.Context, turn func(ctx context.Context, jobID string, at time.Time) error) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	job, err := h.Plans.Job(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "job "+job.Label, id, "")
	if job.RemovedAt != nil {
		return models.Conflictf("the job %q has left the configuration, so it has no schedule", job.Label)
	}
	if err := turn(c.Request.Context(), id, h.Now()); err != nil {
		return err
	}
	if next := localPath(c.Query("next")); next != "/" {
		return seeOther(c, next)
	}
	return seeOther(c, jobs.Path(id)+"#when")
}
