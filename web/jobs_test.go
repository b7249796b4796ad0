package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

const jobPath = "/jobs/" + jobID

func TestJobPageSaysWhenAndWhatIsKept(t *testing.T) {
	s := newSite(t)
	j := &s.store.jobs[0]
	j.DriveIDs, j.Timezone, j.Window, j.Spread, j.Timeout = []string{driveID}, "Europe/Paris", "22:00-06:00", 30*time.Minute, 6*time.Hour
	j.DrillAfter, j.Retention = true, models.Retention{Last: 3, Daily: 7, Within: 30 * 24 * time.Hour}
	s.store.missed = []models.Missed{{JobID: jobID, First: testNow.Add(-9 * time.Hour), Last: testNow.Add(-9 * time.Hour), Slots: 1, Reason: "no server was running"}}
	got := words(parse(t, s.get(t, jobPath)).one(t, "main", "", ""))
	for _, want := range []string{
		"shop-nightly", "shop · MySQL or MariaDB", "Every day at 03:00", "Europe/Paris", "Only between 22:00 and 06:00", "30 minutes", "6 hours, then it is stopped",
		"After each finished backup", "Mon 23 Nov, 14:00", "Fri 27 Nov, 14:00", "Mon 23 Nov, 04:00", "No server was running.",
		"On nas", "The newest 3 copies, the newest copy of each of the last 7 days and everything younger than 30 days.", "Nothing of this job has been removed yet.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q:\n%s", want, got)
		}
	}
}

