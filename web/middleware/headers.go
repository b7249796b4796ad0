package middleware

import (
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// contentSecurityPolicy lets a page load its own files and nothing else. There
// is no exception for inline code, because no page has any.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// permissionsPolicy switches off what no page uses, should a script ever run in one.
const permissionsPolicy = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), " +
	"hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"

// strictTransport makes browsers use https for this host alone, for a year, whatever the
// port. What else runs on a person's own machine, or on a machine where this server has a
// port beside others, is not to be reached by https only, so it is not said there.
const strictTransport = "max-age=31536000"

// Headers sets what every answer carries. Answers are not kept by caches, except where a
// handler says otherwise. secure tells whether a request came over https.
func Headers(secure func(r *http.Request) bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", permissionsPolicy)
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		if host := c.Request.Host; secure(c.Request) && usualPort(host) && !loopback(hostname(host)) {
			h.Set("Strict-Transport-Security", strictTransport)
		}
	}
}

// usualPort reports whether a host is named without a port, or with the one of https.
func usualPort(host string) bool {
	_, port, err := net.SplitHostPort(host)
	return err != nil || port == "443"
}

// AllowForms lets the forms of this page lead on to other origins. Browsers hold a
// form to the policy also where its answer sends them elsewhere.
func AllowForms(c *gin.Context, origins []string) {
	if len(origins) == 0 {
		return
	}
	const own = "form-action 'self'"
	c.Header("Content-Security-Policy", strings.Replace(contentSecurityPolicy, own, own+" "+strings.Join(origins, " "), 1))
}
