// Package middleware holds what happens to every request before a handler sees
// it, one kind a file. Each decides and hands a refusal to the one error door.
package middleware

import "github.com/gin-gonic/gin"

// Refuse answers a request with an error.
type Refuse func(c *gin.Context, err error)

// guard makes a middleware of a check.
func guard(refuse Refuse, check func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := check(c); err != nil {
			refuse(c, err)
			c.Abort()
		}
	}
}
