package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/identity"
)

// DrillBackup answers POST /backups/:id/drill: it begins a drill and leads back to the
// backup, whose page tells how that goes.
func (h *Handlers) DrillBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	identity.Note(c, "backup", id, "")
	unlock, err := formUnlock(c)
	if err != nil {
		return err
	}
	if _, err := h.Restores.StartDrill(c.Request.Context(), models.DrillRequest{BackupID: id, Unlock: unlock, Trigger: models.TriggerPage}); err != nil {
		return err
	}
	return seeOther(c, backups.Path(id)+"#proof")
}

// BackupProof answers GET /backups/:id/proof for a page of whose backup a drill runs.
func (h *Handlers) BackupProof(c *gin.Context) error {
	view, err := h.detail(c)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, backups.ProofFragment(view))
}
