package pages

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/identity"
)

// AskDeleteJob answers GET /jobs/:id/delete: what would be over, and what would stay.
func (h *Handlers) AskDeleteJob(c *gin.Context) error {
	job, err := h.jobToDelete(c)
	if err != nil {
		return err
	}
	return h.askDeleteJob(c, http.StatusOK, job, "")
}

// DeleteJob answers POST /jobs/:id/delete and leads to the list of jobs.
func (h *Handlers) DeleteJob(c *gin.Context) error {
	job, err := h.jobToDelete(c)
	if err != nil {
		return err
	}
	identity.Note(c, "job "+job.Label, job.ID, "")
	err = h.Planner.Remove(c.Request.Context(), models.PlanJob, job.Label, identity.Of(c).Name)
	if why, refused := refusal(c, err); refused {
		return h.askDeleteJob(c, faultStatus(why), job, human.Sentence(why.Sentence))
	}
	if err != nil {
		return err
	}
	return seeOther(c, jobs.ListPath+"?done=removed")
}

func (h *Handlers) jobToDelete(c *gin.Context) (models.Job, error) {
	id, err := pathID(c)
	if err != nil {
		return models.Job{}, err
	}
	return h.changeableJob(c.Request.Context(), id)
}

func (h *Handlers) askDeleteJob(c *gin.Context, status int, job models.Job, problem string) error {
	ctx := c.Request.Context()
	dependents, err := h.Planner.Dependents(ctx, models.PlanJob, job.Label)
	if err != nil {
		return err
	}
	stays, err := h.jobStays(ctx, job)
	if err != nil {
		return err
	}
	v := plan.RemoveView{Page: h.page("Delete "+job.Label, jobs.ListPath), Noun: jobs.Noun, ID: job.ID, Label: job.Label, Stays: stays, Needed: plan.NewNeeded(dependents, nil), Problem: problem}
	return Render(c, status, plan.Remove(v))
}

// jobStays says what is left of a job that is deleted.
func (h *Handlers) jobStays(ctx context.Context, job models.Job) (string, error) {
	drives, err := h.drivesByID(ctx)
	if err != nil {
		return "", err
	}
	summary, err := h.summaryOf(ctx, job)
	if err != nil {
		return "", err
	}
	finished := int64(0)
	if summary != nil {
		finished = summary.Finished
	}
	return jobs.StaysWords(job, finished, drives), nil
}
