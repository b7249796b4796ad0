// Package cookies keeps in the browser what a signed-in person shows.
package cookies

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/origin"
)

const (
	sessionName = "backupman"
	stateName   = "backupman-state"
	// zoneName is written by the page script, which knows where the browser is.
	zoneName = "zone"
	// hostPrefix makes browsers hold a cookie to this host, this path and https, so that
	// no neighbour of the host can put another in its place.
	hostPrefix = "__Host-"
	// stateLife is how long somebody may stay with the identity provider.
	stateLife = 10 * time.Minute
)

// Jar sets and reads the cookies. Over https they have the prefix and go nowhere else, and
// a cookie without the prefix is not looked at.
type Jar struct {
	// AppURL is the address that people use; empty for the request's own.
	AppURL string
	// Proxies are believed when they say that the request came over https.
	Proxies origin.Proxies
}

// SetSession lets the browser show a session from now on.
func (j Jar) SetSession(c *gin.Context, in models.SignedIn) {
	life := in.Session.ExpiresAt.Sub(in.Session.CreatedAt)
	j.set(c, sessionName, in.Token.Reveal(), max(0, int(life/time.Second)))
}

// ClearSession lets the browser forget its session.
func (j Jar) ClearSession(c *gin.Context) { j.set(c, sessionName, "", -1) }

// Session returns the token that the browser shows; empty when it shows none.
func (j Jar) Session(c *gin.Context) string { return j.get(c, sessionName) }

// SetState keeps the sealed state of a sign-in with the identity provider until the
// browser comes back from there.
func (j Jar) SetState(c *gin.Context, state string) {
	j.set(c, stateName, state, int(stateLife/time.Second))
}

// TakeState returns the state, once; empty when there is none.
func (j Jar) TakeState(c *gin.Context) string {
	state := j.get(c, stateName)
	if state != "" {
		j.set(c, stateName, "", -1)
	}
	return state
}

// Zone returns the zone that the page script told; nil when it told none that is known. It
// is whatever the browser sends, and only ever changes how that browser is told times.
func Zone(r *http.Request) *time.Location {
	cookie, err := r.Cookie(zoneName)
	if err != nil {
		return nil
	}
	return zones.find(cookie.Value)
}

// set writes a cookie. Lax lets it come along when somebody follows a link to this
// server, and not with what the pages of others send.
func (j Jar) set(c *gin.Context, name, value string, age int) {
	http.SetCookie(c.Writer, &http.Cookie{Name: j.name(c, name), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: j.secure(c), SameSite: http.SameSiteLaxMode})
}

func (j Jar) get(c *gin.Context, name string) string {
	cookie, err := c.Request.Cookie(j.name(c, name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

func (j Jar) name(c *gin.Context, name string) string {
	if j.secure(c) {
		return hostPrefix + name
	}
	return name
}

func (j Jar) secure(c *gin.Context) bool { return origin.Secure(c.Request, j.AppURL, j.Proxies) }
