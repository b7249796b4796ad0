package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// filters narrows the list of backups by each field, and reads it part by part.
func (f *flow) filters() {
	for _, c := range []struct{ field, value, label, every string }{
		{"job", "", "shop-live", `tr[data-status]`},
		{"source", "", "blog", `tr[data-status="finished"]`},
		{"drive", "", "nas", `tr[data-status]`},
		{"status", "failed", "", `tr[data-status="failed"]`},
		{"proof", "unproven", "", `tr[data-status]`},
	} {
		f.visit("/backups")
		f.click(`#filter summary`)
		value := c.value
		if value == "" {
			value = evaluate[string](f.browser, fmt.Sprintf(`[...document.querySelector('select[name=%q]').options].find(o => o.textContent === %q)?.value ?? ''`, c.field, c.label))
		}
		f.choose(c.field, value)
		f.leads(`#filter button[type="submit"]`)
		f.wait(`#active`)
		if at := f.location(); !strings.Contains(at, c.field+"="+value) {
			f.t.Errorf("the filter led to %s", at)
		}
		if all, fit := f.count(`tr[data-status]`), f.count(c.every); all == 0 || all != fit {
			f.t.Errorf("%s %s: %d of %d rows fit", c.field, c.label, fit, all)
		}
		if c.field == "job" && f.count(`tr[data-status]`) != evaluate[int](f.browser, `[...document.querySelectorAll('tr[data-status] a[id^="open-"]')].filter(a => a.textContent === 'shop-live').length`) {
			f.t.Error("backups of other jobs are shown")
		}
	}
	f.visit("/backups")
	f.click(`#filter summary`)
	tomorrow := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	evaluate[string](f.browser, fmt.Sprintf(`document.querySelector('#filter [name="from"]').value = %q`, tomorrow))
	f.leads(`#filter button[type="submit"]`)
	f.says(`main`, "No backup matches")
	f.shot("backups-nothing")
	f.leads(`#active a`)
	f.wait(`tr[data-status]`)

	f.leads(`#older`)
	f.wait(`#newer`)
	f.wait(`tr[data-status="failed"]`)
	f.shot("backups-older")
	f.leads(`#newer`)
	f.wait(`main:not(:has(#newer))`)
	f.shot("backups")
}

// several pins, heals and deletes backups that are ticked.
func (f *flow) several() {
	f.visit("/backups?status=failed")
	f.leads(`#bulk button[value="pin"]`) // none is ticked
	f.wait(`#home`)
	f.expectStatus(http.StatusBadRequest)
	f.visit("/backups?status=failed")
	f.click(`tr[data-status]:nth-child(3) [name="id"]`)
	f.click(`tr[data-status]:nth-child(4) [name="id"]`)
	f.leads(`#bulk button[value="pin"]`)
	f.says(`main`, "Pinned", "2 backups")
	f.leads(`#back`)
	f.until("both are pinned", `document.querySelectorAll('tr:nth-child(3) [data-pinned], tr:nth-child(4) [data-pinned]').length === 2`)

	before := f.count(`tr[data-status]`)
	f.click(`[data-tick-all]`)
	if n := f.count(`tr [name="id"]:checked`); n != before {
		f.t.Errorf("%d of %d rows are ticked at once", n, before)
	}
	f.deletesSeveral()
	f.healsOne()
}

// deletesSeveral deletes two backups, of which one would be missed.
func (f *flow) deletesSeveral() {
	for range 2 {
		f.visit("/jobs")
		f.follow("blog-twice")
		f.leads(`form[action$="/run"] button`)
		f.wait(`#backup-body[data-status="finished"]`)
	}
	f.visit("/backups?status=finished")
	f.tick(1, 2)
	f.leads(`#bulk button[value="delete"]`)
	f.says(`main form[action$="/delete"]`, "blog-twice", "nas", "usb", "can't be undone")
	f.shot("backups-delete")
	for f.count(`#problem`) == 0 && f.count(`[name="meant"]`) > 0 {
		f.leads(`main form[action$="/delete"] button.btn-error`)
		f.wait(`#problem`) // something of it would be missed
		f.expectStatus(http.StatusUnprocessableEntity)
		f.click(`[name="meant"]`)
	}
	f.leads(`main form[action$="/delete"] button.btn-error`)
	f.says(`main`, "Deleted")
	f.shot("backups-deleted")
	f.leads(`#back`)
}

// healsOne makes a copy that a drive lacks which was away.
func (f *flow) healsOne() {
	usb := filepath.Join(f.dir, "usb")
	if err := os.Rename(usb, usb+"-away"); err != nil {
		f.t.Fatal(err)
	}
	f.visit("/jobs")
	f.follow("blog-twice")
	f.leads(`form[action$="/run"] button`)
	f.wait(`#backup-body[data-status="failed"]`)
	page := f.location()
	if err := os.Rename(usb+"-away", usb); err != nil {
		f.t.Fatal(err)
	}
	f.visit("/backups")
	f.click(fmt.Sprintf(`tr [name="id"][value=%q]`, strings.TrimPrefix(page, f.URL+"/backups/")))
	f.leads(`#bulk button[value="heal"]`)
	f.says(`main`, "Missing copies are made")
	f.open(page)
	f.wait(`#backup-body[data-status="finished"]`)
}

