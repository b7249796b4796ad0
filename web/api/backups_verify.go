package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

// verifyTime bounds how long reading copies back may hold a connection.
const verifyTime = 24 * time.Hour

// Verify answers POST /api/backups/:id/verify: it reads the copies back, or the one
// of ?DriveFileId=, and answers when all are compared.
func (h *Handlers) Verify(c *gin.Context) error {
	id, file, err := copyIDs(c)
	if err != nil {
		return err
	}
	b, err := h.Store.Backup(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	if file != "" && !slices.ContainsFunc(b.DriveFiles, func(f models.DriveFile) bool { return f.ID == file }) {
		return noSuchCopy(b, file)
	}
	stream.Patience(c, verifyTime)
	verdicts, err := h.Backups.Verify(c.Request.Context(), id, file)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewCopyVerdicts(verdicts))
	return nil
}
