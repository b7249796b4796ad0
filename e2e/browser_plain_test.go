package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/services/sample"
)

// TestBrowserSetsUpWithoutScripts makes a first backup, previews a change of its job and runs
// it again by form and link alone; pages are loaded again to see how things go.
func TestBrowserSetsUpWithoutScripts(t *testing.T) {
	b := newBrowser(t)
	dir := t.TempDir()
	shop := filepath.Join(dir, "shop.db")
	if err := sample.Shop(t.Context(), shop, time.Now()); err != nil {
		t.Fatal(err)
	}
	server := program.Serve(t, "-c", program.WriteConfig(t, dir, ""), "--data", filepath.Join(dir, "data"), "serve", "--listen", "127.0.0.1:0")
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.see("dark", 375)
	b.open(server.URL + "/")
	b.leads(`a[href="/setup"]`)
	b.leads(`a[href="/setup/source?provider=sqlite"]`)
	b.write(`input[name="db_path"]`, filepath.Join(dir, "nowhere.db"))
	b.leads(`button[name="do"][value="save"]`)
	b.wait(`#found`)
	b.expectStatus(422)
	b.keep("plain-refused")
	b.write(`input[name="db_path"]`, shop)
	b.leads(`button[name="do"][value="save"]`)
	b.leads(`a#kind-local`)
	b.write(`input[name="folder"]`, filepath.Join(dir, "near"))
	b.keep("plain-drives")
	b.leads(`button[name="do"][value="continue"]`)
	b.wait(`form[action="/setup/job"]`)
	b.keep("plain-schedule")
	b.leads(`form[action="/setup/job"] button.btn-primary`)
	b.wait(`#backup-body`)
	b.reload(`data-status="finished"`)
	b.reload("It was restored and found equal")
	b.wait(`#proof-section[data-tone="good"]`)
	b.keep("plain-proven")

	b.open(server.URL + "/")
	b.leads(`article[data-state="Proven"] h4 a`)
	b.leads(`a#edit`)
	b.click(`[name="when"][value="cron"]`)
	b.write(`[name="cron"]`, "15 6 * * *")
	b.leads(`button[formaction="/jobs/preview"]`)
	b.wait(`#preview-list`)
	b.leads(`#job-form button.btn-primary`)
	b.wait(`#done`)
	b.leads(`form[action$="/run"] button`)
	b.reload(`data-status="finished"`)
	if made, err := filepath.Glob(filepath.Join(dir, "near", "*", "*.sqlite.zst")); err != nil || len(made) != 2 {
		t.Errorf("the drive holds %v: %v", made, err)
	}
	b.noFaults()
}
