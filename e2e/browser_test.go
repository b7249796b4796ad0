package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	_ "modernc.org/sqlite" // holds the sample database still while a test looks

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/program"
)

// browserPatience is how long the browser may take for one step, which
// includes a run and the two seconds between two looks of a page.
const browserPatience = 90 * time.Second

// TestBrowserWatchesARun clicks "Run now" and watches the backup go from pending
// to finished on each of the three pages that show it.
func TestBrowserWatchesARun(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)

	release := demo.hold(t)
	b.open(demo.URL + "/")
	b.click(`article[data-state="Never backed up"] button[id^="run-"]`)
	b.wait(`article[data-state="Running"]`)
	b.open(demo.URL + "/backups")
	b.wait(`tr[data-status="pending"][hx-trigger]`)
	release()
	b.wait(`tr[data-status="finished"] + tr[data-status="finished"]`)
	b.settled("the list")
	if said := b.text("#announcer"); !strings.Contains(said, "shop-nightly has finished") {
		t.Errorf("the list announced %q", said)
	}

	release = demo.hold(t)
	b.open(demo.URL + "/")
	b.click(`article[data-state="Not proven yet"] button[id^="run-"]`)
	b.wait(`article[data-state="Running"][hx-trigger]`)
	if id := evaluate[string](b, `document.activeElement.id`); !strings.HasPrefix(id, "run-") {
		t.Errorf("the button that was pressed lost the focus to %q", id)
	}
	release()
	b.wait(`article[data-state="Not proven yet"]`)
	b.settled("the landing page")

	release = demo.hold(t)
	b.open(demo.URL + "/backups")
	b.click(`tr[data-status="finished"] a`)
	b.wait(`#backup-body[data-status="finished"]`)
	b.click(`form[action$="/run"] button`)
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
	b.click(`article[data-state="Never backed up"] button[id^="run-"]`)
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
		b.click(`[data-theme-switch]`)
		b.wait(`html[data-theme="` + theme + `"]`)
	}
	b.open(demo.URL + "/backups")
	b.wait(`html[data-theme="dark"]`)
	b.click(`[data-theme-switch]`)
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

func startDemo(t *testing.T) demo {
	t.Helper()
	dir := t.TempDir()
	return demo{program.Serve(t, "demo", "--data", dir, "--listen", "127.0.0.1:0"), filepath.Join(dir, "shop.db")}
}

// hold locks the sample database, so that a run stays pending until the
// returned function lets it go.
func (d demo) hold(t *testing.T) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", d.shop)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "PRAGMA busy_timeout = 10000"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = db.Close() })
	t.Cleanup(release)
	return release
}

// browser is one tab, and what went wrong in it.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.WindowSize(1440, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	// The browser lives as long as the context of its first call, so that call
	// has no time limit.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	return b
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	needs.Missing(t, "no browser is installed: apt-get install chromium")
	return ""
}

// listen notes what a person would find in the browser's console: exceptions,
// errors, refused requests and violations of the Content-Security-Policy.
func (b *browser) listen(event any) {
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			b.fault(fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		b.fault("exception: " + e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.fault(fmt.Sprintf("console.%s: %v", e.Type, e.Args))
		}
	}
}

func (b *browser) fault(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, what)
}

// noFaults fails with what the browser said since it was asked last.
func (b *browser) noFaults() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		b.t.Errorf("the browser says: %s", f)
	}
	b.faults = nil
}

// expectStatus leaves aside what the browser says of a page that answers with an error.
func (b *browser) expectStatus(status int) {
	b.t.Helper()
	if status >= http.StatusBadRequest {
		b.expect(fmt.Sprintf("status of %d", status))
	}
}

// expect waits until the browser says what a refusal leaves in its console, which it may do
// a moment after the page is there, and leaves that aside.
func (b *browser) expect(what string) {
	b.t.Helper()
	for end := time.Now().Add(browserPatience); !b.leaveAside(what); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Errorf("the browser does not say %q", what)
			return
		}
	}
}

// leaveAside forgets faults with these words, and reports whether there were any.
func (b *browser) leaveAside(what string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.faults)
	b.faults = slices.DeleteFunc(b.faults, func(f string) bool { return strings.Contains(f, what) })
	return len(b.faults) < before
}

// do runs one step within the patience, and says what stands on the page when it fails.
func (b *browser) do(what string, step chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	if err := chromedp.Do(ctx, step); err != nil {
		page, _ := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
		b.t.Fatalf("%s: %v; the page says:\n%s", what, err, page)
	}
}

func (b *browser) open(url string) { b.t.Helper(); b.do("open "+url, chromedp.Navigate(url)) }

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

func (b *browser) wait(selector string) {
	b.t.Helper()
	b.do("wait for "+selector, chromedp.WaitReady(chromedp.CSS(selector)))
}

// settled fails when something on the page still polls.
func (b *browser) settled(where string) {
	b.t.Helper()
	if n := evaluate[int](b, `document.querySelectorAll('[hx-trigger]').length`); n != 0 {
		b.t.Errorf("%s still polls %d elements", where, n)
	}
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return evaluate[string](b, fmt.Sprintf(`document.querySelector(%q).textContent`, selector))
}

func (b *browser) location() string { b.t.Helper(); return run(b, chromedp.Location()) }

func (b *browser) picture() []byte { b.t.Helper(); return run(b, chromedp.FullScreenshot(100)) }

// see gives the browser a screen and a preference of light or dark.
func (b *browser) see(scheme string, width int64) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	call(b, emulation.SetScrollbarsHidden, emulation.SetScrollbarsHiddenParams{Hidden: true})
	b.do("resize", chromedp.EmulateViewport(width, 900))
}

// shoot leaves pictures of a page, light and dark, narrow and wide.
func (b *browser) shoot(page, url string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{375, 1440} {
			b.see(scheme, width)
			b.open(url)
			b.keep(fmt.Sprintf("%s-%s-%d", page, scheme, width))
		}
	}
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

func evaluate[T any](b *browser, script string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](script))
}

func run[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

func call[P, R any](b *browser, command cdp.Command[P, R], parameters P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, parameters); err != nil {
		b.t.Fatal(err)
	}
}
