package pages

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// BackupLog answers GET /backups/:id/log with the whole log of a backup, as plain text.
func (h *Handlers) BackupLog(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if _, err := h.History.Backup(c.Request.Context(), id); err != nil {
		return err
	}
	text, err := h.History.LogText(c.Request.Context(), id)
	if err != nil {
		return fmt.Errorf("read log of backup %s: %w", id, err)
	}
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}
