package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/services/sample"
)

// TestBrowserLooksAfterAJob opens the page of a job, pauses and resumes its schedule, tries
// other rules of retention and pins a backup, by form and link alone.
func TestBrowserLooksAfterAJob(t *testing.T) {
	b := newBrowser(t)
	url := serveJob(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(url + "/")
	b.leads(`article h4 a`)
	b.wait(`#next-runs li:nth-child(5)`)
	page := b.location()
	b.says("#plan-sum", "Nothing is to be removed")

	b.leads(`#pause`)
	b.wait(`#paused`)
	b.open(url + "/")
	b.says("article", "Paused")
	b.open(page)
	b.leads(`#resume`)
	b.wait(`#pause`)

	b.open(page)
	b.click(`#try summary`)
	b.write(`input[name="max_size"]`, "200")
	b.leads(`#try button`)
	b.wait(`#fault-max_size`)
	b.expect("status of 400")
	b.write(`input[name="max_size"]`, "200GB")
	b.leads(`#try button`)
	b.wait(`#retention-yaml`)
	if yaml := b.text("#retention-yaml"); yaml != "retention: {keep_last: 5, max_size: 200GB}" {
		t.Errorf("the line to paste is %q", yaml)
	}

	b.leads(`#plan tbody a`)
	b.leads(`#pin`)
	b.wait(`[data-pinned] #unpin`)
	b.open(url + "/backups")
	b.wait(`tr [data-pinned]`)
	b.noFaults()
}

// TestBrowserScreenshotsOfAJob leaves pictures of the pages about a job.
func TestBrowserScreenshotsOfAJob(t *testing.T) {
	b := newBrowser(t)
	url := serveJob(t)
	b.open(url + "/")
	b.leads(`article h4 a`)
	b.wait(`#next-runs`)
	page := b.location()
	b.shoot("job", page)
	b.shoot("job-try", page+"?try=1&keep_last=2&daily=7")
	b.noFaults()
}

// serveJob serves a job with a schedule and rules that has one backup, and returns the
// address.
func serveJob(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	shop := filepath.Join(dir, "shop.db")
	if err := sample.Shop(t.Context(), shop, time.Now()); err != nil {
		t.Fatal(err)
	}
	config := program.WriteConfig(t, dir, fmt.Sprintf(`data_sources: [{provider: sqlite, label: shop, db_path: %q}]
drives: [{provider: local, label: nas, folder: %q}]
jobs:
  - {label: shop-nightly, data_source: shop, cron: "0 3 1 * *", timezone: %s, retention: {keep_last: 5}}
`, shop, filepath.Join(dir, "nas"), zone))
	data := filepath.Join(dir, "data")
	if r := program.Run(t, "-c", config, "--data", data, "run", "shop-nightly", "--wait"); r.Code != 0 {
		t.Fatalf("%s%s", r.Out, r.Err)
	}
	return program.Serve(t, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0").URL
}
