package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/views/setup"
	"github.com/backupman/backupman/web/identity"
)

// SetupJob answers GET /setup/job, the last step of the guided set-up: a job of the source
// and the drives that the address names, with what most people want chosen already.
func (h *Handlers) SetupJob(c *gin.Context) error {
	f := jobForm{purpose: jobs.ForSetup, form: jobs.NewForm(viewerZone(c).String())}
	ready, err := h.chosen(c, &f)
	if err != nil {
		return err
	}
	if !ready {
		return seeOther(c, setup.Path)
	}
	if label := f.form.Label(); label != "" {
		f.form = f.form.WithLabel(h.freeLabel(c.Request.Context(), models.PlanJob, label))
	}
	return h.showJobForm(c, http.StatusOK, f)
}

// SaveSetupJob answers POST /setup/job: it saves the job, starts its first backup and
// leads there. A job that encrypts leads to its recovery kit, before which it does not run.
func (h *Handlers) SaveSetupJob(c *gin.Context) error {
	return h.saveJob(c, jobForm{purpose: jobs.ForSetup}, func(id string) error {
		if next := h.afterSave(c.Request.Context(), id); next == jobs.KitPath(id) {
			return seeOther(c, next)
		}
		started, err := h.Backups.Start(c.Request.Context(), id, models.TriggerPage)
		var why *models.Fault
		if errors.As(err, &why) {
			return &models.Fault{Kind: why.Kind, Sentence: "the job is saved, and its first backup was not started: " + why.Sentence + ". Start it on the page of the job"}
		}
		if err != nil {
			return err
		}
		identity.Note(c, "", "", "its first backup is "+started.ID)
		return seeOther(c, backups.Path(started.ID))
	})
}
