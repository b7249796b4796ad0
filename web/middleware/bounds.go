package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/web/stream"
)

const (
	// MaxBody is how many bytes a request may bring.
	MaxBody = 64 << 10
	// MaxTime is how long a request may be worked on.
	MaxTime = time.Minute
	// firstByte is how long a request without a bound of its own may be worked on before
	// its first byte.
	firstByte = 10 * time.Minute
)

// Bounds are how much a request may bring and how long it may be worked on.
type Bounds struct {
	// Body is in bytes; 0 is MaxBody, and less than 0 leaves it to the handler.
	Body int64
	// Time is 0 for MaxTime, and less than 0 for a request that goes on as long as its
	// bytes do: each read and write of it is bounded instead.
	Time time.Duration
}

// Bound holds a request within bounds. For a body that is too large the error is
// *http.MaxBytesError, wherever the bound is met. A handler whose time is up sees its
// context end.
func Bound(b Bounds, refuse Refuse) gin.HandlerFunc {
	if b.Body == 0 {
		b.Body = MaxBody
	}
	if b.Time == 0 {
		b.Time = MaxTime
	}
	return func(c *gin.Context) {
		if b.Time < 0 {
			stream.Patience(c, firstByte)
		} else {
			whole := c.Request
			ctx, cancel := context.WithTimeout(whole.Context(), b.Time)
			// What answers a panic must not take the end of this context for a client that has gone.
			defer func() { cancel(); c.Request = whole }()
			c.Request = whole.WithContext(ctx)
			stream.Patience(c, b.Time)
		}
		if b.Body > 0 {
			if c.Request.ContentLength > b.Body {
				refuse(c, &http.MaxBytesError{Limit: b.Body})
				c.Abort()
				return
			}
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, b.Body)
		}
		c.Next()
	}
}
