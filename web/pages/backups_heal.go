package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/identity"
)

// HealBackup answers POST /backups/:id/heal, which asks for the missing copies, and
// leads back to the backup.
func (h *Handlers) HealBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Backups.Heal(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	return seeOther(c, backups.Path(b.ID))
}
