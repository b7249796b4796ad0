package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Heal answers POST /api/backups/:id/heal: the missing copies of a failed backup
// whose dump is good, without a new dump.
func (h *Handlers) Heal(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Backups.Heal(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	c.JSON(http.StatusAccepted, Results{Results: dtos([]models.Backup{b})})
	return nil
}
