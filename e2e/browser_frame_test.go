package e2e

import (
	"bytes"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"github.com/backupman/backupman/e2e/program"
)

// testFocus goes through pages by Tab alone.
func testFocus(t *testing.T, server *program.Server, owner *program.Person) {
	b := newBrowser(t)
	hand(b, owner)
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{375, 1440} {
			b.see(theme, width)
			for _, path := range []string{"/", "/backups", "/settings/users"} {
				b.open(server.URL + path)
				if n := b.focusable(path); n < 5 {
					t.Errorf("%s: Tab comes by %d places only", path, n)
				}
			}
		}
	}
	b.see("light", 1440)
	b.open(server.URL + "/backups")
	b.press("\t")
	b.press("\r")
	b.until("the first link skips to the content", `document.activeElement.id === 'main'`)
	b.noFaults()
}

// testMenu opens the menu, with scripts and without.
func testMenu(t *testing.T, server *program.Server, owner *program.Person) {
	b := newBrowser(t)
	hand(b, owner)
	for _, off := range []bool{false, true} {
		call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
		b.see("light", 320)
		b.open(server.URL + "/")
		if shown := evaluate[bool](b, `document.querySelector('#menu').checkVisibility()`); shown {
			t.Error("the menu is open before anybody has opened it")
		}
		b.point(`button[popovertarget="menu"].menu-button`)
		b.wait(`#menu:popover-open`)
		b.fits("the open menu")
		b.leads(`#menu a[href="/backups"]`)
		b.wait(`#menu a[href="/backups"][aria-current="page"]`)
		if at := b.location(); at != server.URL+"/backups" {
			t.Errorf("the menu led to %s", at)
		}
	}
	b.leads(`header a[href="/search"]`)
	b.write(`input[name="q"]`, "shop-nightly\r")
	b.wait(`.hit[href^="/jobs/"]`)
	b.noFaults()
}

// testPalette uses the palette by keyboard alone.
func testPalette(t *testing.T, server *program.Server, owner *program.Person) {
	b := newBrowser(t)
	hand(b, owner)
	b.open(server.URL + "/")
	b.press("/")
	b.wait(`#palette[open] .hit`)
	b.barriers("the palette")
	// On a busy machine the driver brings the character of a key so late that it is typed.
	evaluate[bool](b, `document.activeElement.select(), true`)
	b.press("night")
	b.wait(`#palette [data-query="night"] .hit`)
	if first := b.text(`#palette li`); !strings.HasPrefix(strings.TrimSpace(first), "shop-nightly") {
		t.Errorf("first stands %q", first)
	}
	b.says(`#palette [role="status"]`, "results")
	if plain, marked := evaluate[string](b, `getComputedStyle(document.querySelector('#palette li:nth-child(2) .hit')).backgroundColor`), evaluate[string](b, `getComputedStyle(document.querySelector('#palette li:first-child .hit')).backgroundColor`); plain == marked {
		t.Errorf("what Enter opens is not marked: %s", marked)
	}
	b.press("\u0301")
	b.press("\u0301")
	if at := evaluate[string](b, `document.activeElement.getAttribute('href') ?? document.activeElement.outerHTML`); !strings.HasPrefix(at, "/backups?job=") {
		t.Errorf("two arrows down is %s", at)
	}
	b.press("l") // typing goes on in the field
	b.wait(`#palette [data-query="nightl"] .hit`)
	b.press("\u001b")
	b.wait(`#palette:not([open])`)
	b.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.wait(`#palette[open] [data-query=""]`)
	b.press("gone-daily")
	b.wait(`#palette [data-query="gone-daily"] .hit`)
	b.press("\r")
	b.until("Enter leads to the job", `location.pathname.startsWith('/jobs/')`)
	b.noFaults()
}

// testKeys goes to pages by keys, which do nothing while somebody types, and can be
// switched off.
func testKeys(t *testing.T, server *program.Server, owner *program.Person) {
	b := newBrowser(t)
	hand(b, owner)
	b.open(server.URL + "/search?q=x")
	b.point(`input[name="q"]`)
	b.press("gb/?")
	if typed := evaluate[string](b, `document.querySelector('[name=q]').value + [...document.querySelectorAll('dialog[open]')].length`); !strings.HasSuffix(typed, "gb/?0") {
		t.Errorf("typing made %q", typed)
	}
	b.open(server.URL + "/")
	b.press("gb")
	b.until("the keys lead to the backups", `location.pathname === '/backups'`)
	b.wait(`nav a[href="/backups"][aria-current="page"]`)
	b.press("?")
	b.wait(`#keys[open]`)
	b.barriers("the list of keys")
	b.click(`#keys [data-single-keys]`)
	b.press("\u001b")
	b.wait(`#keys:not([open])`)
	b.press("go?")
	b.open(server.URL + "/backups")
	b.press("go?")
	b.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)) // needs no single key
	b.wait(`#palette[open] .hit`)
	if at := b.location(); at != server.URL+"/backups" || b.count(`#keys[open]`) != 0 {
		t.Errorf("keys that are switched off led to %s", at)
	}
	b.noFaults()
}

