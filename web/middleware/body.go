package middleware

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// MaxBody is how many bytes a request may bring.
const MaxBody = 64 << 10

// Body bounds what a request may bring. The error is *http.MaxBytesError,
// wherever the bound is met. The routes that are excepted have bounds of their own.
func Body(refuse Refuse, except ...string) gin.HandlerFunc {
	return guard(refuse, func(c *gin.Context) error {
		if slices.Contains(except, c.FullPath()) {
			return nil
		}
		if c.Request.ContentLength > MaxBody {
			return &http.MaxBytesError{Limit: MaxBody}
		}
		if c.Request.Body != nil {
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
		}
		return nil
	})
}
