package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestBrowserProvesABackup drills a backup from its page, which shows how that goes.
func TestBrowserProvesABackup(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	b.open(demo.URL + "/")
	b.click(`article[data-state="Never backed up"] form button`)
	b.wait(`article[data-state="Not proven yet"]`)
	b.click(`article[data-state="Not proven yet"] a[id^="newest-"]`)
	b.wait(`#proof-section[data-tone="warn"]`)
	b.click(`#drill-now`)
	b.wait(`#proof-section[data-tone="good"]`)
	b.wait(`#proof-section:not(:has(#live-drill))`)
	b.settled("the page of the backup")
	proof := b.text("#proof-section")
	for _, want := range []string{"It was restored and found equal", "A restore takes", "SQLite 3", "4 tables"} {
		if !strings.Contains(proof, want) {
			t.Errorf("the proof does not say %q: %s", want, proof)
		}
	}
	b.click(`#proof-section summary`)
	b.click(`#proof-section details a`)
	b.wait(`#run[data-state="Proven"]`)
	b.open(demo.URL + "/")
	b.wait(`article[data-state="Proven"] + article[data-state="Proven"]`)
	b.noFaults()
}

// TestBrowserRestores restores into a new file, over the original, and one table, with
// scripts and without.
func TestBrowserRestores(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	list, err := backups(t.Context(), demo.URL)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d backups: %v", len(list), err)
	}
	page := demo.URL + "/backups/" + list[0].ID
	b.open(page)
	b.click("#restore")
	b.click(`button[value="plan"]`)
	b.restore("shop-restored.db")
	if end := b.text("#run"); !strings.Contains(end, "It holds what the backup holds.") {
		t.Errorf("the restore ended with %s", end)
	}
	restored := filepath.Join(filepath.Dir(demo.shop), "shop-restored.db")
	if n := rows(t, restored, "orders"); n == 0 || n != rows(t, demo.shop, "orders") {
		t.Errorf("%d orders were restored", n)
	}

	change(t, demo.shop, "DELETE FROM order_items", "CREATE TABLE later (id INTEGER)")
	b.open(page + "/restore")
	b.click(`input[name="into"][value="original"]`)
	b.click(`button[value="plan"]`)
	b.wait("#ask-replace")
	if page := b.text("main"); !strings.Contains(page, "later") {
		t.Errorf("the plan does not name what is lost: %s", page)
	}
	b.click("#replace-safely")
	b.wait("#confirm")
	b.fill("#confirm", "wrong.db")
	b.click(`form[method="post"] button`)
	b.wait(`main [role="alert"]`)
	if said := b.text(`main [role="alert"]`); !strings.Contains(said, "shop.db") {
		t.Errorf("a wrong name is refused with %q", said)
	}
	b.forgive("400 (Bad Request)")
	if n := rows(t, demo.shop, "order_items"); n != 0 {
		t.Errorf("a restore that was refused brought %d rows back", n)
	}
	b.do("clear the field", chromedp.Clear(chromedp.CSS("#confirm")))
	b.restore("shop.db")
	if n := rows(t, demo.shop, "order_items"); n == 0 {
		t.Error("nothing was brought back")
	}
	b.settled("the page of the restore")
	b.click(`#run a[href^="/backups/"]`)
	b.wait(`#backup-body[data-status="finished"]`)

	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	change(t, demo.shop, "DELETE FROM order_items")
	b.open(page + "/restore?into=original&find=order_items")
	b.click(`input[type="checkbox"]`)
	b.click(`input[name="existing"][value="unsafely"]`)
	b.click(`button[value="plan"]`)
	b.wait("#confirm")
	b.fill("#confirm", "shop.db")
	b.click(`form[method="post"] button`)
	b.wait(`#run`)
	for b.text("#run h1 + span") != "" && evaluate[int](b, `document.querySelectorAll('#run[data-state="Finished"]').length`) == 0 {
		b.open(b.location())
		if evaluate[int](b, `document.querySelectorAll('#run[data-state="Failed"]').length`) != 0 {
			t.Fatalf("the restore failed: %s", b.text("#run"))
		}
	}
	if n := rows(t, demo.shop, "order_items"); n == 0 {
		t.Error("the table was not brought back")
	}
	b.noFaults()
}

