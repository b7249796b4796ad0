package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Proof answers GET /api/backups/:id/proof: whether the backup restores, and how that is known.
func (h *Handlers) Proof(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Store.Backup(c.Request.Context(), id)
	if err != nil {
		return err
	}
	drills, err := h.Store.Drills(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewProof(b, drills))
	return nil
}
