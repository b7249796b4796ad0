package pages

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/views/components"
)

// Render draws a component and only then answers, so that a component that
// fails is an error and never half a page.
func Render(c *gin.Context, status int, component templ.Component) error {
	page := buffers.Get().(*bytes.Buffer)
	defer giveBack(page)
	if err := component.Render(components.WithViewer(c.Request.Context(), viewer(c)), page); err != nil {
		return fmt.Errorf("render %s: %w", c.FullPath(), err)
	}
	return send(c, status, "text/html; charset=utf-8", page.Bytes())
}

// IsFragment reports whether htmx asks, which wants a part of a page. The
// answer then depends on the header, and says so.
func IsFragment(c *gin.Context) bool {
	c.Writer.Header().Add("Vary", "HX-Request")
	return c.GetHeader("HX-Request") == "true"
}

// seeOther sends the browser on after a form, so that a reload repeats nothing.
func seeOther(c *gin.Context, path string) error {
	c.Redirect(http.StatusSeeOther, path)
	return nil
}
