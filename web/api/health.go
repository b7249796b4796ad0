package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// patience is how long the metadata database may take to answer a health check.
const patience = 5 * time.Second

// Health answers GET /health: 200 when the metadata database answers, else 503.
func (h *Handlers) Health(c *gin.Context) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), patience)
	defer cancel()
	if err := h.Ping(ctx); err != nil {
		c.JSON(http.StatusServiceUnavailable, struct {
			Health
			Failure
		}{Health{Status: "failing"}, Failure{Error: "the metadata database does not answer"}})
		return nil
	}
	c.JSON(http.StatusOK, Health{Status: "ok"})
	return nil
}
