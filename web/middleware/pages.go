package middleware

import (
	"errors"

	"github.com/gin-gonic/gin"
)

// ErrBeyondLoopback says that pages are refused because anybody on the network
// could open them.
var ErrBeyondLoopback = errors.New("pages are not shown beyond this machine")

// LoopbackPages refuses pages when other machines reach the server, as long
// as there are no accounts to tell people apart.
func LoopbackPages(beyondLoopback bool, refuse Refuse) gin.HandlerFunc {
	return guard(refuse, func(*gin.Context) error {
		if beyondLoopback {
			return ErrBeyondLoopback
		}
		return nil
	})
}
