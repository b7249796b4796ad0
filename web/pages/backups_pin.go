package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/web/api"
	"github.com/backupman/backupman/web/identity"
)

// PinBackup answers POST /backups/:id/pin: the backup is kept until the end of the day
// in the form, by the clock of its job, or for ever when the form has none. A day that
// cannot be taken brings the page back, with what was typed.
func (h *Handlers) PinBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := c.Request.ParseForm(); err != nil {
		return formError(err)
	}
	facts, err := h.backupFacts(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+facts.Backup.Label, id, "")
	typed := strings.TrimSpace(c.Request.PostForm.Get("until"))
	until, err := api.PinUntil(typed, facts.Zone, h.Now())
	var why *models.Fault
	if errors.As(err, &why) {
		facts.PinRefused = backups.PinRefused{Typed: typed, Problem: human.Sentence(why.Sentence)}
		return Render(c, http.StatusBadRequest, backups.Detail(backups.NewDetailView(h.page(facts.Backup.Label, "/backups"), facts, h.Now())))
	}
	if _, err := h.Retention.Pin(c.Request.Context(), id, until); err != nil {
		return err
	}
	return seeOther(c, backups.Path(id)+"#keeping")
}

// UnpinBackup answers POST /backups/:id/unpin and leads back to the backup.
func (h *Handlers) UnpinBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Retention.Unpin(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, id, "")
	return seeOther(c, backups.Path(id)+"#keeping")
}
