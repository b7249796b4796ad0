package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/identity"
)

// CancelBackup answers POST /backups/:id/cancel, which asks a pending backup to end, and
// leads back to the backup.
func (h *Handlers) CancelBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Backups.Cancel(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	return seeOther(c, backups.Path(b.ID))
}
