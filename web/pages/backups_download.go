package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/stream"
)

// Download answers GET /backups/:id/files/:file with one copy.
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
	return stream.File(c, content, stored)
}