// testZone opens a page from Tokyo: the times are told by the
// clock there, at once by the script and then by the server, at the same width.
func testZone(t *testing.T, server *program.Server, owner *program.Person) {
	b := newBrowser(t)
	hand(b, owner)
	call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"})
	titles := func() string {
		return evaluate[string](b, `[...document.querySelectorAll('main time')].map(t => t.title).join('\n')`)
	}
	b.open(server.URL + "/backups")
	if zone := evaluate[string](b, `document.documentElement.dataset.zone`); zone != "" {
		t.Errorf("the server knew the zone %q before it was told", zone)
	}
	first := titles()
	b.steady("the first page", func() {
		call(b, network.DeleteCookies, network.DeleteCookiesParams{Name: "zone", URL: server.URL})
		b.open(server.URL + "/backups")
	})
	b.open(server.URL + "/backups")
	if zone := evaluate[string](b, `document.documentElement.dataset.zone`); zone != "Asia/Tokyo" {
		t.Errorf("the server tells times by the clock of %q", zone)
	}
	if second := titles(); second != first || !strings.Contains(first, " Asia/Tokyo (") {
		t.Errorf("the script says\n%s\nand the server\n%s", first, second)
	}
	if said := b.text(`footer [data-zone-name]`); said != "Asia/Tokyo" {
		t.Errorf("the footer names %q", said)
	}
	b.noFaults()
}

// testPrint looks at pages as they are printed from a dark screen.
func testPrint(t *testing.T, server *program.Server, owner *program.Person) {
	b := newBrowser(t)
	hand(b, owner)
	b.see("dark", 1440)
	for _, path := range []string{"/", "/backups"} {
		b.open(server.URL + path)
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
		for what, want := range map[string]string{
			`getComputedStyle(document.body).backgroundColor`:                                 "rgb(255, 255, 255)",
			`getComputedStyle(document.querySelector('main')).color`:                          "rgb(0, 0, 0)",
			`String(document.querySelector('nav[aria-label="Main"]').checkVisibility())`:      "false",
			`String([...document.querySelectorAll('button')].some(b => b.checkVisibility()))`: "false",
			`String(document.querySelector('main').getBoundingClientRect().left)`:             "0",
			`getComputedStyle(document.querySelector('main a[href]')).textDecorationLine`:     "underline",
		} {
			if got := evaluate[string](b, what); got != want {
				t.Errorf("%s: %s is %s, want %s", path, what, got, want)
			}
		}
	}
	b.noFaults()
}

// testFirstVisit adds up what a browser that has nothing yet is sent.
func testFirstVisit(t *testing.T, server *program.Server, owner *program.Person) {
	for _, page := range []string{"/", "/backups"} {
		total, kinds := 0, map[string]int{}
		body := weigh(t, owner, page, &total)
		for _, file := range loads(t, body) {
			if strings.Contains(file, "//") {
				t.Errorf("%s loads %s, which is elsewhere", page, file)
				continue
			}
			kinds[filepath.Ext(file)]++
			weigh(t, owner, file, &total)
		}
		if kinds[".css"] != 1 || kinds[".js"] != 2 {
			t.Errorf("%s loads %v, and not one style sheet and two scripts", page, kinds)
		}
		if total >= 100_000 {
			t.Errorf("%s takes %d bytes on a first visit", page, total)
		}
		t.Logf("%s takes %d bytes on a first visit to %s", page, total, server.URL)
	}
}

// weigh adds the bytes of an answer, headers included, and returns its body as it was
// before it was compressed.
func weigh(t *testing.T, owner *program.Person, path string, total *int) []byte {
	t.Helper()
	packed := owner.Do(t, http.MethodGet, path, http.Header{"Accept-Encoding": {"gzip"}}, nil)
	var headers bytes.Buffer
	if err := packed.Header.Write(&headers); err != nil || packed.Status != http.StatusOK {
		t.Fatalf("%s: status %d: %v", path, packed.Status, err)
	}
	*total += headers.Len() + len(packed.Body)
	return owner.Get(t, path).Body
}

// loads are the addresses that a page loads by itself.
func loads(t *testing.T, page []byte) []string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "src" || n.Data == "link" && a.Key == "href" {
				found[a.Val] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
