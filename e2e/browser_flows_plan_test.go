package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// jobs makes a job, changes it, makes another like it, pauses and resumes it, runs it and
// takes both away.
func (f *flow) jobs() {
	f.visit("/jobs")
	f.leads(`main a[href="/jobs/new"]`)
	f.write(`[name="label"]`, f.made())
	f.leads(`#job-form button.btn-primary`)
	f.wait(`#problem`)
	f.wait(`#fault-data_source`)
	f.expectStatus(http.StatusUnprocessableEntity)
	f.holds(`[name="label"]`, f.made())
	f.shot("job-wrong")
	f.choose("data_source", "blog")
	f.click(`[name="drives"][value="nas"]`)
	f.click(`[name="when"][value="cron"]`)
	f.typed("cron", "whenever")
	f.wait(`#fault-cron`)
	f.holds(`[name="cron"]`, "whenever")
	f.typed("cron", "0 4 * * *")
	f.until("the preview tells of four o'clock", `!!document.querySelector('#preview-list time')?.textContent.includes('04:00') && !document.querySelector('#fault-cron')`)
	f.shot("job-new")
	f.leads(`#job-form button.btn-primary`)
	f.wait(`#done`)
	page := f.location()

	f.leads(`a#edit`)
	f.holds(`[name="cron"]`, "0 4 * * *")
	f.typed("cron", "30 5 * * *")
	f.until("the preview tells of half past five", `!!document.querySelector('#preview-list time')?.textContent.includes('05:30')`)
	f.click(`[name="keep"][value="own"]`)
	f.typed("retention.daily", "9")
	f.until("the preview tells what stays", `[...document.querySelectorAll('#preview tbody tr')].some(r => r.textContent.includes('Day') && r.textContent.includes('9'))`)
	f.shot("job-edit")
	f.leads(`#job-form button.btn-primary`)
	f.says(`#next-runs`, "05:30")

	f.leads(`a#duplicate`)
	f.holds(`[name="label"]`, f.made()+"-copy")
	f.holds(`[name="cron"]`, "30 5 * * *")
	f.leads(`#job-form button.btn-primary`)
	f.wait(`#done`)
	f.deletes("/jobs")

	f.open(page)
	f.leads(`#pause`)
	f.wait(`#paused`)
	f.shot("job-paused")
	f.leads(`#resume`)
	f.wait(`#pause`)
	f.leads(`form[action$="/run"] button`)
	f.wait(`#backup-body[data-status="finished"]`)
	f.says(`h1`, f.made())

	f.open(page)
	f.deletes("/jobs")
	f.shot("jobs")
}

// deletes takes what the open page is about away, after it was asked.
func (f *flow) deletes(list string) {
	f.t.Helper()
	f.leads(`a#delete`)
	f.leads(`main form[action$="/delete"] button.btn-error`)
	f.wait(`#done`)
	if at := f.location(); !strings.HasPrefix(at, f.URL+list+"?") {
		f.t.Errorf("deleting led to %s", at)
	}
}

// sourcesAndDrives adds a database and a drive, with mistakes, changes them without typing
// the password again, and takes them away, which is refused while a job needs them.
func (f *flow) sourcesAndDrives() {
	source, drive := f.addSource(), f.addDrive()
	answer := f.owner.Post(f.t, "/jobs/new", url.Values{"label": {f.made()}, "data_source": {f.made()}, "drives": {f.made()}, "when": {"asked"}, "keep": {"all"},
		"compression": {"zstd"}, "encrypt": {"none"}})
	if answer.Status != http.StatusSeeOther {
		f.t.Fatalf("a job of both answered %d: %s", answer.Status, answer.Body)
	}
	for _, at := range []string{source, drive} {
		f.open(at)
		f.leads(`a#delete`)
		f.says(`#needed`, f.made())
		if n := f.count(`main button.btn-error`); n != 0 {
			f.t.Error("what is in use can be deleted")
		}
	}
	f.shot("drive-in-use")
	f.leads(`#needed a`)
	f.deletes("/jobs")
	f.open(source)
	f.deletes("/sources")
	f.shot("sources")
	f.open(drive)
	f.deletes("/drives")
	f.shot("drives")
}

