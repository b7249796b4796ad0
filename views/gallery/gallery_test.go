package gallery

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/views/layout"
)

// TestTheGalleryHasEverySign reads the signs where they are drawn.
func TestTheGalleryHasEverySign(t *testing.T) {
	source, err := os.ReadFile("../components/icon.templ")
	if err != nil {
		t.Fatal(err)
	}
	drawn := regexp.MustCompile(`case "([a-z-]+)":`).FindAllStringSubmatch(string(source), -1)
	for _, d := range drawn {
		if !slices.Contains(icons, d[1]) {
			t.Errorf("the gallery lacks the sign %s", d[1])
		}
	}
	if len(drawn) != len(icons) {
		t.Errorf("the gallery has %d signs of %d", len(icons), len(drawn))
	}
}

// TestTheGalleryHasEveryComponent reads the names of the components, of which each has to
// be called here or by another.
func TestTheGalleryHasEveryComponent(t *testing.T) {
	page, err := os.ReadFile("gallery.templ")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := []string{"Allowed", "Denied", "Announce", "Username", "Unlock", "WideFact", "Remark"} // which show nothing of their own, or stand in others
	for _, folder := range []string{"../components", "../charts"} {
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".templ") {
				continue
			}
			source, err := os.ReadFile(folder + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range regexp.MustCompile(`(?m)^templ ([A-Z]\w+)\(`).FindAllStringSubmatch(string(source), -1) {
				if !slices.Contains(elsewhere, d[1]) && d[1] != "Behind" && !strings.Contains(string(page), "."+d[1]+"(") {
					t.Errorf("the gallery lacks %s of %s", d[1], f.Name())
				}
			}
		}
	}
}

func TestTheGalleryIsDrawn(t *testing.T) {
	var b strings.Builder
	if err := Show(NewView(layout.Page{Title: "Gallery"}, time.Date(2026, 11, 26, 11, 0, 0, 0, time.UTC))).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "The port is a number.") || strings.Contains(got, "style=") {
		t.Errorf("the gallery is %s", got)
	}
}
