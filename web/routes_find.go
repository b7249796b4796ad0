package web

import (
	shown "github.com/backupman/backupman/views/gallery"
	"github.com/backupman/backupman/views/layout"
)

// findRoutes are where people find things.
func (s *server) findRoutes() []route {
	return []route{
		page(layout.SearchPath, s.pages.Search, read),
		page(layout.PalettePath, s.pages.Palette, read),
		page(shown.Path, s.pages.Gallery, read).of(gallery),
	}
}
