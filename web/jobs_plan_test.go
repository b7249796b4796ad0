package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

const aForm = "application/x-www-form-urlencoded"

// planning is a site on which jobs can be planned.
func planning(t *testing.T) (*site, *fakeJobPlanner) {
	t.Helper()
	p := &fakeJobPlanner{}
	s := newSite(t, withJobPlanner(p), func(o *Options) { o.Kits = fakeKits{} })
	return s, p
}

// sent is what the browser sends of a form that was not changed, but for some fields.
func sent(t *testing.T, d document, change map[string]string) url.Values {
	t.Helper()
	q := url.Values{}
	form := document{d.one(t, "form", "id", "job-form")}
	for _, n := range form.all("input", "", "") {
		kind, name := attribute(n, "type"), attribute(n, "name")
		if (kind == "radio" || kind == "checkbox") && !has(n, "checked", "") {
			continue
		}
		q.Add(name, attribute(n, "value"))
	}
	for _, n := range form.all("select", "", "") {
		options := document{n}.all("option", "", "")
		value := attribute(options[0], "value")
		for _, o := range options {
			if has(o, "selected", "") {
				value = attribute(o, "value")
			}
		}
		q.Set(attribute(n, "name"), value)
	}
	for _, n := range form.all("textarea", "", "") {
		q.Set(attribute(n, "name"), words(n))
	}
	for name, value := range change {
		q.Del(name)
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

func (s *site) submit(t *testing.T, path string, q url.Values, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.ask(t, http.MethodPost, path, q.Encode(), append([]string{"Content-Type", aForm}, headers...)...)
}

func TestAJobIsMadeByTheForm(t *testing.T) {
	s, p := planning(t)
	d := parse(t, s.get(t, "/jobs/new"))
	w := s.submit(t, "/jobs/new", sent(t, d, map[string]string{"label": "shop-weekly", "when": "weekly", "weekdays": "sunday", "at": "04:30", "timezone": "Europe/Paris"}))
	if w.Code != http.StatusSeeOther || len(p.saved) != 1 {
		t.Fatalf("status %d, saved %d: %s", w.Code, len(p.saved), w.Body)
	}
	made := s.store.jobs[len(s.store.jobs)-1]
	if got := w.Header().Get("Location"); got != "/jobs/"+made.ID+"?done=saved" {
		t.Errorf("it leads to %s", got)
	}
	got := p.saved[0]
	want := models.Settings{"data_source": "shop", "drives": "nas", "schedule": "weekly on sunday at 04:30", "timezone": "Europe/Paris", "compression": "zstd",
		"drill.after_backup": "true", "retention.daily": "7", "retention.weekly": "4", "retention.monthly": "12", "encryption": "none"}
	if got.Kind != models.PlanJob || got.Label != "shop-weekly" || len(got.Fields) != len(want) {
		t.Errorf("saved is %s %s with %d fields", got.Kind, got.Label, len(got.Fields))
	}
	for name, value := range want {
		if got.Fields[name] != value {
			t.Errorf("%s is %q, want %q", name, got.Fields[name], value)
		}
	}
}

func TestMistakesAreToldAndWhatWasTypedStays(t *testing.T) {
	s, p := planning(t)
	d := parse(t, s.get(t, "/jobs/new"))
	typed := sent(t, d, map[string]string{"label": "shop-nightly", "when": "cron", "cron": "61 3 * * *", "timezone": "Mars/Olympus", "drives": "", "keep": "own", "retention.daily": "many",
		"encrypt": "passphrase", "encryption.passphrase": "correct horse battery staple"})
	w := s.submit(t, "/jobs/new", typed)
	if w.Code != http.StatusUnprocessableEntity || len(p.saved) != 0 {
		t.Fatalf("status %d, saved %d", w.Code, len(p.saved))
	}
	if strings.Contains(w.Body.String(), "battery staple") {
		t.Error("the passphrase is shown")
	}
	again := parse(t, w)
	for name, want := range map[string]struct{ value, says string }{
		"label": {"shop-nightly", "already"}, "cron": {"61 3 * * *", "minute"}, "timezone": {"Mars/Olympus", "no time zone"}, "retention.daily": {"many", "whole number"},
	} {
		input := again.one(t, "input", "name", name)
		if attribute(input, "value") != want.value || attribute(input, "aria-invalid") != "true" {
			t.Errorf("%s has %q, invalid is %q", name, attribute(input, "value"), attribute(input, "aria-invalid"))
		}
		if got := words(again.one(t, "p", "id", "fault-"+name)); !strings.Contains(got, want.says) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := words(again.one(t, "p", "id", "fault-drives")); !strings.Contains(got, "at least one drive") {
		t.Errorf("drives: %q", got)
	}
	if len(again.all("input", "autofocus", "")) != 1 || attribute(again.all("input", "autofocus", "")[0], "name") != "label" {
		t.Error("the first mistake has not the focus")
	}
}

func TestAJobIsChangedAndKeepsWhatTheFormDoesNotKnow(t *testing.T) {
	s, p := planning(t)
	p.drafts["shop-nightly"] = models.PlanDraft{Kind: models.PlanJob, Label: "shop-nightly", Secrets: map[string]models.Secret{"encryption.passphrase": models.NewSecret("x")},
		Fields: models.Settings{"data_source": "shop", "drives": "nas", "cron": "0 3 * * 1-5", "timezone": "Europe/Paris", "drill.scratch": "spare", "retention.keep_last": "14",
			"retention.drives.nas.daily": "3", "retention.drives.old.daily": "3", "retention.drives.nas.old.daily": "3"}}
	d := parse(t, s.get(t, jobPath+"/edit"))
	if len(d.all("input", "value", "x")) != 0 || !strings.Contains(words(d.one(t, "p", "id", "hint-encryption.passphrase")), "It is set") {
		t.Error("it is not said that the passphrase is set, or it is shown")
	}
	w := s.submit(t, jobPath+"/edit", sent(t, d, map[string]string{"window": "22:00-06:00"}))
	if w.Code != http.StatusSeeOther || len(p.saved) != 1 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	got := p.saved[0]
	for name, want := range map[string]string{"schedule": "0 3 * * 1-5", "cron": "", "window": "22:00-06:00", "drill.scratch": "spare", "retention.keep_last": "14",
		"retention.drives.nas.daily": "3", "retention.drives.old.daily": "", "retention.drives.nas.old.daily": "", "drill.after_backup": ""} {
		if got.Fields[name] != want {
			t.Errorf("%s is %q, want %q", name, got.Fields[name], want)
		}
	}
	if len(got.Secrets) != 0 || len(got.Forget) != 0 {
		t.Errorf("the passphrase does not stay as it is: %v, %v", got.Secrets, got.Forget)
	}
	w = s.submit(t, jobPath+"/edit", sent(t, d, map[string]string{"encrypt": "none"}))
	if w.Code != http.StatusSeeOther || len(p.saved) != 2 || len(p.saved[1].Forget) != 1 {
		t.Errorf("status %d: the passphrase is not taken away", w.Code)
	}
}

func TestAJobOfTheFileIsOnlyShown(t *testing.T) {
	s, p := planning(t)
	for _, path := range []string{"/edit", "/delete"} {
		if w := s.get(t, jobPath+path); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "configuration file") {
			t.Errorf("%s: status %d", path, w.Code)
		}
		if w := s.submit(t, jobPath+path, url.Values{"label": {"shop-nightly"}}); w.Code != http.StatusConflict || len(p.saved)+len(p.removed) != 0 {
			t.Errorf("POST %s: status %d", path, w.Code)
		}
	}
	d := parse(t, s.get(t, jobPath))
	if len(d.all("a", "id", "edit"))+len(d.all("a", "id", "delete")) != 0 {
		t.Error("the page offers to change it")
	}
	d = parse(t, s.get(t, attribute(d.one(t, "a", "id", "duplicate"), "href")))
	if got := attribute(d.one(t, "input", "name", "label"), "value"); got == "" || got == "shop-nightly" {
		t.Errorf("the duplicate is called %q", got)
	}
	w := s.submit(t, "/jobs/new", sent(t, d, nil))
	if w.Code != http.StatusSeeOther || p.saved[0].Fields["drill.scratch"] != "temporary" || p.saved[0].Fields["schedule"] != "0 3 * * *" {
		t.Errorf("status %d: the duplicate lacks something", w.Code)
	}
}

func TestPreviewTellsRunsAndWhatStays(t *testing.T) {
	s, _ := planning(t)
	d := parse(t, s.get(t, "/jobs/new?source="+sourceID))
	w := s.submit(t, "/jobs/preview", sent(t, d, map[string]string{"at": "05:15", "timezone": "Europe/Paris"}), "HX-Request", "true")
	preview := parse(t, w)
	if got := words(preview.one(t, "ol", "id", "preview-list")); w.Code != http.StatusOK || !strings.HasPrefix(got, "Tue 24 Nov, 05:15") {
		t.Errorf("status %d: the runs are %q", w.Code, got)
	}
	if got := words(preview.one(t, "p", "id", "preview-forecast")); !strings.Contains(got, "365 of them, 20 backups stay") || !strings.Contains(got, "about 240 B on each drive") {
		t.Errorf("it foresees %q", got)
	}
	if got := words(preview.one(t, "div", "id", "announcer")); !strings.Contains(got, "Tue 24 Nov, 05:15") {
		t.Errorf("announced is %q", got)
	}
	for name, c := range map[string]struct {
		change map[string]string
		says   string
	}{
		"no time":             {map[string]string{"at": ""}, "time of day"},
		"a zone that is none": {map[string]string{"timezone": "Mars/Olympus"}, "no time zone"},
		"a window without":    {map[string]string{"window": "10:00-11:00"}, "no run lies between"},
		"only when asked":     {map[string]string{"when": "asked"}, "Only when asked"},
		"rules without sense": {map[string]string{"keep": "own", "retention.daily": "x"}, "cannot be read yet"},
		"rules without any":   {map[string]string{"keep": "own"}, "cannot be read yet"},
	} {
		if got := s.submit(t, "/jobs/preview", sent(t, d, c.change), "HX-Request", "true").Body.String(); !strings.Contains(strings.ToLower(got), strings.ToLower(c.says)) {
			t.Errorf("%s: %s", name, got)
		}
	}
	page := parse(t, s.submit(t, "/jobs/preview", sent(t, d, map[string]string{"at": "05:15", "label": "x"})))
	if attribute(page.one(t, "input", "name", "label"), "value") != "x" || !strings.Contains(words(page.one(t, "ol", "id", "preview-list")), "05:15") {
		t.Error("without a script the form and the preview are not both there")
	}
	if w := s.submit(t, "/jobs/preview", url.Values{"for": {"nothing"}}); w.Code != http.StatusBadRequest {
		t.Errorf("a form of nothing: status %d", w.Code)
	}
}

func TestAFieldOfAJobIsCheckedWhereItStands(t *testing.T) {
	s, p := planning(t)
	d := parse(t, s.get(t, "/jobs/new"))
	typed := sent(t, d, map[string]string{"label": "shop-nightly", "timezone": "Mars/Olympus"})
	for name, says := range map[string]string{"label": "already", "timezone": "no time zone", "cron": ""} {
		got := parse(t, s.submit(t, "/jobs/check", typed, "HX-Request", "true", "HX-Trigger-Name", name))
		remark := words(got.one(t, "div", "id", "remark-"+name))
		if !strings.Contains(remark, says) || says == "" && len(got.all("p", "data-problem", "")) != 0 {
			t.Errorf("%s: %q", name, remark)
		}
	}
	if len(p.saved) != 0 {
		t.Error("looking saves")
	}
}

func TestPreviewOfAChangeTellsWhatWouldGo(t *testing.T) {
	s, p := planning(t)
	p.drafts["shop-nightly"] = models.PlanDraft{Kind: models.PlanJob, Label: "shop-nightly", Fields: models.Settings{"data_source": "shop", "drives": "nas", "schedule": "daily at 03:00"}}
	s.retention.goes = []string{copyID}
	d := parse(t, s.get(t, jobPath+"/edit"))
	got := parse(t, s.submit(t, "/jobs/preview", sent(t, d, map[string]string{"keep": "last"}), "HX-Request", "true"))
	if want := (models.Retention{Last: 14}); s.retention.tried == nil || *s.retention.tried != want {
		t.Errorf("tried is %+v", s.retention.tried)
	}
	if now := words(got.one(t, "p", "id", "preview-now")); !strings.Contains(now, "1 copy (12 B) would go") {
		t.Errorf("it says %q", now)
	}
}

// A job that was set up on a page is left out of the plan when its drive has gone from the
// file; nothing but changing it, or deleting it, mends that.
func TestAJobThatIsLeftOutCanBeChanged(t *testing.T) {
	s, p := planning(t)
	at := testNow
	p.drafts["shop-nightly"] = models.PlanDraft{Kind: models.PlanJob, Label: "shop-nightly", Fields: models.Settings{"data_source": "shop", "drives": "gone", "retention.keep_last": "14"}}
	s.store.jobs[0].RemovedAt = &at
	if got := s.get(t, jobPath).Body.String(); !strings.Contains(got, "This job is left out") || !strings.Contains(got, jobPath+"/edit") || !strings.Contains(got, jobPath+"/delete") {
		t.Error("the page of the job does not lead to what mends it")
	}
	d := parse(t, s.get(t, jobPath+"/edit"))
	if w := s.submit(t, jobPath+"/edit", sent(t, d, map[string]string{"drives": "nas"})); w.Code != http.StatusSeeOther || p.saved[0].Fields["drives"] != "nas" {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	s.store.jobs[0].RemovedAt = &at
	if got := s.get(t, jobPath+"/delete").Body.String(); strings.Contains(got, "no finished backup") {
		t.Error("its backups are said not to be there")
	}
	if w := s.submit(t, jobPath+"/delete", nil); w.Code != http.StatusSeeOther || len(p.removed) != 1 {
		t.Errorf("status %d", w.Code)
	}
	p.drafts["shop-nightly"] = models.PlanDraft{Kind: models.PlanJob, Label: "shop-nightly", Fields: models.Settings{"data_source": "gone", "drives": "nas"}}
	s.store.jobs[0].RemovedAt = &at
	if got := s.get(t, jobPath+"/edit").Body.String(); !strings.Contains(got, "Choose one") {
		t.Error("another source looks chosen than the one that has gone")
	}
	delete(p.drafts, "shop-nightly")
	if w := s.get(t, jobPath+"/edit"); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "has left the configuration already") {
		t.Errorf("a job that is not set up any more: status %d", w.Code)
	}
}

func TestAJobIsDeletedAfterAsking(t *testing.T) {
	s, p := planning(t)
	p.drafts["shop-nightly"] = models.PlanDraft{Kind: models.PlanJob, Label: "shop-nightly"}
	s.store.jobs[0].DriveIDs = []string{driveID}
	d := parse(t, s.get(t, jobPath+"/delete"))
	if got := words(d.one(t, "main", "", "")); !strings.Contains(got, "Its 1 finished backup stays with every copy on nas: it can be looked at and restored as before.") {
		t.Errorf("it asks %q", got)
	}
	p.refuse = models.Conflictf("the job is needed")
	if w := s.submit(t, jobPath+"/delete", nil); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "The job is needed.") {
		t.Errorf("refused: status %d", w.Code)
	}
	p.refuse = nil
	w := s.submit(t, jobPath+"/delete", nil)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/jobs?done=removed" || len(p.removed) != 1 {
		t.Errorf("status %d to %s, removed %v", w.Code, w.Header().Get("Location"), p.removed)
	}
}

