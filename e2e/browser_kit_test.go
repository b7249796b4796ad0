package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/backupman/backupman/e2e/needs"
)

const (
	// glance is how long one question to the page may take before it is asked again.
	glance = 30 * time.Second
	// lookEvery is how long a test waits between two looks at the page.
	lookEvery = 25 * time.Millisecond
)

// browser is one tab, and what went wrong in it.
type browser struct {
	t   *testing.T
	ctx context.Context

	// presses counts what was pressed.
	presses int

	mu     sync.Mutex
	faults []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.WindowSize(1440, 900),
		chromedp.WSURLReadTimeout(patience))
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

// forget lets a browser go on as if nothing had been wrong.
func (b *browser) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
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
	for end := time.Now().Add(patience); !b.leaveAside(what); time.Sleep(lookEvery) {
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
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, step); err != nil {
		b.t.Fatalf("%s: %v; %s", what, err, b.shown())
	}
}

// shown says what stands on the page, for the messages of what failed.
func (b *browser) shown() string {
	ctx, cancel := context.WithTimeout(b.ctx, glance)
	defer cancel()
	page, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + ' says:\\n' + document.body.innerText"))
	if err != nil {
		return fmt.Sprintf("the page does not answer: %v", err)
	}
	return page
}

// ask evaluates an expression again and again until answered is content with its value, and
// returns that. A page that is just being left answers nothing or an error, which counts as not
// yet.
func ask[T any](b *browser, what, script string, answered func(T) bool) T {
	b.t.Helper()
	end := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(b.ctx, glance)
		value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
		cancel()
		if err == nil && answered(value) {
			return value
		}
		if b.ctx.Err() != nil || time.Now().After(end) {
			b.t.Fatalf("%s: still %v after %s (%v); %s", what, value, patience, errors.Join(err, b.ctx.Err()), b.shown())
		}
		time.Sleep(lookEvery)
	}
}

// evaluate returns the value of an expression on the page as it is.
func evaluate[T any](b *browser, script string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](script))
}

func run[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%v; %s", err, b.shown())
	}
	return value
}

func call[P, R any](b *browser, command cdp.Command[P, R], parameters P) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, parameters); err != nil {
		b.t.Fatal(err)
	}
}
