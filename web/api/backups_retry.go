package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Retry answers POST /api/backups/:id/retry: another attempt at a failed backup.
func (h *Handlers) Retry(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Backups.Retry(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	c.JSON(http.StatusAccepted, Results{Results: dtos([]models.Backup{b})})
	return nil
}
