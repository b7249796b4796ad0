package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gin-gonic/gin"
)

// Recover turns a panic of a handler into an error. The panic that net/http
// knows as "cut the connection" goes on.
func Recover(refuse Refuse) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			refuse(c, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
			c.Abort()
		}()
		c.Next()
	}
}
