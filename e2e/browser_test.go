package e2e

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	_ "modernc.org/sqlite" // holds the sample database still while a test looks

	"github.com/backupman/backupman/e2e/program"
)

// TestBrowserWatchesARun clicks "Run now" and watches the backup go from pending
// to finished on each of the three pages that show it.
func TestBrowserWatchesARun(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)

	b.open(demo.URL + "/")
	release := demo.hold(t)
	b.click(`article[data-state="Never backed up"] button[id^="run-"]`)
	b.wait(`article[data-state="Running"]`)
	b.open(demo.URL + "/backups")
	b.wait(`tr[data-status="pending"][hx-trigger]`)
	release()
	b.wait(`tr[data-status="finished"] + tr[data-status="finished"]`)
	b.settled("the list")
	b.says("#announcer", "shop-nightly has finished")

	b.open(demo.URL + "/")
	release = demo.hold(t)
	b.click(`article[data-state="Not proven yet"] button[id^="run-"]`)
	b.wait(`article[data-state="Running"][hx-trigger]`)
	b.until("the button that was pressed has the focus", `document.activeElement.id.startsWith('run-')`)
	release()
	b.wait(`article[data-state="Not proven yet"]`)
	b.settled("the landing page")

	b.open(demo.URL + "/backups")
	b.leads(`tr[data-status="finished"] a`)
	b.wait(`#backup-body[data-status="finished"]`)
	release = demo.hold(t)
	b.leads(`form[action$="/run"] button`)
	b.wait(`#backup-body[data-status="pending"] #backup-run[hx-trigger]`)
	b.wait(`#log[open]`)
	release()
	b.wait(`#backup-body[data-status="finished"]`)
	b.wait(`#restore-commands`)
	b.settled("the page of the backup")
	b.noFaults()
}

// TestBrowserWithoutScripts does the same by form and link alone.
func TestBrowserWithoutScripts(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(demo.URL + "/")
	b.leads(`article[data-state="Never backed up"] button[id^="run-"]`)
	b.wait(`#backup-body`)
	if at := b.location(); !strings.HasPrefix(at, demo.URL+"/backups/") {
		t.Errorf("run now led to %s", at)
	}
	b.noFaults()
}

// TestBrowserThemes changes the theme, which a reload remembers.
func TestBrowserThemes(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	b.open(demo.URL + "/")
	for _, theme := range []string{"light", "dark"} {
		b.point(`[data-theme-switch]`)
		b.wait(`html[data-theme="` + theme + `"]`)
	}
	b.open(demo.URL + "/backups")
	b.wait(`html[data-theme="dark"]`)
	b.point(`[data-theme-switch]`)
	b.wait(`html:not([data-theme])`)
	b.noFaults()
}

// TestBrowserScreenshots leaves pictures of the pages in build/screenshots, and
// fails where a page is wider than its screen.
func TestBrowserScreenshots(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	list, err := backups(t.Context(), demo.URL)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d backups: %v", len(list), err)
	}
	for page, path := range map[string]string{"landing": "/", "list": "/backups", "backup": "/backups/" + list[0].ID, "drives": "/drives"} {
		b.shoot(page, demo.URL+path)
	}
	b.noFaults()
}

// demo is a demonstration that serves its dashboard.
type demo struct {
	*program.Server
	shop string
}

// demoConfig is that of the demonstration, with jobs that are not due while a test looks: one
// of them else is at every full hour.
const demoConfig = `data_sources: [{provider: sqlite, label: shop, db_path: %[1]q}]
drives: [{provider: local, label: backups, folder: %[2]q}]
jobs:
  - {label: shop-hourly, data_source: shop, drives: [backups], cron: "%[3]d * * * *", drill: {after_backup: true}}
  - {label: shop-nightly, data_source: shop, drives: [backups], cron: "0 3 * * *", timezone: %[4]s, compression: gzip}
`

func startDemo(t *testing.T) demo {
	t.Helper()
	dir := t.TempDir()
	program.WriteConfig(t, dir, fmt.Sprintf(demoConfig, filepath.Join(dir, "shop.db"), filepath.Join(dir, "backups"), (time.Now().Minute()+30)%60, zone))
	return demo{program.Serve(t, "demo", "--data", dir, "--listen", "127.0.0.1:0"), filepath.Join(dir, "shop.db")}
}

// hold locks the sample database, so that a run stays pending until the
// returned function lets it go. A run waits half a minute for the lock: only what has to be
// seen of it belongs in between.
func (d demo) hold(t *testing.T) (release func()) {
	t.Helper()
	db := openSQLite(t, d.shop)
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = db.Close() })
	t.Cleanup(release)
	return release
}

// openSQLite opens a database that others use at the same time.
func openSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", fmt.Sprintf("%s?_pragma=busy_timeout(%d)", path, patience.Milliseconds()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
