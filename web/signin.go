package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/web/pages"
)

// toSignIn sends a browser to the page on which people sign in, from where it comes back to
// what was asked for. htmx, which asks for a part of a page, is told to leave the page.
func toSignIn(c *gin.Context) {
	if pages.IsFragment(c) {
		c.Header("HX-Redirect", pages.SignInPath(c.GetHeader("HX-Current-URL")))
		c.Status(http.StatusUnauthorized)
		c.Writer.WriteHeaderNow()
		return
	}
	wanted := "/"
	if c.Request.Method == http.MethodGet {
		wanted = c.Request.URL.RequestURI()
	}
	c.Redirect(http.StatusSeeOther, pages.SignInPath(wanted))
}
