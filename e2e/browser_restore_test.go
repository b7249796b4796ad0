package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/backupman/backupman/e2e/program"
)

// TestBrowserDrillsABackup presses "Drill now" and watches the backup climb to the
// highest level of proof.
func TestBrowserDrillsABackup(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	b.open(demo.URL + "/")
	b.click(`article[data-state="Never backed up"] button[id^="run-"]`)
	b.wait(`article[data-state="Not proven yet"]`)
	b.open(demo.backup(t, "shop-nightly"))
	b.wait(`#proof-section[data-tone="warn"]`)
	b.leads("#drill-now")
	b.wait(`#proof-section[data-tone="good"]`)
	if n := b.count(`#proof-section ol [data-step="good"]`); n != 4 {
		t.Errorf("%d of 4 levels of proof are reached", n)
	}
	b.says("#proof-section", "It was restored and found equal")
	b.settled("the page of the backup")
	b.click("#proof-section details summary")
	b.leads("#proof-section details a")
	b.wait(`#run[data-state="Proven"]`)
	b.noFaults()
}

// TestBrowserRestoresIntoANewFile goes from a backup to a file that holds its rows,
// whole and with one table alone.
func TestBrowserRestoresIntoANewFile(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	b.open(demo.backup(t, "shop-hourly"))
	b.leads("#restore")
	b.wait(`input[name="into"][value="new"]:checked`)
	b.write(`input[name="database"]`, "whole.db")
	b.leads(`button[value="plan"]`)
	b.confirm("whole.db")
	b.wait(`#run[data-state="Finished"]`)
	b.settled("the page of the restore")
	whole := filepath.Join(filepath.Dir(demo.shop), "whole.db")
	for _, table := range []string{"customers", "products", "orders", "order_items"} {
		if was, is := rows(t, demo.shop, table), rows(t, whole, table); was != is || is <= 0 {
			t.Errorf("%s: %d rows came back of %d", table, is, was)
		}
	}

	b.open(demo.backup(t, "shop-hourly"))
	b.leads("#restore")
	b.wait(`input[name="database"]`)
	b.write(`input[name="database"]`, "one.db")
	b.click("details > summary")
	b.click(`input[name="table"][value$="/products"]`)
	b.leads(`button[value="plan"]`)
	b.confirm("one.db")
	b.wait(`#run[data-state="Finished"]`)
	one := filepath.Join(filepath.Dir(demo.shop), "one.db")
	if products, others := rows(t, one, "products"), rows(t, one, "sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"); products != rows(t, demo.shop, "products") || others != 1 {
		t.Errorf("%d products in one of %d tables came back", products, others)
	}
	b.noFaults()
}

// TestBrowserRestoresWithoutScripts restores and drills by form and link alone; the page
// is loaded again to see how that goes.
func TestBrowserRestoresWithoutScripts(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(demo.backup(t, "shop-hourly"))
	b.leads("#restore")
	b.leads(`button[value="plan"]`)
	b.leads("#change")
	b.leads(`button[value="plan"]`)
	b.confirm("shop-restored.db")
	b.wait("#run")
	if at := b.location(); !strings.HasPrefix(at, demo.URL+"/restores/") {
		t.Errorf("the restore led to %s", at)
	}
	b.reload(`data-state="Finished"`)
	b.wait(`#run[data-state="Finished"]`)
	b.leads(`#run a[href^="/backups/"]`)
	b.leads("#drill-now")
	b.reloadWhen("two drills, of which none runs", func(page string) bool {
		drills := regexp.MustCompile(`href="/drills/[0-9a-f-]+"`).FindAllString(page, -1)
		slices.Sort(drills)
		return len(slices.Compact(drills)) == 2 && strings.Contains(page, `id="drill-now"`)
	})
	b.wait(`#proof-section[data-tone="good"]`)
	b.noFaults()
}

