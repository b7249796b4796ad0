package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/identity"
)

// RunJob answers POST /jobs/:id/run. A form is sent on to the new backup; a
// card that asks through htmx is answered with itself, now running.
func (h *Handlers) RunJob(c *gin.Context) error {
	fragment := IsFragment(c)
	id, err := pathID(c)
	if err != nil {
		return err
	}
	started, err := h.Backups.Start(c.Request.Context(), id, models.TriggerPage)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+started.Label, started.ID, "")
	if fragment {
		h.Changed()
		return h.renderCard(c, id)
	}
	return seeOther(c, backups.Path(started.ID))
}
