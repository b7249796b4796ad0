package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/views/gallery"
)

// Gallery answers GET /gallery, where somebody who builds pages looks.
func (h *Handlers) Gallery(c *gin.Context) error {
	return Render(c, http.StatusOK, gallery.Show(gallery.NewView(h.page("Gallery", gallery.Path), h.Now())))
}
