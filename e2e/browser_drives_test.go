package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/services/drive/drivetest/googlestub"
	"github.com/backupman/backupman/services/sample"
)

// TestBrowserChecksADrive presses "Check now" on a drive that fails and on one that
// works, with scripts and without.
func TestBrowserChecksADrive(t *testing.T) {
	b := newBrowser(t)
	away := filepath.Join(t.TempDir(), "not", "mounted")
	site := serveDrives(t, fmt.Sprintf("{provider: local, label: a, folder: %q}", t.TempDir()),
		fmt.Sprintf("{provider: local, label: usb, folder: %q, create: false}", away))
	b.open(site.URL + "/drives")
	b.checkNow("usb", "Failed")
	b.says("#announcer", "The check of the drive usb has failed: ")
	b.open(site.URL + "/drives")
	if first := b.text("article h2"); first != "usb" {
		t.Errorf("%s comes before the drive that failed", first)
	}
	b.open(site.URL + "/")
	b.says("#summary-drives", "The drive usb failed its newest check.")
	b.leads("#summary-drives a")
	b.wait(`article[id^="drive-"]`)
	mount(t, away)
	b.checkNow("usb", "Works")
	b.until("the button that was pressed has the focus", `document.activeElement.id.startsWith('check-')`)
	b.settled("the page of drives")

	if err := os.RemoveAll(away); err != nil {
		t.Fatal(err)
	}
	id := b.drive("usb")
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(site.URL + "/drives")
	b.leads("#check-" + id)
	if at := b.location(); at != site.URL+"/drives#drive-"+id {
		t.Errorf("the check led to %s", at)
	}
	b.reload(`data-state="Failed"`) // a check that takes long is shown when the page is loaded again
	b.wait(`article[data-state="Failed"]`)
	b.noFaults()
}

// TestBrowserTrustsAHostKey compares the key of an SFTP server and trusts it.
func TestBrowserTrustsAHostKey(t *testing.T) {
	server := servers.SSH(t)
	b := newBrowser(t)
	site := serveDrives(t, fmt.Sprintf("{provider: sftp, label: colo, host: %s, port: %d, user: %s, key_file: %q, folder: %q}",
		server.Host, server.Port, server.User, server.KeyFile, server.Root))
	b.see("dark", 375)
	b.open(site.URL + "/drives")
	b.checkNow("colo", "Failed")
	b.fits("the page of drives")
	b.leads(`a[id^="key-"]`)
	b.wait("#fingerprint")
	if shown := b.text("#fingerprint"); shown != server.HostKey {
		t.Errorf("the page shows %s, and the key is %s", shown, server.HostKey)
	}
	b.fits("the page of the key")
	accepted := filepath.Join(site.data, "drives", "known_hosts")
	if _, err := os.Stat(accepted); err == nil {
		t.Error("the key was accepted before anybody said so")
	}
	b.leads(`form[action$="/trust"] button`)
	b.wait(`article[data-state="Works"]`)
	if text, err := os.ReadFile(accepted); err != nil || strings.TrimSpace(string(text)) != server.KnownHosts {
		t.Errorf("accepted %q, and the server's line is %q (%v)", text, server.KnownHosts, err)
	}
	b.open(site.URL + "/drives/" + b.drive("colo") + "/key")
	b.says("main", "This key is trusted already")
	b.noFaults()
}

// TestBrowserSignsInWithGoogle goes to Google's consent page and comes back signed in,
// and is asked to again once the sign-in has ended.
func TestBrowserSignsInWithGoogle(t *testing.T) {
	google := googlestub.New(t)
	b := newBrowser(t)
	site := serveDrives(t, fmt.Sprintf("{provider: google_drive, label: cloud, folder: copies, client_secret_file: %q, token_file: %q, api_endpoint: %q}",
		google.ClientSecretFile(t), filepath.Join(t.TempDir(), "token.json"), google.URL))
	b.open(site.URL + "/drives")
	b.checkNow("cloud", "Sign in")
	b.leads(`button[id^="sign-in-"]`)
	b.wait(`main [role="status"]`)
	b.wait(`article[data-state="Works"]`)
	b.says(`main [role="status"]`, "You are signed in", "cloud was checked and works")
	google.Revoke()
	b.checkNow("cloud", "Sign in again")
	b.open(site.URL + "/")
	b.says("#summary-drives", "Sign in to cloud.")
	google.Deny()
	b.open(site.URL + "/drives")
	b.leads(`button[id^="sign-in-"]`)
	b.wait("#home")
	b.says("main", "The sign-in was not completed", "ccess was denied")
}

// TestBrowserMakesMissingCopies heals a backup by button and compares its copies.
func TestBrowserMakesMissingCopies(t *testing.T) {
	b := newBrowser(t)
	away := filepath.Join(t.TempDir(), "usb")
	site := serveDrives(t, fmt.Sprintf("{provider: local, label: a, folder: %q}", t.TempDir()),
		fmt.Sprintf("{provider: local, label: usb, folder: %q, create: false}", away))
	b.open(site.URL + "/")
	b.click(`article[data-state="Never backed up"] button[id^="run-"]`)
	b.wait(`article[data-state="Failing"]`)
	b.leads(`a[id^="follow-"]`)
	b.wait(`#backup-body[data-status="failed"]`)
	b.says("#backup-body", "Not every copy is good", "It waits for the drive")
	mount(t, away)
	b.leads(`form[action$="/heal"] button`)
	b.wait(`#backup-body[data-status="finished"]`)
	if made := files(t, away); len(made) != 2 {
		t.Errorf("the drive that came back holds %v", made)
	}
	b.wait(`form[action$="/verify"]`)
	b.leads(`form[action$="/verify"] button`)
	b.wait(`#comparison[data-tone="good"]`)
	b.says("#comparison", "2 copies are identical to the dump.")
	b.settled("the page of the backup")
	b.noFaults()
}

// drivesSite is a server with drives and one job, "shop", onto all of them.
type drivesSite struct {
	*program.Server
	data string
}

// serveDrives serves a configuration of drives, each a line of YAML.
func serveDrives(t *testing.T, drives ...string) drivesSite {
	t.Helper()
	dir := t.TempDir()
	shop := filepath.Join(dir, "shop.db")
	if err := sample.Shop(t.Context(), shop, time.Now()); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("data_sources:\n  - {provider: sqlite, label: shop, db_path: %q}\ndrives:\n  - %s\n", shop, strings.Join(drives, "\n  - "))
	site := drivesSite{data: filepath.Join(dir, "data")}
	site.Server = program.Serve(t, "-c", program.WriteConfig(t, dir, text), "--data", site.data, "serve", "--listen", "127.0.0.1:0")
	return site
}

// mount makes a folder look like a drive that has held copies before.
func mount(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".backupman-drive"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// drive returns the id of the drive of a label on the page of drives.
func (b *browser) drive(label string) string {
	b.t.Helper()
	id := evaluate[string](b, fmt.Sprintf(`[...document.querySelectorAll('article')].find(a => a.querySelector('h2').textContent === %q)?.id ?? ''`, label))
	if id == "" {
		b.t.Fatalf("the page has no drive %s", label)
	}
	return strings.TrimPrefix(id, "drive-")
}

// checkNow presses "Check now" and waits for the state that this leads to.
func (b *browser) checkNow(label, state string) {
	b.t.Helper()
	id := b.drive(label)
	b.swaps("#check-"+id, `[id="drive-`+id+`"]`)
	b.wait(fmt.Sprintf(`[id="drive-%s"][data-state=%q]`, id, state))
}