// TestBrowserUploadsADump restores from a file that is sent.
func TestBrowserUploadsADump(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	list, err := backups(t.Context(), demo.URL)
	if err != nil || len(list) == 0 || list[0].DumpPath == nil {
		t.Fatalf("%+v: %v", list, err)
	}
	b.open(demo.URL + "/restores")
	b.do("choose the file", chromedp.SetUploadFiles(chromedp.CSS(`input[type="file"]`), []string{*list[0].DumpPath}))
	b.click(`form[action="/restores/upload"] button`)
	b.wait(`button[value="plan"]`)
	b.click(`button[value="plan"]`)
	b.restore("restored.sqlite")
	if n := rows(t, filepath.Join(filepath.Dir(demo.shop), "restored.sqlite"), "orders"); n == 0 {
		t.Error("nothing was restored")
	}
	b.noFaults()
}

// TestBrowserSeesAnAlarm loses a table, and looks at the alarm that this raises.
func TestBrowserSeesAnAlarm(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	demo.loseATable(t, b)
	b.open(demo.URL + "/")
	b.wait("#alarms")
	if said := b.text("#alarms"); !strings.Contains(said, "Deletion is frozen until somebody looks") || !strings.Contains(said, "order_items") {
		t.Errorf("the alarm says %s", said)
	}
	b.click(`#alarms a`)
	b.wait(`#backup-body section[id^="alarm-"]`)
	b.click("#compare")
	b.wait(`section[data-equal="no"]`)
	if said := b.text("main"); !strings.Contains(said, "Removed") || !strings.Contains(said, "order_items") {
		t.Errorf("the comparison says %s", said)
	}
	b.open(demo.URL + "/")
	b.click(`#alarms form button`)
	b.wait(`main:not(:has(#alarms))`)
	b.noFaults()
}

// TestBrowserRestoreScreenshots leaves pictures of the pages of restores and drills in
// build/screenshots, and fails where one is wider than its screen.
func TestBrowserRestoreScreenshots(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	list, err := backups(t.Context(), demo.URL)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d backups: %v", len(list), err)
	}
	page := demo.URL + "/backups/" + list[0].ID
	b.open(page + "/restore?step=plan&into=new&database=shop-restored.db")
	b.restore("shop-restored.db")
	restored := b.location()
	b.open(demo.URL + "/restores")
	b.click(`tr[id^="drill-"] a`)
	b.wait(`#run[data-state="Proven"]`)
	drill := b.location()
	demo.loseATable(t, b)
	newest, err := backups(t.Context(), demo.URL)
	if err != nil {
		t.Fatal(err)
	}
	b.pictures(map[string]string{
		"restore-form": page + "/restore", "restore-tables": page + "/restore?find=order", "restore-plan": page + "/restore?step=plan&into=new&database=another.db",
		"restore-replace": page + "/restore?step=plan&into=original", "restore-confirm": page + "/restore?step=plan&into=original&existing=safely",
		"restore-problem": page + "/restore?step=plan&into=new&database=shop-restored.db", "restore-refused": page + "/restore?step=plan&into=new&database=a/b",
		"restore": restored, "restores": demo.URL + "/restores", "drill": drill, "alarm": demo.URL + "/", "alarm-backup": demo.URL + "/backups/" + newest[0].ID,
		"comparison": demo.URL + "/backups/" + newest[0].ID + "/compare",
	})
	b.forgive("400 (Bad Request)")
	b.noFaults()
}

// loseATable drops a table of the sample and backs that up.
func (d demo) loseATable(t *testing.T, b *browser) {
	t.Helper()
	change(t, d.shop, "DROP TABLE order_items")
	b.open(d.URL + "/")
	b.click(`article[data-state="Proven"] form button`)
	b.wait(`article[data-state="Wants a look"]`)
}

// pictures takes one of each page, light and dark, on a narrow and on a wide screen.
func (b *browser) pictures(pages map[string]string) {
	b.t.Helper()
	folder := filepath.Join("..", "build", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	for page, url := range pages {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{375, 1440} {
				name := fmt.Sprintf("%s-%s-%d.png", page, scheme, width)
				b.see(scheme, width)
				b.open(url)
				b.fits(name)
				if err := os.WriteFile(filepath.Join(folder, name), b.picture(), 0o644); err != nil {
					b.t.Fatal(err)
				}
			}
		}
	}
}

// forgive forgets the faults that a refusal leaves in the console.
func (b *browser) forgive(words string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(b.faults, func(f string) bool { return strings.Contains(f, words) })
}

// restore types the target's name and waits for the restore to finish.
func (b *browser) restore(target string) {
	b.t.Helper()
	b.wait("#confirm")
	b.fill("#confirm", target)
	b.click(`form[method="post"] button`)
	b.wait(`#run[data-state="Finished"]`)
}

// fill types into a field.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// rows counts the rows of a table of a database file.
func rows(t *testing.T, file, table string) int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := 0
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// change carries out statements on a database file.
func change(t *testing.T, file string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}