// tick ticks rows of the list, and returns their ids.
func (f *flow) tick(rows ...int) (ids []string) {
	f.t.Helper()
	for _, n := range rows {
		box := fmt.Sprintf(`tr[data-status]:nth-child(%d) [name="id"]`, n)
		f.click(box)
		ids = append(ids, evaluate[string](f.browser, fmt.Sprintf(`document.querySelector(%q).value`, box)))
	}
	return ids
}

// liveRun follows a run, leaves it and comes back, cancels one, and reads why one failed.
func (f *flow) liveRun() {
	f.raise(f.t, "hold")
	f.visit("/")
	f.click(`article[aria-label="shop-live"] button[id^="run-"]`)
	f.wait(`article[aria-label="shop-live"][data-state="Running"][hx-trigger]`)
	f.shot("landing-running")
	f.leads(`article[aria-label="shop-live"] a[id^="follow-"]`)
	page := f.location()
	f.wait(`#backup-run [data-step][aria-current="step"]`)
	f.wait(`#backup-run progress`)
	f.wait(`#copies li`)
	f.until("the tool's line is in the log", `document.querySelector('#log-text').textContent.includes('the words are being read')`)
	f.shot("run-live")
	f.visit("/backups")
	f.wait(`tr[data-status="pending"][hx-trigger]`)
	f.open(page)
	f.says(`#log-text`, "the words are being read")
	f.lower(f.t, "hold")
	f.wait(`#backup-body[data-status="finished"]`)
	f.says(`#log-text`, "the words are being read")
	f.settled("the page of the backup")
	f.shot("run-finished")

	f.raise(f.t, "hold")
	f.leads(`form[action$="/run"] button`)
	f.until("the tool waits", `document.querySelector('#log-text').textContent.includes('the words are being read')`)
	evaluate[bool](f.browser, `document.querySelector('#cancel').same = true, window.looks = 0, document.addEventListener('htmx:afterSwap', () => looks++), true`)
	f.until("the page has looked again", `looks > 0`)
	if !evaluate[bool](f.browser, `document.querySelector('#cancel').same === true`) {
		f.t.Error("a look of the page takes the button away from whoever presses it")
	}
	f.leads(`#cancel`)
	f.wait(`#backup-body[data-status="failed"] #failure`)
	f.says(`#failure`, "ancel")
	f.shot("run-cancelled")
	f.lower(f.t, "hold")

	f.raise(f.t, "fail")
	f.leads(`form[action$="/run"] button`)
	f.wait(`#backup-body[data-status="failed"] #failure`)
	f.wait(`#failure details:not([open])`)
	f.click(`#failure summary`)
	f.says(`#failure details[open]`, "lost the server")
	f.settled("the page of a failed run")
	f.shot("run-failed")
	f.lower(f.t, "fail")
}

// landing mends what failed, reads the days of a database by keyboard, and begins to protect
// a database.
func (f *flow) landing() {
	f.visit("/")
	f.shot("landing")
	f.leads(`article[aria-label="shop-live"] [id^="mend-"]`)
	f.wait(`#backup-body[data-status="finished"]`)

	f.visit("/")
	evaluate[bool](f.browser, `document.querySelector('[data-strip]').focus(), true`)
	f.press("\u0305") // End
	f.wait(`[data-strip] .strip-tip`)
	last := f.text(`.strip-tip`)
	f.press("\u0302") // left
	f.until("another day is told", fmt.Sprintf(`document.querySelector('.strip-tip').textContent !== %q`, last))
	if said, told := f.text(`#announcer`), f.text(`.strip-tip`); said != told {
		f.t.Errorf("those who hear are told %q, and the others %q", said, told)
	}
	f.shot("landing-strip")
	f.press("\r")
	f.until("the days lead on", `location.pathname !== '/' && document.readyState === 'complete'`)

	f.visit("/")
	f.leads(`[data-verdict] a[id^="mend-"][href^="/setup/job"]`)
	f.wait(`form[action="/setup/job"]`)
	f.says(`main`, "orphan")
	f.shot("landing-mend")
}

// drills proves a backup and finds the drill on the list.
func (f *flow) drills() {
	f.visit("/backups?status=finished")
	f.follow("blog-nightly")
	drills := fmt.Sprintf(`new Set([...document.querySelectorAll('%s')].map(a => a.getAttribute('href'))).size`, `#proof-section a[href^="/drills/"]`)
	before := evaluate[int](f.browser, drills)
	f.leads(`#drill-now`)
	f.until("one more drill has run", fmt.Sprintf(`%s === %d && !!document.querySelector('#proof-section[data-tone="good"] #drill-now')`, drills, before+1))
	f.shot("backup-proven")
	f.visit("/restores")
	f.wait(`tr[id^="drill-"]`)
	f.shot("restores")
	f.choose("kind", "drills")
	f.leads(`form[aria-label="Filter"] button`)
	f.wait(`tr[id^="drill-"]`)
	if n := f.count(`[aria-labelledby="restores"]`); n != 0 {
		f.t.Error("restores are shown among drills")
	}
	f.leads(`tr[id^="drill-"] a`)
	f.wait(`#run[data-state="Proven"]`)
	f.settled("the page of a drill")
	f.shot("drill")
}
