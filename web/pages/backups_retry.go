package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/identity"
)

// RetryBackup answers POST /backups/:id/retry and leads back to the backup.
func (h *Handlers) RetryBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Backups.Retry(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	return seeOther(c, backups.Path(b.ID))
}