func TestTheSetUpEndsWithTheFirstBackup(t *testing.T) {
	s, p := planning(t)
	d := parse(t, s.get(t, "/setup/job?source="+sourceID+"&drive="+driveID))
	w := s.submit(t, "/setup/job", sent(t, d, nil))
	if w.Code != http.StatusSeeOther || len(p.saved) != 1 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if got := w.Header().Get("Location"); got != "/backups/"+s.store.backups[0].ID || s.store.backups[0].JobID != s.store.jobs[1].ID {
		t.Errorf("it leads to %s", got)
	}
	if f := p.saved[0].Fields; p.saved[0].Label != "shop" || f["data_source"] != "shop" || f["drives"] != "nas" || f["schedule"] != "daily at 03:00" || f["drill.after_backup"] != "true" {
		t.Errorf("saved is %s", p.saved[0].Label)
	}
	d = parse(t, s.get(t, "/setup/job?source="+sourceID+"&drive="+driveID))
	s.backups.err = models.Conflictf("the disk of the spool is full")
	if w := s.submit(t, "/setup/job", sent(t, d, map[string]string{"label": "unstarted"})); w.Code != http.StatusConflict || !strings.Contains(strings.ToLower(w.Body.String()), "the job is saved, and its first backup was not started: the disk of the spool is full") {
		t.Errorf("a first backup that is refused: status %d, %s", w.Code, w.Body)
	}
	s.backups.err = nil
	before := len(s.backups.calls)
	w = s.submit(t, "/setup/job", sent(t, d, map[string]string{"label": "locked", "encrypt": "keys", "encryption.recipients": "age1xyz"}))
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasSuffix(got, "/kit") || len(s.backups.calls) != before {
		t.Errorf("a job that encrypts leads to %s, and started is %v", got, s.backups.calls[before:])
	}
}

