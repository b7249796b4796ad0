package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

// Download answers GET /backups/:id/files/:file with one copy. It is written down before
// its first byte is sent.
func (h *Handlers) Download(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	file := c.Param("file")
	if err := models.CheckID(file); err != nil {
		return err
	}
	content, stored, err := h.Backups.Open(c.Request.Context(), id, file)
	if err != nil {
		return err
	}
	defer content.Close()
	identity.Note(c, "copy "+stored.Label, id, "")
	if err := identity.Record(c); err != nil {
		return err
	}
	return stream.File(c, content, stored)
}