// TestBrowserRestoresOverTheOriginal is asked before anything is overwritten, keeps what
// was typed when the name is wrong, and leaves a backup of what was there.
func TestBrowserRestoresOverTheOriginal(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	all := rows(t, demo.shop, "order_items")
	demo.change(t, "DELETE FROM order_items WHERE order_id > 100")
	b.open(demo.backup(t, "shop-hourly") + "/restore")
	b.click(`input[name="into"][value="original"]`)
	b.leads(`button[value="plan"]`)
	b.wait("#ask-replace")
	b.leads("#replace-safely")
	b.wait("#overwrites")
	b.confirm("no.db")
	b.wait(`main [role="alert"]`)
	b.expect("status of 400")
	if typed := evaluate[string](b, `document.querySelector('#confirm').value`); typed != "no.db" {
		t.Errorf("the field forgot what was typed and holds %q", typed)
	}
	b.confirm("shop.db")
	b.wait(`#run[data-state="Finished"]`)
	if is := rows(t, demo.shop, "order_items"); is != all {
		t.Errorf("%d order items of %d came back", is, all)
	}
	b.leads(`#run a[href^="/backups/"]`)
	b.wait(`#backup-body[data-status="finished"]`)
	b.noFaults()
}

// TestBrowserRestoresAFile sends a dump file and restores it.
func TestBrowserRestoresAFile(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	b.open(demo.URL + "/restores")
	b.says("main", "Nothing was restored yet")
	b.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS(`input[type="file"]`), []string{demo.dump(t)}))
	b.leads(`form[action="/restores/upload"] button`)
	b.wait(`input[name="upload"]`)
	b.write(`input[name="database"]`, "sent.db")
	b.leads(`button[value="plan"]`)
	b.confirm("sent.db")
	b.wait(`#run[data-state="Finished"]`)
	sent := filepath.Join(filepath.Dir(demo.shop), "sent.db")
	if was, is := rows(t, demo.shop, "orders"), rows(t, sent, "orders"); was != is {
		t.Errorf("%d orders of %d came back", is, was)
	}
	b.open(demo.URL + "/restores")
	b.wait(`tr[id^="restore-"]`)
	b.wait(`tr[id^="drill-"]`)
	b.settled("the list")
	b.noFaults()
}

// TestBrowserShowsAnAlarm spoils the only copy, and looks at what a drill says then.
func TestBrowserShowsAnAlarm(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	demo.spoil(t)
	b.open(demo.backup(t, "shop-hourly"))
	b.leads("#drill-now")
	b.wait(`#proof-section[data-tone="bad"]`)
	b.open(demo.URL + "/")
	b.wait("#alarms")
	b.says(`section[id^="alarm-"]`, "does not hold what was dumped")
	b.leads(`button[id^="seen-"]`)
	b.wait(`main:not(:has(#alarms))`)
	b.noFaults()
}

// TestBrowserComparesBackups compares two backups between which the shop changed.
func TestBrowserComparesBackups(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	demo.change(t, "DELETE FROM order_items WHERE order_id > 14000; CREATE TABLE coupons (code TEXT)")
	b.open(demo.URL + "/")
	b.click(`article[data-state="Proven"] button[id^="run-"]`)
	b.finished(demo, 2)
	b.open(demo.backup(t, "shop-hourly"))
	b.leads("#compare")
	b.wait(`section[data-equal="no"]`)
	b.says("main", "1 table added", "1 table changed", "coupons", "order_items")
	b.noFaults()
}