func TestTheListOfJobs(t *testing.T) {
	s, _ := planning(t)
	s.store.jobs[0].DriveIDs, s.store.jobs[0].Retention = []string{driveID}, models.Retention{Daily: 7, Weekly: 4}
	paused := testNow.Add(-time.Hour)
	s.store.jobs = append(s.store.jobs, models.Job{ID: unknownID, Label: "Another", SourceID: sourceID, PausedAt: &paused, Cron: "hourly"})
	d := parse(t, s.get(t, "/jobs"))
	row := document{d.one(t, "tr", "id", "job-"+jobID)}
	got := words(row.root)
	for _, want := range []string{"shop-nightly", "shop · MySQL or MariaDB", "nas", "Every day at 03:00", "UTC", "7 days and 4 weeks", "Running", "Mon 23 Nov, 13:00"} {
		if !strings.Contains(got, want) {
			t.Errorf("the row does not say %q: %s", want, got)
		}
	}
	body := document{d.one(t, "tbody", "", "")}
	if first := body.all("tr", "", "")[0]; !strings.Contains(words(first), "Another") || !strings.Contains(words(first), "Paused") {
		t.Errorf("the first row is %q", words(first))
	}
	toggles := document{d.one(t, "tr", "id", "job-"+unknownID)}.all("form", "action", "/jobs/"+unknownID+"/resume?next=%2Fjobs")
	if len(toggles) != 1 {
		t.Fatalf("%d forms resume it", len(toggles))
	}
	if w := s.submit(t, "/jobs/"+unknownID+"/resume?next=%2Fjobs", nil); w.Header().Get("Location") != "/jobs" {
		t.Errorf("resuming leads to %q", w.Header().Get("Location"))
	}
	if w := s.submit(t, "/jobs/"+unknownID+"/pause?next=//evil.example", nil); w.Header().Get("Location") != "/jobs/"+unknownID+"#when" {
		t.Errorf("pausing leads to %q", w.Header().Get("Location"))
	}
	if rows := parse(t, s.get(t, "/jobs?q=anoth")).all("tr", "id", ""); len(rows) != 1 {
		t.Errorf("%d rows are found", len(rows))
	}
	if got := words(parse(t, s.get(t, "/jobs?q=nothing")).one(t, "main", "", "")); !strings.Contains(got, "No job has that in its name") {
		t.Errorf("nothing found says %q", got)
	}
	s.store.jobs = nil
	if got := words(parse(t, s.get(t, "/jobs")).one(t, "main", "", "")); !strings.Contains(got, "There is no job yet") {
		t.Errorf("an empty list says %q", got)
	}
	s.store.failing = errors.New("gone")
	if w := s.get(t, "/jobs"); w.Code != http.StatusInternalServerError {
		t.Errorf("a store that fails: status %d", w.Code)
	}
}

