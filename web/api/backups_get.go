package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Get answers GET /api/backups/:id with the one backup.
func (h *Handlers) Get(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Store.Backup(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, NewBackup(b))
	return nil
}
