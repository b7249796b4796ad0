package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Who is who asks.
type Who struct {
	// Kind is user, key or local.
	Kind string `json:"Kind"`
	// ID is the user's or the key's; null for others.
	ID   *string `json:"Id"`
	Name string  `json:"Name"`
	// Role is that of a person; null for others.
	Role   *string  `json:"Role"`
	Scopes []string `json:"Scopes"`
	// JobIDs are the only jobs that an API key is for; empty for all.
	JobIDs []string `json:"JobIds"`
	// Address is where the request came from, behind proxies that are trusted.
	Address string `json:"Address"`
}

// WhoAmI answers GET /api/whoami with what the server knows of whoever asks.
func (h *Handlers) WhoAmI(c *gin.Context) error {
	a := identity.Of(c)
	c.PureJSON(http.StatusOK, Who{Kind: string(a.Kind), ID: orNull(a.ID), Name: a.Name, Role: orNull(string(a.Role)), Scopes: scopeWords(a.Scopes),
		JobIDs: list(a.JobIDs), Address: a.Client.Address})
	return nil
}

// scopeWords are all scopes that are allowed, also by a stronger one.
func scopeWords(s models.Scopes) []string {
	words := []string{}
	for _, scope := range models.AllScopes {
		if s.Allow(scope) {
			words = append(words, string(scope))
		}
	}
	return words
}