// A list of very many jobs has parts, each of which is reached by a link and comes back to itself.
func TestTheListOfVeryManyJobsHasParts(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	for n := range 229 {
		s.store.jobs = append(s.store.jobs, models.Job{ID: fmt.Sprintf("many-%03d", n), Label: fmt.Sprintf("many-%03d", n), SourceID: sourceID, Cron: "hourly"})
	}
	s.ask(t, http.MethodPost, jobPath+"/pause", "") // what was read before is no longer so
	for _, find := range []string{"", "a"} {
		seen, path := map[string]bool{}, "/jobs?q="+find
		for parts := 0; path != ""; parts++ {
			d := parse(t, s.get(t, path))
			rows := document{d.one(t, "tbody", "", "")}.all("tr", "", "")
			for _, row := range rows {
				seen[attribute(row, "id")] = true
			}
			if want := []int{100, 100, 30}[parts]; len(rows) != want {
				t.Errorf("%s has %d rows, not %d", path, len(rows), want)
			}
			here := url.Values{"next": {strings.TrimSuffix(path, "?q=")}}.Encode()
			if last := strings.TrimPrefix(attribute(rows[len(rows)-1], "id"), "job-"); last != jobID && len(d.all("form", "action", "/jobs/"+last+"/pause?"+here)) != 1 {
				t.Errorf("%s: pausing %s does not come back with %s", path, last, here)
			}
			if back := d.all("a", "id", "previous"); (len(back) == 1) != (parts > 0) {
				t.Errorf("%s: %d links lead back", path, len(back))
			}
			path = ""
			for _, a := range d.all("a", "id", "next") {
				path = attribute(a, "href")
			}
		}
		if len(seen) != 230 {
			t.Errorf("%q: %d of 230 jobs were shown", find, len(seen))
		}
	}
	if got := words(parse(t, s.get(t, "/jobs?page=99")).one(t, "main", "", "")); !strings.Contains(got, "201 to 230 of 230 jobs") {
		t.Errorf("a part beyond the last says %q", got)
	}
	for _, bad := range []string{"0", "-1", "x", "99999999999999999999"} {
		if w := s.get(t, "/jobs?page="+bad); w.Code != http.StatusBadRequest {
			t.Errorf("part %s: status %d", bad, w.Code)
		}
	}
	if d := parse(t, s.get(t, "/jobs?q=many-00")); len(d.all("nav", "aria-label", "Parts of the list")) != 0 {
		t.Error("a list of few has parts")
	}
}

