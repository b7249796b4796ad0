package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

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
	stream.Patience(c, verifyTime)
	verdicts, err := h.Backups.Verify(c.Request.Context(), id, file)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewCopyVerdicts(verdicts))
	return nil
}
