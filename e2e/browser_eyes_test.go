package e2e

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func (b *browser) picture() []byte { b.t.Helper(); return run(b, chromedp.FullScreenshot(100)) }

// see gives the browser a screen and a preference of light or dark.
func (b *browser) see(scheme string, width int64) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	call(b, emulation.SetScrollbarsHidden, emulation.SetScrollbarsHiddenParams{Hidden: true})
	b.do("resize", chromedp.EmulateViewport(width, 900))
	b.until(fmt.Sprintf("a screen in %s, %d wide", scheme, width), fmt.Sprintf(`matchMedia('(prefers-color-scheme: %s)').matches && innerWidth === %d`, scheme, width))
}

// shoot leaves pictures of a page, light and dark, narrow and wide.
func (b *browser) shoot(page, url string) {
	b.t.Helper()
	for _, width := range []int64{375, 1440} {
		b.see("light", width)
		b.open(url)
		for _, scheme := range []string{"light", "dark"} {
			b.see(scheme, width)
			b.faded()
			b.keep(fmt.Sprintf("%s-%s-%d", page, scheme, width))
		}
	}
}

// faded ends what moves or fades: colours that fade from one theme into another are not those
// that stay.
func (b *browser) faded() {
	b.t.Helper()
	evaluate[int](b, `document.getAnimations().filter(a => { try { a.finish(); return true; } catch { return false; } }).length`)
}

// keep leaves a picture of the page that is open in build/screenshots, and fails where it is
// wider than its screen.
func (b *browser) keep(name string) {
	b.t.Helper()
	b.fits(name)
	evaluate[bool](b, `scrollTo(0, 0), true`) // what sticks to the window stands where one looks first
	folder := filepath.Join("..", "build", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), b.picture(), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// fits fails when a page is wider than its screen.
func (b *browser) fits(name string) {
	b.t.Helper()
	if over := evaluate[int64](b, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
		b.t.Errorf("%s is %d pixels wider than its screen", name, over)
	}
}