func TestTheListOfJobsIsSharedUntilSomethingChanges(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	s.get(t, "/jobs")
	read := s.store.summariesRead
	for _, path := range []string{"/jobs", "/jobs?q=shop", "/jobs"} {
		s.get(t, path)
	}
	if s.store.summariesRead != read {
		t.Errorf("it was read %d more times", s.store.summariesRead-read)
	}
	s.ask(t, http.MethodPost, jobPath+"/pause", "")
	if got := words(parse(t, s.get(t, "/jobs")).one(t, "tr", "id", "job-"+jobID)); !strings.Contains(got, "Paused") {
		t.Errorf("after a pause it says %q", got)
	}
}

func TestWithoutAPlannerNothingIsPlanned(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/jobs/new", jobPath + "/edit", jobPath + "/delete", "/setup/job"} {
		if w := s.get(t, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	if d := parse(t, s.get(t, "/jobs")); len(d.all("a", "href", "/jobs/new")) != 0 {
		t.Error("the list offers a new job")
	}
	if d := parse(t, s.get(t, jobPath)); len(d.all("a", "id", "duplicate")) != 0 {
		t.Error("the page offers to duplicate")
	}
}

func TestWhatIsToBeEncryptedIsNeverSavedInPlain(t *testing.T) {
	s, p := planning(t)
	d := parse(t, s.get(t, "/jobs/new"))
	for kind, field := range map[string]string{"passphrase": "encryption.passphrase", "keys": "encryption.recipients"} {
		w := s.submit(t, "/jobs/new", sent(t, d, map[string]string{"label": "locked", "encrypt": kind}))
		if w.Code != http.StatusUnprocessableEntity || len(p.saved) != 0 {
			t.Errorf("%s without any: status %d, saved %d", kind, w.Code, len(p.saved))
		}
		if got := words(parse(t, w).one(t, "p", "id", "fault-"+field)); !strings.Contains(got, "nothing would be encrypted") {
			t.Errorf("%s: %q", kind, got)
		}
	}
	w := s.submit(t, "/jobs/new", sent(t, d, map[string]string{"label": "locked", "encrypt": "passphrase", "encryption.passphrase": "correct horse battery staple"}))
	if w.Code != http.StatusSeeOther || p.saved[0].Secrets["encryption.passphrase"].Reveal() != "correct horse battery staple" || p.saved[0].Fields["encryption.passphrase"] != "" {
		t.Errorf("status %d: the passphrase is not saved as a secret", w.Code)
	}
}

// Who takes the private key for the public one is told so, and not shown it again.
func TestAPrivateKeyIsNeverShown(t *testing.T) {
	s, _ := planning(t)
	for _, key := range []string{"AGE-SECRET-KEY-1TOPSECRET", "age1x\n-----BEGIN OPENSSH PRIVATE KEY-----\nTOPSECRET\n-----END OPENSSH PRIVATE KEY-----"} {
		form := url.Values{"for": {"new"}, "data_source": {"shop"}, "drives": {"nas"}, "when": {"asked"}, "keep": {"year"}, "encrypt": {"keys"}, "encryption.recipients": {key}}
		for _, path := range []string{"/jobs/new", "/jobs/preview", "/jobs/check"} {
			if w := s.submit(t, path, form); strings.Contains(w.Body.String(), "TOPSECRET") {
				t.Errorf("%s shows the key", path)
			}
		}
	}
}

func TestEverythingIsKeptOnlyWhereThatHolds(t *testing.T) {
	s, p := planning(t)
	p.forAll = models.Retention{Within: 30 * 24 * time.Hour}
	d := parse(t, s.get(t, "/jobs/new"))
	w := s.submit(t, "/jobs/new", sent(t, d, map[string]string{"label": "all", "keep": "all"}))
	if got := words(parse(t, w).one(t, "p", "id", "fault-keep")); w.Code != http.StatusUnprocessableEntity || len(p.saved) != 0 || !strings.Contains(got, "rule for all jobs") {
		t.Errorf("status %d, saved %d: %q", w.Code, len(p.saved), got)
	}
	p.forAll = models.Retention{}
	if w := s.submit(t, "/jobs/new", sent(t, d, map[string]string{"label": "all", "keep": "all"})); w.Code != http.StatusSeeOther {
		t.Errorf("where nothing holds for all: status %d", w.Code)
	}
}

func TestAnEditedJobKeepsWhatHoldsForAll(t *testing.T) {
	s, p := planning(t)
	p.drafts["shop-nightly"] = models.PlanDraft{Kind: models.PlanJob, Label: "shop-nightly", Fields: models.Settings{"data_source": "shop", "drives": "nas"}}
	s.store.jobs[0].Retention, s.store.jobs[0].Encryption = models.Retention{Last: 14}, models.Encryption{Recipients: []string{"age1x"}}
	d := parse(t, s.get(t, jobPath+"/edit"))
	if w := s.submit(t, jobPath+"/edit", sent(t, d, nil)); w.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	got := p.saved[0].Fields
	if got["retention.keep_last"] != "14" {
		t.Errorf("the newest %q are kept", got["retention.keep_last"])
	}
	if _, said := got["encryption"]; said || got["encryption.recipients"] != "" {
		t.Errorf("the encryption of all jobs is not that of this one any more")
	}
}

func TestAJobNeedsASourceAndADriveFirst(t *testing.T) {
	for what, empty := range map[string]func(*fakeStore){"no source": func(s *fakeStore) { s.sources = nil }, "no drive": func(s *fakeStore) { s.drives = nil }} {
		s, _ := planning(t)
		empty(s.store)
		for _, path := range []string{"/jobs/new", "/setup/job?source=" + sourceID} {
			if w := s.get(t, path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/setup" {
				t.Errorf("%s: %s leads to %s with %d", what, path, w.Header().Get("Location"), w.Code)
			}
		}
	}
}

func TestTheListLooksAgainOnlyWhileARunIsUnderWay(t *testing.T) {
	s := newSite(t)
	look := parse(t, s.get(t, "/jobs")).all("span", "hx-get", jobPath+"/last")
	if len(look) != 1 {
		t.Fatalf("a job that runs is looked at again by %d parts of the page", len(look))
	}
	if got := parse(t, s.get(t, jobPath+"/last")); len(got.all("span", "hx-get", jobPath+"/last")) != 1 {
		t.Error("looking ends while it runs")
	}
	for path, swap := range map[string]string{"/jobs": "", jobPath + "/last": "outerHTML"} { // what wide screens show goes along
		if wide := parse(t, s.get(t, path)).one(t, "span", "id", "last-"+jobID); attribute(wide, "hx-swap-oob") != swap {
			t.Errorf("%s: on wide screens it is swapped by %q", path, attribute(wide, "hx-swap-oob"))
		}
	}
	s.store.backups = s.store.backups[1:]
	got := parse(t, s.get(t, jobPath+"/last"))
	if len(got.all("span", "hx-get", "")) != 0 || !strings.Contains(words(got.root), "Failed") {
		t.Errorf("after the run: %q", words(got.root))
	}
	if w := s.get(t, "/jobs/"+unknownID+"/last"); w.Code != http.StatusNotFound {
		t.Errorf("a job that is not there: status %d", w.Code)
	}
}

// Rules of single drives and where drills restore to are typed like everything else.
func TestAJobHasRulesOfDrivesAndAServerForDrills(t *testing.T) {
	s, p := planning(t)
	s.store.sources = append(s.store.sources, models.Source{ID: unknownID, Label: "lab", Provider: "mysql"}, models.Source{ID: driveID, Label: "wiki", Provider: "sqlite"})
	d := parse(t, s.get(t, "/jobs/new"))
	if offered := words(d.one(t, "select", "name", "drill.scratch")); !strings.Contains(offered, "A private server") || !strings.Contains(offered, "The server of lab") || strings.Contains(offered, "wiki") {
		t.Errorf("drills are offered %s", offered)
	}
	typed := map[string]string{"label": "shop-weekly", "data_source": "shop", "retention.drives.nas.monthly": "12", "retention.drives.nas.keep_last": "0", "drill.scratch": "lab"}
	if w := s.submit(t, "/jobs/new", sent(t, d, typed)); w.Code != http.StatusSeeOther || len(p.saved) != 1 {
		t.Fatalf("status %d, saved %d: %s", w.Code, len(p.saved), w.Body)
	}
	got := p.saved[0].Fields
	if got["retention.drives.nas.monthly"] != "12" || got["retention.drives.nas.keep_last"] != "" || got["drill.scratch"] != "lab" || got["perdrive"] != "" {
		t.Errorf("saved is %v", got)
	}
	made := "/jobs/" + s.store.jobs[len(s.store.jobs)-1].ID
	again := parse(t, s.get(t, made+"/edit"))
	if value := attribute(again.one(t, "input", "name", "retention.drives.nas.monthly"), "value"); value != "12" {
		t.Errorf("the form shows %q", value)
	}
	wrong := s.submit(t, made+"/edit", sent(t, again, map[string]string{"retention.drives.nas.monthly": "many"}))
	if said := words(parse(t, wrong).one(t, "p", "id", "fault-retention.drives.nas.monthly")); wrong.Code != http.StatusUnprocessableEntity || !strings.Contains(said, "whole number") {
		t.Errorf("status %d: %s", wrong.Code, said)
	}
	// htmx escapes names that a header does not take.
	checked := s.submit(t, "/jobs/check", sent(t, again, map[string]string{"retention.drives.nas.monthly": "many"}), "HX-Trigger-Name", "retention%2Edrives.nas.monthly", "HX-Trigger-Name-URI-AutoEncoded", "true")
	if !strings.Contains(checked.Body.String(), "whole number") {
		t.Errorf("while it is typed: status %d: %s", checked.Code, checked.Body)
	}
	if w := s.submit(t, made+"/edit", sent(t, again, map[string]string{"retention.drives.nas.monthly": ""})); w.Code != http.StatusSeeOther || p.saved[1].Fields["retention.drives.nas.monthly"] != "" {
		t.Errorf("status %d: the rule of the drive does not go", w.Code)
	}
}
