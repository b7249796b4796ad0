package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/web/cookies"
	"github.com/backupman/backupman/web/identity"
)

// openKey is where a request keeps which pages can be opened.
const openKey = "pages.open"

// Offer notes which pages whoever asks can open, for navigation to lead to: opens reports
// it for a path and an actor.
func Offer(opens func(path string, by models.Actor) bool) gin.HandlerFunc {
	return func(c *gin.Context) { c.Set(openKey, opens) }
}

// viewer says to what is drawn who asks for it.
func viewer(c *gin.Context) components.Viewer {
	if !identity.Asked(c) {
		return components.Viewer{Kind: models.ActorNobody} // such as for a host name that is refused
	}
	actor := identity.Of(c)
	v := components.Viewer{Kind: actor.Kind, Name: actor.Name, Role: actor.Role, Scopes: actor.Scopes, Zone: cookies.Zone(c.Request)}
	if opens, ok := c.Value(openKey).(func(string, models.Actor) bool); ok {
		v.Opens = func(path string) bool { return opens(path, actor) }
	}
	return v
}