// TestBrowserScreenshotsOfRestores leaves pictures of the pages of restores, drills,
// alarms and comparisons.
func TestBrowserScreenshotsOfRestores(t *testing.T) {
	b := newBrowser(t)
	demo := startDemo(t)
	b.shoot("restores-empty", demo.URL+"/restores")
	backup := demo.backup(t, "shop-hourly")
	b.shoot("backup-proven", backup)
	b.shoot("restore-form", backup+"/restore")
	b.shoot("restore-plan", backup+"/restore?step=plan&into=new&database=copy.db")
	b.shoot("restore-ask", backup+"/restore?step=plan&into=original")
	b.shoot("restore-replace", backup+"/restore?step=plan&into=original&existing=safely")
	b.open(backup + "/restore?step=plan&into=new&database=copy.db")
	b.confirm("copy.db")
	b.wait(`#run[data-state="Finished"]`)
	b.shoot("restore-finished", b.location())
	b.open(demo.URL + "/")
	b.shoot("compare-alone", backup+"/compare")
	demo.change(t, "DELETE FROM order_items WHERE order_id > 100; CREATE TABLE coupons (code TEXT); CREATE VIEW cheap AS SELECT * FROM products; UPDATE customers SET name = 'x' WHERE id = 1")
	b.open(demo.URL + "/")
	b.click(`article[data-state="Proven"] button[id^="run-"]`)
	b.finished(demo, 2)
	b.shoot("compare", demo.backup(t, "shop-hourly")+"/compare")
	demo.spoil(t)
	b.open(backup)
	b.leads("#drill-now")
	b.wait(`#proof-section[data-tone="bad"]`)
	b.shoot("backup-disproven", backup)
	b.shoot("landing-alarm", demo.URL+"/")
	b.shoot("restores", demo.URL+"/restores")
	b.noFaults()
}

// backup returns the address of the page of a job's newest backup.
func (d demo) backup(t *testing.T, label string) string {
	t.Helper()
	list, err := backups(t.Context(), d.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		if b.Label == label {
			return d.URL + "/backups/" + b.ID
		}
	}
	t.Fatalf("there is no backup of %s", label)
	return ""
}

// dump returns the path of the dump file of the demo's first backup.
func (d demo) dump(t *testing.T) string {
	t.Helper()
	for _, path := range files(t, filepath.Join(filepath.Dir(d.shop), "backups")) {
		if strings.HasSuffix(path, ".zst") {
			return path
		}
	}
	t.Fatal("the demo has no dump file")
	return ""
}

// spoil changes one byte in the middle of that file. The new server reads the newest copy
// back as a sample, now or in a minute, and would find out by itself: that is awaited or
// called off before.
func (d demo) spoil(t *testing.T) {
	t.Helper()
	meta := openSQLite(t, filepath.Join(filepath.Dir(d.shop), "data", "backupman.db"))
	program.Eventually(t, patience, func(ctx context.Context) error {
		off, err := meta.ExecContext(ctx, "UPDATE drive_checks SET sampled_at = checked_at WHERE sampled_at IS NULL AND checked_at IS NOT NULL")
		if err != nil {
			return err
		}
		if n, err := off.RowsAffected(); n > 0 || err != nil {
			return err
		}
		var sampled, verified sql.NullString
		err = meta.QueryRowContext(ctx, "SELECT c.sampled_at, f.verified_at FROM drive_checks c JOIN drive_files f ON f.drive_id = c.drive_id").Scan(&sampled, &verified)
		if err == nil && verified.String <= sampled.String {
			err = fmt.Errorf("the copy is being read back: since %q, verified %q", sampled.String, verified.String)
		}
		return err
	})
	path := d.dump(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 0xff
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// change runs statements on the sample database.
func (d demo) change(t *testing.T, statements string) {
	t.Helper()
	if _, err := openSQLite(t, d.shop).ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

// rows counts what is in a table of a database file; -1 where there is none.
func rows(t *testing.T, path, table string) (n int) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
		return -1
	}
	if err := openSQLite(t, path).QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Error(err)
		return -1
	}
	return n
}

// finished waits until a demonstration has so many backups, all finished.
func (b *browser) finished(d demo, n int) {
	b.t.Helper()
	program.Eventually(b.t, patience, func(ctx context.Context) error {
		list, err := backups(ctx, d.URL)
		if err == nil && (len(list) != n || slices.ContainsFunc(list, func(l listed) bool { return l.Status != "finished" })) {
			err = fmt.Errorf("the backups are %+v", list)
		}
		return err
	})
}

// confirm types the name of the target and starts the restore.
func (b *browser) confirm(name string) {
	b.t.Helper()
	b.wait("#confirm-word")
	b.write("#confirm", name)
	b.leads(`form[method="post"] button[type="submit"]`)
}