func (f *flow) addSource() (page string) {
	c := f.maria.Config(f.database)
	host, port, _ := strings.Cut(c.Addr, ":")
	f.visit("/sources")
	f.leads(`a#new`)
	f.leads(`a#kind-mysql`)
	f.typed("host", host)
	f.typed("port", "three")
	f.wait(`#fault-port`)
	f.holds(`[name="port"]`, "three")
	f.typed("port", port)
	f.until("the port is found right", `!document.querySelector('#fault-port')`)
	f.typed("db_name", f.database)
	f.typed("user", c.User)
	f.typed("password", "not this one")
	f.typed("label", f.made())
	f.leads(`button[name="do"][value="save"]`)
	f.wait(`#found`)
	f.expectStatus(http.StatusUnprocessableEntity)
	f.wait(`button[name="do"][value="anyway"]`)
	f.holds(`[name="host"]`, host)
	f.holds(`[name="label"]`, f.made())
	f.holds(`[name="password"]`, "")
	f.shot("source-refused")
	f.typed("password", c.Passwd)
	f.leads(`button[name="do"][value="try"]`)
	f.wait(`#found`)
	if n := f.count(`button[name="do"][value="anyway"]`); n != 0 {
		f.t.Errorf("a database that can be read is found not to work: %s", f.text("#found"))
	}
	f.shot("source-tried")
	f.leads(`button[name="do"][value="save"]`)
	f.wait(`#done`)
	page = f.location()
	f.leads(`a#edit`)
	f.holds(`[name="user"]`, c.User)
	f.leads(`button[name="do"][value="save"]`)
	f.wait(`#done`)
	if html := evaluate[string](f.browser, `document.documentElement.outerHTML`); strings.Contains(html, c.Passwd) {
		f.t.Error("the page shows the password")
	}
	f.shot("source")
	return page
}

func (f *flow) addDrive() (page string) {
	folder := filepath.Join(f.dir, f.made())
	f.visit("/drives")
	f.leads(`a#new`)
	f.leads(`a#kind-local`)
	f.typed("folder", filepath.Join(f.dir, "blog.db")) // no folder
	f.leads(`button[name="do"][value="save"]`)
	f.wait(`#found`)
	f.expectStatus(http.StatusUnprocessableEntity)
	f.holds(`[name="folder"]`, filepath.Join(f.dir, "blog.db"))
	f.shot("drive-wrong")
	f.typed("folder", folder)
	f.typed("label", f.made())
	f.leads(`button[name="do"][value="try"]`)
	f.wait(`#found`)
	f.holds(`[name="folder"]`, folder)
	f.leads(`button[name="do"][value="save"]`)
	f.wait(`#done`)
	page = f.location()
	f.leads(`a#edit`)
	f.holds(`[name="folder"]`, folder)
	f.leads(`button[name="do"][value="save"]`)
	f.wait(`#done`)
	f.shot("drive")
	return page
}

// notifiers adds a webhook, first with a wrong address, and sends it tests.
func (f *flow) notifiers() {
	got := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got <- string(text)
	}))
	f.t.Cleanup(hook.Close)
	f.visit("/notifiers")
	f.leads(`a#new`)
	f.leads(`a#kind-webhook`)
	f.typed("label", f.made())
	f.typed("url", "chat.example.org")
	f.leads(`button[name="do"][value="save"]`)
	f.wait(`#fault-url`)
	f.expectStatus(http.StatusUnprocessableEntity)
	f.holds(`[name="label"]`, f.made())
	f.shot("notifier-wrong")
	f.typed("url", hook.URL+"/secret-path")
	f.leads(`button[name="do"][value="try"]`)
	f.delivered(got)
	card := fmt.Sprintf(`[data-notifier=%q]`, f.made())
	f.says(card, "Webhook")
	f.says(`#history`, f.made())
	f.click(card + ` button[id^="test-"]`)
	f.delivered(got)
	f.wait(card + ` [role="status"]`)
	f.shot("notifiers")
	f.leads(card + ` a[id^="edit-"]`)
	f.holds(`[name="url"]`, "")
	f.leads(`button[name="do"][value="try"]`)
	f.delivered(got) // the address that was not typed again
	if html := evaluate[string](f.browser, `document.documentElement.outerHTML`); strings.Contains(html, "secret-path") {
		f.t.Error("the page shows the address")
	}
	f.leads(card + ` a[id^="delete-"]`)
	f.leads(`main form[action$="/delete"] button.btn-error`)
	f.wait(`#done`)
	if n := f.count(card); n != 0 {
		f.t.Error("the notifier is still there")
	}
}

func (f *flow) delivered(got <-chan string) {
	f.t.Helper()
	select {
	case text := <-got:
		if !strings.Contains(text, "test") {
			f.t.Errorf("the webhook was sent %s", text)
		}
	case <-time.After(patience):
		f.t.Fatalf("the webhook was sent nothing; the page says %s", f.text("main"))
	}
}

// calendar looks at the week and at a run of it.
func (f *flow) calendar() {
	f.visit("/calendar")
	f.wait(`ol[aria-label="Days"] > li:nth-child(7)`)
	f.says(`ol[aria-label="Days"]`, "blog-nightly", "03:00")
	f.says(`main`, "Only when asked", "shop-live")
	f.wait(`li[aria-current="date"]`)
	f.shot("calendar")
	day := strings.TrimPrefix(evaluate[string](f.browser, `document.querySelector('ol[aria-label="Days"] > li:nth-child(3)').id`), "day-")
	f.visit("/calendar?day=" + day)
	f.says(`ol[aria-label="Days"]`, "blog-nightly")
	f.leads(`ol[aria-label="Days"] a[href^="/jobs/"]`)
	f.says(`h1`, "blog-nightly")
}
