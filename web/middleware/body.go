package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// MaxBody is how many bytes a request may bring.
const MaxBody = 64 << 10

// Body bounds what a request may bring. The error is *http.MaxBytesError,
// wherever the bound is met.
func Body(refuse Refuse) gin.HandlerFunc {
	return guard(refuse, func(c *gin.Context) error {
		if c.Request.ContentLength > MaxBody {
			return &http.MaxBytesError{Limit: MaxBody}
		}
		if c.Request.Body != nil {
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
		}
		return nil
	})
}
