package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/layout"
)

// LeadTo answers an address that people type for a page which has another one.
func (h *Handlers) LeadTo(path string) func(c *gin.Context) error {
	return func(c *gin.Context) error { return seeOther(c, path) }
}

// Settings answers GET /settings: it leads to the first part of the settings that whoever asks
// may open.
func (h *Handlers) Settings(c *gin.Context) error {
	parts := layout.Settings(components.WithViewer(c.Request.Context(), viewer(c)))
	if len(parts) == 0 {
		return models.NotFoundf("there are no settings that you may open: what the server is set to is in its configuration file")
	}
	return seeOther(c, parts[0].Path)
}
