package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/services/sample"
)

// serveFilled serves an installation with something of everything: databases, drives of
// which one is away, jobs that finished, failed and never ran, a drill, people and keys.
func serveFilled(t *testing.T) (*program.Server, *program.Person) {
	t.Helper()
	t.Setenv("BACKUPMAN_GALLERY", "1")
	dir := t.TempDir()
	for _, name := range []string{"shop.db", "blog.db"} {
		if err := sample.Shop(t.Context(), filepath.Join(dir, name), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	config := program.WriteConfig(t, dir, fmt.Sprintf(`accounts: {enabled: true}
data_sources:
  - {provider: sqlite, label: shop, db_path: %[1]q}
  - {provider: sqlite, label: blog, db_path: %[2]q}
  - {provider: sqlite, label: a-database-whose-name-is-rather-long-because-somebody-wrote-down-all-of-it, db_path: %[3]q}
drives:
  - {provider: local, label: nas, folder: %[4]q}
  - {provider: local, label: usb, folder: %[5]q, create: false}
jobs:
  - {label: shop-nightly, data_source: shop, drives: [nas], cron: "0 3 * * *", timezone: %[6]s, retention: {keep_last: 5, daily: 7}}
  - {label: blog-weekly, data_source: blog, drives: [nas, usb], cron: "0 4 * * 0", timezone: %[6]s}
  - {label: gone-daily, data_source: a-database-whose-name-is-rather-long-because-somebody-wrote-down-all-of-it, drives: [nas], cron: "0 5 * * *", timezone: %[6]s}
  - {label: never-ran, data_source: shop, drives: [nas]}
`, filepath.Join(dir, "shop.db"), filepath.Join(dir, "blog.db"), filepath.Join(dir, "nowhere", "gone.db"), filepath.Join(dir, "nas"), filepath.Join(dir, "not", "mounted"), zone))
	data := filepath.Join(dir, "data")
	for _, job := range []string{"gone-daily", "blog-weekly", "shop-nightly"} {
		r := program.Run(t, "-c", config, "--data", data, "run", job, "--wait")
		if (r.Code == 0) != (job == "shop-nightly") {
			t.Fatalf("%s ended with %d: %s%s", job, r.Code, r.Out, r.Err)
		}
	}
	if r := program.Run(t, "-c", config, "--data", data, "drill", "latest"); r.Code != 0 {
		t.Fatalf("%s%s", r.Out, r.Err)
	}
	server := program.Serve(t, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0")
	owner := program.Claim(t, server, data)
	owner.Post(t, "/settings/users", url.Values{"name": {"grace.hopper@example.org"}, "role": {"operator"}})
	owner.Post(t, "/settings/keys", url.Values{"name": {"monitoring"}, "scope": {"read", "run"}})
	owner.Post(t, "/settings/secrets", url.Values{"name": {"shop-password"}, "value": {"canary"}})
	owner.Post(t, "/account/second-factor", url.Values{"password": {program.OwnerPassword}})
	return server, owner
}

var ids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// pagesOf opens everything that links lead to, and returns one address of each page, and
// some more of the pages that look different from one thing to another.
func pagesOf(t *testing.T, owner *program.Person) []string {
	t.Helper()
	seen := owner.Crawl(t, "/", "/account/second-factor", "/search", "/search?q=shop", "/gallery", "/setup", "/sources/new", "/drives/new", "/jobs/new", "/calendar", "/notifiers")
	counts := map[string]int{}
	var pages []string
	for _, path := range slices.Sorted(maps.Keys(seen)) {
		answer := seen[path]
		if answer.Status != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") || !bytes.HasPrefix(bytes.ToLower(answer.Body), []byte("<!doctype html>")) {
			continue
		}
		kind := kindOf(path)
		most := 1
		if kind == "/backups/ID" || kind == "/jobs/ID" || kind == "/drives/ID" {
			most = 3
		}
		if counts[kind]++; counts[kind] <= most {
			pages = append(pages, path)
		}
	}
	return pages
}

// kindOf is an address without what tells one thing from another of its kind.
func kindOf(path string) string {
	path, query, _ := strings.Cut(ids.ReplaceAllString(path, "ID"), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return path
	}
	if path == "/setup/source" || path == "/sources/new" || path == "/drives/new" || path == "/notifiers/new" {
		return path + "?" + query // each provider has a form of its own
	}
	return path + "?" + strings.Join(slices.Sorted(maps.Keys(values)), "&")
}

// TestBrowserFrame looks at what all pages have in common, on one installation.
func TestBrowserFrame(t *testing.T) {
	lacksAxe(t)
	server, owner := serveFilled(t)
	for name, test := range map[string]func(*testing.T, *program.Server, *program.Person){
		"no fault in any page":   testEveryPage,
		"the focus":              testFocus,
		"the menu of telephones": testMenu,
		"the palette":            testPalette,
		"keys":                   testKeys,
		"times":                  testZone,
		"print":                  testPrint,
		"a first visit":          testFirstVisit,
	} {
		t.Run(name, func(t *testing.T) { test(t, server, owner) })
	}
}

// testEveryPage opens every page of a filled installation in a wide
// window and on a telephone, light and dark: nothing that axe knows of keeps anybody out,
// nothing is wider than its screen or moves, nothing comes from elsewhere, and the
// console stays empty.
func testEveryPage(t *testing.T, server *program.Server, owner *program.Person) {
	pages := pagesOf(t, owner)
	if len(pages) < 20 {
		t.Errorf("only %d pages are there: %v", len(pages), pages)
	}
	b := newBrowser(t)
	b.stayAt(server.URL)
	look := func(path string, status int) {
		alike := strings.Contains(path, "provider=") // forms that differ in their fields
		b.see("light", 1440)
		open := func() {
			b.open(server.URL + path)
			b.expectStatus(status)
		}
		b.steady(path+" in a wide window", open)
		b.barriers(path + " in a wide window")
		if !alike {
			b.see("dark", 1440)
			b.barriers(path+" in a wide window in the dark", "color-contrast")
		}
		b.see("dark", 375)
		b.steady(path+" on a telephone", open)
		b.fits(path + " at 375")
		b.barriers(path + " on a telephone in the dark")
		b.see("light", 320)
		b.fits(path + " at 320")
		if !alike {
			b.barriers(path+" on a telephone", "color-contrast")
		}
		b.noFaults()
	}
	for _, path := range []string{"/sign-in", "/sign-in?signed-out=1"} {
		look(path, http.StatusOK)
	}
	hand(b, owner)
	look("/nothing", http.StatusNotFound)
	for _, path := range pages {
		look(path, http.StatusOK)
	}
	t.Logf("%d pages: %v", len(pages), pages)
}