func TestJobWithoutAScheduleOrBackups(t *testing.T) {
	s := newSite(t)
	s.store.jobs[0].Cron, s.store.backups = "", nil
	d := parse(t, s.get(t, jobPath))
	got := words(d.one(t, "main", "", ""))
	for _, want := range []string{"Only when asked", "There is no backup yet", "This job has no rules of retention"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if len(d.all("form", "action", jobPath+"/pause")) != 0 {
		t.Error("a job without a schedule can be paused")
	}
}

func TestJobThatLeftTheConfiguration(t *testing.T) {
	s := newSite(t)
	s.store.jobs[0].RemovedAt = &testNow
	d := parse(t, s.get(t, jobPath))
	if got := words(d.one(t, "main", "", "")); !strings.Contains(got, "has left the configuration") {
		t.Errorf("the page says %q", got)
	}
	for _, what := range []string{"/run", "/pause"} {
		if len(d.all("form", "action", jobPath+what)) != 0 {
			t.Errorf("the page offers %s", what)
		}
	}
	if w := s.ask(t, http.MethodPost, jobPath+"/pause", ""); w.Code != http.StatusConflict || s.store.jobs[0].PausedAt != nil {
		t.Errorf("pausing it: status %d", w.Code)
	}
}

func TestPauseAndResumeByForm(t *testing.T) {
	s := newSite(t)
	w := s.ask(t, http.MethodPost, jobPath+"/pause", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != jobPath+"#when" {
		t.Fatalf("pause: status %d to %s", w.Code, w.Header().Get("Location"))
	}
	d := parse(t, s.get(t, jobPath))
	if got := words(d.one(t, "", "id", "paused")); !strings.Contains(got, "Mon 23 Nov, 12:00 UTC") || !strings.Contains(got, "Whoever may run this job can resume it") {
		t.Errorf("the page says %q", got)
	}
	if got := words(d.one(t, "", "id", "next-runs")); !strings.Contains(got, "paused") {
		t.Errorf("next runs: %q", got)
	}
	if got := words(parse(t, s.get(t, "/")).one(t, "article", "id", "job-"+jobID)); !strings.Contains(got, "paused just now") {
		t.Errorf("the card says %q", got)
	}
	if w := s.ask(t, http.MethodPost, jobPath+"/pause", ""); w.Code != http.StatusConflict {
		t.Errorf("pausing again: status %d", w.Code)
	}
	if w := s.ask(t, http.MethodPost, jobPath+"/resume", ""); w.Code != http.StatusSeeOther || s.store.jobs[0].PausedAt != nil {
		t.Errorf("resume: status %d", w.Code)
	}
}

func TestJobFormsAreRefused(t *testing.T) {
	for path, want := range map[string]int{"/jobs/7/pause": 400, "/jobs/" + unknownID + "/pause": 404, jobPath + "/resume": 409, "/jobs/" + unknownID + "/prune": 404} {
		s := newSite(t)
		if w := s.ask(t, http.MethodPost, path, ""); w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
		if w := s.ask(t, http.MethodPost, path, "", "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
			t.Errorf("%s from elsewhere: status %d", path, w.Code)
		}
	}
	s := newSite(t)
	if w := s.get(t, jobPath+"?from=x"); w.Code != http.StatusBadRequest {
		t.Errorf("a place that is none: status %d", w.Code)
	}
}

func TestRulesAreTriedByAddress(t *testing.T) {
	s := newSite(t)
	s.retention.goes = []string{failedCopy}
	d := parse(t, s.get(t, jobPath+"?try=1&keep_last=2&keep_within=30d&max_size=1.5TB"))
	if want := (models.Retention{Last: 2, Within: 30 * 24 * time.Hour, MaxSize: 1_500_000_000_000}); s.retention.tried == nil || *s.retention.tried != want {
		t.Fatalf("tried %+v, want %+v", s.retention.tried, want)
	}
	if got := words(d.one(t, "code", "id", "retention-yaml")); got != "retention: {keep_last: 2, keep_within: 30d, max_size: 1.5TB}" {
		t.Errorf("the YAML is %q", got)
	}
	if got := words(d.one(t, "", "id", "plan-sum")); !strings.Contains(got, "1 copy (0 B) would go") {
		t.Errorf("the plan says %q", got)
	}
	if len(d.all("form", "action", jobPath+"/prune")) != 0 {
		t.Error("rules that are only tried can be carried out")
	}
	first := d.one(t, "div", "id", "plan")
	rows := document{first}.all("li", "", "")
	if len(rows) != 2 || !has(rows[0], "data-goes", "") || has(rows[1], "data-goes", "") {
		t.Errorf("what goes does not come first among %d copies", len(rows))
	}
}

func TestRulesThatCannotBeReadKeepWhatWasTyped(t *testing.T) {
	for query, want := range map[string]struct{ field, typed, says string }{
		"keep_last=many":     {"keep_last", "many", "whole number from 0 to 1000000"},
		"daily=-1":           {"daily", "-1", "whole number"},
		"keep_within=a+week": {"keep_within", "a week", "such as 30m, 6h, 30d or 2w"},
		"max_size=200":       {"max_size", "200", "such as 200GB"},
	} {
		s := newSite(t)
		w := s.get(t, jobPath+"?try=1&weekly=4&"+query)
		d := parse(t, w)
		input := d.one(t, "input", "name", want.field)
		if w.Code != http.StatusBadRequest || attribute(input, "value") != want.typed || attribute(input, "aria-invalid") != "true" {
			t.Errorf("%s: status %d, kept %q", query, w.Code, attribute(input, "value"))
		}
		if got := words(d.one(t, "", "id", attribute(input, "aria-describedby"))); !strings.Contains(got, want.says) {
			t.Errorf("%s: the page says %q", query, got)
		}
		if attribute(d.one(t, "input", "name", "weekly"), "value") != "4" || len(d.all("", "id", "retention-yaml")) != 0 || s.retention.tried != nil {
			t.Errorf("%s: the other rule is lost, or some were tried", query)
		}
	}
	s := newSite(t)
	if got := words(parse(t, s.get(t, jobPath+"?try=1")).one(t, "", "id", "try-problem")); !strings.Contains(got, "at least one rule") {
		t.Errorf("without rules the page says %q", got)
	}
}

func TestRemoveNowTellsWhatGoes(t *testing.T) {
	s := newSite(t)
	s.retention.goes = []string{copyID}
	d := parse(t, s.get(t, jobPath))
	form := document{d.one(t, "form", "action", jobPath+"/prune")}
	if got := words(form.root); !strings.Contains(got, "1 copy (12 B) goes for good from nas") {
		t.Errorf("the form says %q", got)
	}
	send := url.Values{}
	for _, n := range form.all("input", "", "") {
		send.Set(attribute(n, "name"), attribute(n, "value"))
	}
	post := func() (int, string) {
		w := s.ask(t, http.MethodPost, jobPath+"/prune", send.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if w.Code == http.StatusSeeOther {
			return w.Code, w.Header().Get("Location")
		}
		return w.Code, words(parse(t, w).one(t, "", "id", "refused"))
	}
	s.retention.goes = append(s.retention.goes, failedCopy)
	if status, said := post(); status != http.StatusConflict || !strings.Contains(said, "2 copies") || len(s.retention.calls) != 0 {
		t.Errorf("more goes than was told: status %d, %q, did %q", status, said, s.retention.did())
	}
	s.retention.goes, s.retention.rests = []string{copyID}, "an alarm about shop-nightly is not looked at yet"
	if status, said := post(); status != http.StatusConflict || !strings.Contains(said, "An alarm about shop-nightly") {
		t.Errorf("while it rests: status %d, %q", status, said)
	}
	s.retention.rests = ""
	if status, to := post(); status != http.StatusSeeOther || to != jobPath+"#removals" || !strings.HasSuffix(s.retention.did(), "prune "+jobID) {
		t.Errorf("status %d to %s, did %q", status, to, s.retention.did())
	}
}

func TestRemoveNowIsOfferedWhereAPersonMay(t *testing.T) {
	for name, c := range map[string]struct {
		rests  string
		byHand bool
		offers int
	}{
		"nothing forbids it":      {"", false, 1},
		"it rests":                {"the job is paused", false, 0},
		"it rests only by itself": {"the rules changed", true, 1},
	} {
		s := newSite(t)
		s.retention.goes, s.retention.rests, s.retention.byHand = []string{copyID}, c.rests, c.byHand
		d := parse(t, s.get(t, jobPath))
		if got := len(d.all("form", "action", jobPath+"/prune")); got != c.offers {
			t.Errorf("%s: offered %d times, want %d", name, got, c.offers)
		}
		if c.rests != "" && !strings.Contains(strings.ToLower(words(d.one(t, "", "id", "rests"))), c.rests) {
			t.Errorf("%s: the page does not say why", name)
		}
	}
}

func TestRemovalsTellTheirState(t *testing.T) {
	s := newSite(t)
	later := testNow.Add(5 * time.Minute)
	base := models.Removal{JobID: jobID, DriveID: driveID, FileName: "a.sql.zst", BackupMade: testNow.AddDate(0, 0, -40), Reason: "no rule of retention keeps it"}
	done, waits := base, base
	done.DoneAt = &testNow
	waits.Error, waits.TryAt, waits.Tries = "the drive nas is not mounted", &later, 3
	s.store.removals = []models.Removal{base, waits, done}
	d := parse(t, s.get(t, jobPath))
	for state, want := range map[string]string{"Being removed": "No rule of retention keeps it.", "Waiting for the drive": "The drive nas is not mounted.", "Removed": "just now"} {
		if got := words(d.one(t, "li", "data-removal", state)); !strings.Contains(got, want) {
			t.Errorf("%s says %q", state, got)
		}
	}
}

func TestPlanIsShownInParts(t *testing.T) {
	s := newSite(t)
	for n := range 60 {
		id := models.NewID()
		s.store.backups = append(s.store.backups, models.Backup{ID: id, JobID: jobID, Status: models.StatusFinished, CreatedAt: testNow.AddDate(0, 0, -n-1),
			DriveFiles: []models.DriveFile{{ID: "copy", BackupID: id, DriveID: driveID, Status: models.StatusFinished}}})
	}
	seen, path := 0, jobPath+"?try=1&daily=7"
	for parts := 0; path != "" && parts < 9; parts++ {
		d := parse(t, s.get(t, path))
		seen += len(document{d.one(t, "", "id", "plan")}.all("th", "scope", "row"))
		if s.retention.tried == nil || s.retention.tried.Daily != 7 {
			t.Fatalf("%s forgets the rules that are tried", path)
		}
		path = ""
		for _, n := range d.all("a", "id", "plan-after") {
			path = attribute(n, "href")
		}
	}
	if seen != 62 {
		t.Errorf("the parts show %d backups, want 62", seen)
	}
	if w := s.get(t, jobPath+"?from=999999"); w.Code != http.StatusOK || len(parse(t, w).all("th", "scope", "row")) == 0 {
		t.Errorf("a place behind the end: status %d", w.Code)
	}
}

func TestLandingTellsOfAMissedRunUntilOneIsMade(t *testing.T) {
	s := newSite(t)
	s.store.missed = []models.Missed{{JobID: jobID, First: testNow.Add(-30 * time.Second), Last: testNow.Add(-30 * time.Second), Slots: 1, Reason: "no server was running"}}
	card := func() string { return words(parse(t, s.get(t, "/")).one(t, "article", "id", "job-"+jobID)) }
	if got := card(); !strings.Contains(got, "No server was running.") {
		t.Errorf("the card says %q", got)
	}
	s.store.backups[0].CreatedAt = testNow
	if got := card(); strings.Contains(got, "No server was running.") {
		t.Error("the card tells of a slot after which something has run")
	}
	if d := parse(t, s.get(t, "/")); attribute(d.one(t, "a", "id", "open-"+jobID), "href") != jobPath {
		t.Error("the card does not lead to the page of its job")
	}
}

func TestPinByForm(t *testing.T) {
	s := newSite(t)
	s.store.jobs[0].Timezone = "Europe/Paris"
	path := "/backups/" + finishedID
	send := func(what, form string) int {
		return s.ask(t, http.MethodPost, path+"/"+what, form, "Content-Type", "application/x-www-form-urlencoded").Code
	}
	if status := send("pin", ""); status != http.StatusSeeOther {
		t.Fatalf("status %d", status)
	}
	if got := words(parse(t, s.get(t, path)).one(t, "", "data-pinned", "")); !strings.Contains(got, "Kept until somebody unpins it.") {
		t.Errorf("the page says %q", got)
	}
	if len(parse(t, s.get(t, "/backups")).all("span", "data-pinned", "")) != 1 {
		t.Error("the list does not mark what is pinned")
	}
	if status := send("pin", "until=2026-12-24"); status != http.StatusSeeOther {
		t.Fatalf("status %d", status)
	}
	if got := words(parse(t, s.get(t, path)).one(t, "", "data-pinned", "")); !strings.Contains(got, "Kept until the end of Thu 24 Dec 2026, Europe/Paris time.") {
		t.Errorf("the page says %q", got)
	}
	if status := send("unpin", ""); status != http.StatusSeeOther || len(parse(t, s.get(t, path)).all("", "data-pinned", "")) != 0 {
		t.Errorf("unpin: status %d", status)
	}
	if got, want := s.retention.did(), "pin "+finishedID+" for ever, pin "+finishedID+" 2026-12-24T23:00:00Z, unpin "+finishedID; got != want {
		t.Errorf("did %q, want %q", got, want)
	}
}

func TestPinThatCannotBeMadeKeepsWhatWasTyped(t *testing.T) {
	for typed, want := range map[string]string{"2026-11-22": "over already", "tomorrow": "is not a day", "2999-01-01": "for ever instead"} {
		s := newSite(t)
		w := s.ask(t, http.MethodPost, "/backups/"+finishedID+"/pin", "until="+typed, "Content-Type", "application/x-www-form-urlencoded")
		d := parse(t, w)
		if got := words(d.one(t, "", "id", "pin-problem")); w.Code != http.StatusBadRequest || !strings.Contains(got, want) {
			t.Errorf("%s: status %d, said %q", typed, w.Code, got)
		}
		if attribute(d.one(t, "input", "name", "until"), "value") != typed || len(s.retention.calls) != 0 {
			t.Errorf("%s: not kept, or did %q", typed, s.retention.did())
		}
	}
}

func TestAddressOfARemovedBackupSaysWhy(t *testing.T) {
	s := newSite(t)
	s.store.gone = map[string]string{unknownID: "the backup of 2 October 2026 was removed on 2 November 2026: no rule of retention keeps it"}
	w := s.get(t, "/backups/"+unknownID)
	if got := words(parse(t, w).one(t, "main", "", "")); w.Code != http.StatusNotFound || !strings.Contains(got, "removed on 2 November 2026: no rule of retention keeps it") {
		t.Errorf("status %d: %s", w.Code, got)
	}
	if said := wantError(t, s.get(t, "/api/backups/"+unknownID), http.StatusNotFound); !strings.Contains(said, "removed on 2 November 2026") {
		t.Errorf("the API says %q", said)
	}
}

func TestFaultOfRetentionIsInternal(t *testing.T) {
	s := newSite(t)
	s.retention.err = errors.New("password=hunter2")
	if w := s.get(t, jobPath); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("status %d", w.Code)
	}
}
