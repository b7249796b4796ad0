package web

import (
	"net/http"
	"testing"
)

func TestTheGalleryIsForThoseWhoBuildPages(t *testing.T) {
	if w := newSite(t).get(t, "/gallery"); w.Code != http.StatusNotFound {
		t.Errorf("without having been asked for the gallery has status %d", w.Code)
	}
	s := newSite(t, func(o *Options) { o.Gallery = true })
	if w := s.get(t, "/gallery"); w.Code != http.StatusOK {
		t.Errorf("the gallery has status %d", w.Code)
	}
}
