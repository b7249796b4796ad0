package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Cancel answers POST /api/backups/:id/cancel: the pending backup is asked to end. It may
// still be pending in the answer, for as long as its run takes to notice.
func (h *Handlers) Cancel(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Backups.Cancel(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	c.JSON(http.StatusAccepted, Results{Results: dtos([]models.Backup{b})})
	return nil
}
