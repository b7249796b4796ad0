package middleware

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// contentSecurityPolicy lets a page load its own files and nothing else. There
// is no exception for inline code, because no page has any.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Headers sets what every answer carries. Answers are not kept by caches,
// except where a handler says otherwise.
func Headers() gin.HandlerFunc {
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
	}
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
