package middleware

import (
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"
)

// Requests writes each request down at the debug level: its path, and never
// its query, which may carry the signature of a download link.
func Requests(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		started := time.Now()
		c.Next()
		log.DebugContext(c.Request.Context(), "request answered", "method", c.Request.Method, "path", c.Request.URL.Path,
			"status", c.Writer.Status(), "bytes", c.Writer.Size(), "took", time.Since(started))
	}
}
