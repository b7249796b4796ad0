package e2e

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"github.com/backupman/backupman/e2e/program"
)

// servePeople serves an installation with accounts that nobody has claimed yet.
func servePeople(t *testing.T) (server *program.Server, data string) {
	t.Helper()
	dir := t.TempDir()
	config := program.WriteConfig(t, dir, fmt.Sprintf(`accounts: {enabled: true}
data_sources: [{provider: sqlite, label: shop, db_path: %q}]
drives: [{provider: local, label: nas, folder: %q}]
jobs: [{label: shop-nightly, data_source: shop, drives: [nas]}]
`, filepath.Join(dir, "shop.db"), filepath.Join(dir, "nas")))
	data = filepath.Join(dir, "data")
	return program.Serve(t, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0"), data
}

// TestBrowserSignsIn claims an installation, signs out and in again, by form and link
// alone, and leads back to the page that was wanted.
func TestBrowserSignsIn(t *testing.T) {
	server, data := servePeople(t)
	b := newBrowser(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(server.URL + program.ClaimPath(t, data))
	b.write(`input[name="name"]`, program.OwnerName)
	b.write(`input[name="password"]`, program.OwnerPassword)
	b.write(`input[name="again"]`, program.OwnerPassword)
	b.leads(`main form button`)
	b.wait(`#account-menu`)
	b.click(`#account-menu summary`)
	b.leads(`form[action="/sign-out"] button`)
	b.wait(`#signed-out`)
	b.open(server.URL + "/settings/audit?actor=" + program.OwnerName)
	b.write(`input[name="name"]`, strings.ToUpper(program.OwnerName))
	b.write(`input[name="password"]`, "wrong")
	b.leads(`form[action="/sign-in"] button`)
	b.wait(`#problem`)
	b.expectStatus(401)
	b.write(`input[name="password"]`, program.OwnerPassword)
	b.leads(`form[action="/sign-in"] button`)
	b.wait(`nav[aria-label="Settings"]`)
	if at := b.location(); at != server.URL+"/settings/audit?actor="+program.OwnerName {
		t.Errorf("the sign-in led to %s", at)
	}
	b.noFaults()
}

// TestBrowserScreenshotsOfPeople leaves pictures of the pages about people, and fails
// where one is wider than its screen.
func TestBrowserScreenshotsOfPeople(t *testing.T) {
	server, data := servePeople(t)
	b := newBrowser(t)
	claim := program.ClaimPath(t, data)
	b.shoot("claim", server.URL+claim)
	owner := program.Claim(t, server, data)
	b.shoot("sign-in", server.URL+"/sign-in")
	owner.Post(t, "/settings/users", url.Values{"name": {"grace.hopper@example.org"}, "role": {"operator"}})
	owner.Post(t, "/settings/keys", url.Values{"name": {"monitoring"}, "scope": {"read", "run"}})
	owner.Post(t, "/settings/secrets", url.Values{"name": {"shop-password"}, "value": {"canary"}})
	owner.Post(t, "/account/second-factor", url.Values{"password": {program.OwnerPassword}})
	hand(b, owner)
	for page, path := range map[string]string{
		"account": "/account", "second-factor": "/account/second-factor", "users": "/settings/users", "keys": "/settings/keys", "secrets": "/settings/secrets", "audit": "/settings/audit",
	} {
		b.shoot(page, server.URL+path)
		b.see("light", 320)
		b.open(server.URL + path)
		b.fits(page + " at 320")
		b.click(`.menu-button`)
		if over := evaluate[int64](b, `(n => n.scrollWidth - n.clientWidth)(document.querySelector('header nav'))`); over > 0 {
			t.Errorf("%s: the navigation is cut off by %d pixels", page, over)
		}
	}
	b.noFaults()
}
