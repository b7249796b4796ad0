// Package identity tells handlers who asks, and declares what the web asks of the service
// that knows people and programs.
package identity

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

const actorKey = "backupman.actor"

// Set notes who asks. The middleware does it, once for each request.
func Set(c *gin.Context, a models.Actor) { c.Set(actorKey, a) }

// Of returns who asks: somebody of the kind models.ActorNobody, who may do nothing, when
// that was not found out.
func Of(c *gin.Context) models.Actor {
	if a, ok := c.Get(actorKey); ok {
		if actor, ok := a.(models.Actor); ok {
			return actor
		}
	}
	return models.Actor{Kind: models.ActorNobody, Name: "nobody"}
}

// Asked reports whether it was found out who asks, nobody included.
func Asked(c *gin.Context) bool {
	_, asked := c.Get(actorKey)
	return asked
}

// Require returns models.ErrForbidden unless whoever asks may do what needs a scope; what
// completes the sentence "X may not", such as "overwrite a database".
func Require(c *gin.Context, need models.Scope, what string) error {
	if Of(c).May(need) {
		return nil
	}
	who := "the account "
	if Of(c).Kind == models.ActorKey {
		who = "the API key "
	}
	return &models.Fault{Kind: models.ErrForbidden, Sentence: who + Of(c).Name + " may not " + what + ": ask an owner"}
}
