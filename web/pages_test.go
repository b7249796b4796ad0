package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/middleware"
)

var everyPage = []string{
	"/", "/backups", "/backups/" + finishedID, "/backups/" + failedID, "/backups/" + pendingID, "/backups/" + unknownID, "/nothing", "/backups/7",
	"/restores", "/restores/" + restoreID, "/restores/" + unknownID, "/restores/new", "/drills/" + drillID, restorePath, restorePath + planQuery, "/backups/" + finishedID + "/compare",
	"/jobs/" + jobID, "/jobs/" + jobID + "?try=1&keep_last=x", "/jobs/" + unknownID,
	"/drives", "/drives/" + driveID + "/key", "/drives/sign-in/callback?state=x", "/search", "/search?q=shop",
}

func TestEveryPageHasItsFrame(t *testing.T) {
	s := newSite(t)
	for _, path := range everyPage {
		w := s.get(t, path)
		d := parse(t, w)
		for _, tag := range []string{"main", "header", "footer", "h1", "title"} {
			// A picture's parts have titles of their own.
			found := slices.DeleteFunc(d.all(tag, "", ""), func(n *html.Node) bool { return n.Namespace == "svg" })
			if len(found) != 1 {
				t.Errorf("%s has %d of <%s>", path, len(found), tag)
			}
		}
		d.one(t, "a", "href", "#main")
		d.one(t, "", "aria-live", "polite")
		if attribute(d.all("html", "", "")[0], "lang") == "" {
			t.Errorf("%s has no language", path)
		}
	}
}

func TestNoPageHasInlineCode(t *testing.T) {
	s := newSite(t)
	for _, path := range everyPage {
		d := parse(t, s.get(t, path))
		for n := range d.root.Descendants() {
			if n.Data == "style" || n.Data == "script" && !has(n, "src", "") {
				t.Errorf("%s has an inline <%s>", path, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || strings.HasPrefix(a.Val, "javascript:") {
					t.Errorf("%s has the inline %s=%q on <%s>", path, a.Key, a.Val, n.Data)
				}
			}
		}
	}
}

func TestEveryAnswerCarriesItsHeaders(t *testing.T) {
	s := newSite(t)
	for _, path := range append([]string{"/api/backups", "/health", "/api/nothing"}, everyPage...) {
		h := s.get(t, path).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "same-origin",
			"Cache-Control":           "no-store",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
}

func TestLandingSortsByUrgency(t *testing.T) {
	s := newSite(t)
	at := testNow.Add(-time.Hour)
	add := func(label string, status models.Status, proven bool) {
		id := models.NewID()
		s.store.jobs = append(s.store.jobs, models.Job{ID: id, Label: label, SourceID: sourceID, Timezone: "UTC", CreatedAt: testNow.AddDate(0, 0, -9)})
		if status == "" {
			s.store.jobs[len(s.store.jobs)-1].CreatedAt = testNow
			return
		}
		b := models.Backup{ID: models.NewID(), JobID: id, Label: label, Status: status, CreatedAt: at, Error: "the drive is full"}
		if proven {
			b.ProvenAt = &at
		}
		s.store.backups = append(s.store.backups, b)
	}
	add("proven", models.StatusFinished, true)
	add("unproven", models.StatusFinished, false)
	at = testNow.AddDate(0, 0, -2)
	add("overdue", models.StatusFinished, true)
	at = testNow.Add(-time.Hour)
	add("never", "", false)
	add("failing", models.StatusFailed, false)
	d := parse(t, s.get(t, "/"))
	var order []string
	for _, n := range d.all("article", "", "") {
		order = append(order, attribute(n, "data-state"))
	}
	if got, want := strings.Join(order, ", "), "Failing, Overdue, Never backed up, Running, Not proven yet, Proven"; got != want {
		t.Errorf("order is %s, want %s", got, want)
	}
	if got := words(d.one(t, "section", "id", "summary")); !strings.Contains(got, "Yes, but look") || !strings.Contains(got, "failing") {
		t.Errorf("the summary says %q", got)
	}
	if got := words(d.root); !strings.Contains(got, "The drive is full.") {
		t.Error("the reason of a failing job is not shown")
	}
}

func TestLandingWithoutJobsSaysHowToStart(t *testing.T) {
	s := newSite(t)
	s.store.sources, s.store.jobs, s.store.backups = nil, nil, nil
	got := words(parse(t, s.get(t, "/")).one(t, "main", "", ""))
	for _, want := range []string{"Three steps to your first backup", "Set up the first backup"} {
		if !strings.Contains(got, want) {
			t.Errorf("the empty page does not say %q", want)
		}
	}
}

func TestOnlyPendingThingsPoll(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string]int{
		"/": 1, "/backups": 1, "/backups/" + pendingID: 1, "/backups/" + finishedID: 0, "/backups/" + failedID: 0,
		"/restores": 1, "/restores/" + restoreID: 1, "/restores/" + restoreID + "/live": 1, "/drills/" + drillID: 0, "/backups/" + finishedID + "/proof": 0, restorePath: 0, restorePath + planQuery: 0,
		"/backups/" + pendingID + "/row": 1, "/backups/" + finishedID + "/row": 0,
		"/backups/" + pendingID + "/live": 1, "/backups/" + finishedID + "/live": 0, "/jobs/" + jobID + "/card": 1,
	} {
		// A row stands alone only inside a template, as htmx parses it.
		body := s.get(t, path).Body.String()
		if got := strings.Count(body, `hx-trigger="every `); got != want {
			t.Errorf("%s polls %d times, want %d", path, got, want)
		}
	}
	s.store.backups[0].Status = models.StatusFinished
	if body := s.get(t, "/jobs/"+jobID+"/card").Body.String(); strings.Contains(body, "hx-trigger") || !strings.Contains(body, "has ended") {
		t.Errorf("a settled card still polls, or is not announced: %s", body)
	}
}

func TestSettledFragmentsBringTheRest(t *testing.T) {
	s := newSite(t)
	body := s.get(t, "/backups/"+finishedID+"/live").Body.String()
	for _, want := range []string{`id="backup-rest"`, `hx-swap-oob="outerHTML"`, "The backup of shop-nightly has finished."} {
		if !strings.Contains(body, want) {
			t.Errorf("the settled fragment lacks %q", want)
		}
	}
	pending := s.get(t, "/backups/"+pendingID+"/live").Body.String()
	if strings.Contains(pending, `id="backup-rest"`) {
		t.Error("the fragment of a pending backup would fold its log again")
	}
}

func TestRunNow(t *testing.T) {
	s := newSite(t)
	w := s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", "")
	started := s.store.backups[0]
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/backups/"+started.ID {
		t.Errorf("by form: status %d to %q", w.Code, w.Header().Get("Location"))
	}
	if got := strings.Join(s.backups.calls, ","); got != "start "+jobID+" page" {
		t.Errorf("called %s", got)
	}
	w = s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", "", "HX-Request", "true")
	d := parse(t, w)
	if got := attribute(d.one(t, "article", "id", "job-"+jobID), "data-state"); w.Code != http.StatusOK || got != "Running" {
		t.Errorf("by htmx: status %d, state %q", w.Code, got)
	}
	if got := w.Header().Get("Vary"); got != "HX-Request" {
		t.Errorf("Vary is %q", got)
	}
}

func TestRunNowThatCannot(t *testing.T) {
	s := newSite(t)
	s.backups.err = models.Conflictf("the job is running already")
	w := s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", "")
	if got := words(parse(t, w).one(t, "main", "", "")); w.Code != http.StatusConflict || !strings.Contains(got, "The job is running already.") {
		t.Errorf("by form: status %d: %s", w.Code, got)
	}
	w = s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", "", "HX-Request", "true")
	if w.Code != http.StatusConflict || w.Header().Get("HX-Retarget") != "#notices" || len(parse(t, w).all("header", "", "")) != 0 {
		t.Errorf("by htmx: status %d, target %q: %s", w.Code, w.Header().Get("HX-Retarget"), w.Body)
	}
}

func TestRetryLeadsBack(t *testing.T) {
	s := newSite(t)
	w := s.ask(t, http.MethodPost, "/backups/"+failedID+"/retry", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/backups/"+failedID {
		t.Errorf("status %d to %q", w.Code, w.Header().Get("Location"))
	}
	d := parse(t, s.get(t, "/backups/"+failedID))
	d.one(t, "form", "action", "/backups/"+failedID+"/retry")
	if got := words(d.one(t, "main", "", "")); !strings.Contains(got, `The drive "nas" is full: make room on it.`) {
		t.Errorf("the reason is not shown: %s", got)
	}
}

func TestFinishedBackupShowsWhatItHolds(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, "/backups/"+finishedID))
	got := words(d.one(t, "main", "", ""))
	for _, want := range []string{
		"Finished", "Proven", "80 MB", "/nas/a.sql.zst", "compared and identical 1 h ago", "1 table, 1,234 rows", "orders", "5.7 kB", "cdcdcdcdcdcd", "1 view",
		"zstd -dc /nas/a.sql.zst | mariadb --comments shop_restored", "1 table was equal.", "the dump was proven",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	d.one(t, "a", "href", "/backups/"+finishedID+"/files/"+copyID)
	for _, table := range d.all("table", "", "") {
		if len((document{table}).all("caption", "", "")) != 1 {
			t.Error("a table has no caption")
		}
	}
	for _, th := range d.all("th", "", "") {
		if attribute(th, "scope") == "" {
			t.Errorf("the heading %q has no scope", words(th))
		}
	}
}

func TestTimesTellTheExactSecond(t *testing.T) {
	d := parse(t, newSite(t).get(t, "/backups/"+finishedID))
	times := d.all("time", "datetime", "2026-11-23T10:00:00Z")
	if len(times) == 0 || attribute(times[0], "title") != "2026-11-23 10:00:00 UTC" || words(times[0]) != "2 h ago" {
		t.Errorf("%d times", len(times))
	}
}

func TestDownloadPage(t *testing.T) {
	s := newSite(t)
	w := s.get(t, "/backups/"+finishedID+"/files/"+copyID)
	if w.Code != http.StatusOK || w.Body.String() != "dump content" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment;") {
		t.Errorf("status %d, %q", w.Code, w.Header())
	}
	if w := s.get(t, "/backups/"+finishedID+"/files/"+failedCopy); w.Code != http.StatusNotFound || len(parse(t, w).all("h1", "", "")) != 1 || w.Header().Get("Content-Disposition") != "" {
		t.Errorf("a copy of another backup: status %d", w.Code)
	}
}

func TestListPagesAndFilters(t *testing.T) {
	s := newSite(t)
	s.store.backups = nil
	for i := range 60 {
		s.store.backups = append(s.store.backups, models.Backup{ID: models.NewID(), JobID: jobID, Label: "shop-nightly", Status: models.StatusFinished, CreatedAt: testNow.Add(-time.Duration(i) * time.Hour)})
	}
	seen, path := map[string]bool{}, "/backups?job="+jobID+"&status=finished"
	for pages := 0; path != ""; pages++ {
		if pages > 3 {
			t.Fatal("the list has no end")
		}
		d := parse(t, s.get(t, path))
		for _, row := range d.all("tr", "data-status", "") {
			seen[attribute(row, "id")] = true
		}
		path = ""
		for _, a := range d.all("a", "", "") {
			if words(a) == "Older" {
				path = attribute(a, "href")
			}
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d of 60 backups were listed", len(seen))
	}
	if got := words(parse(t, s.get(t, "/backups?status=failed")).one(t, "main", "", "")); !strings.Contains(got, "No backup matches") {
		t.Errorf("an empty filter shows %q", got)
	}
}

func TestPageErrors(t *testing.T) {
	s := newSite(t)
	for path, status := range map[string]int{
		"/nothing": 404, "/backups/7": 400, "/backups/" + unknownID: 404, "/backups?status=done": 400, "/backups?job=x": 400, "/backups?after=x": 400,
		"/jobs/" + unknownID + "/card": 404, "/jobs/" + jobID + "/run": 405, "/backups/" + finishedID + "/files/x": 400,
		restorePath + "/x": 404, "/backups/" + unknownID + "/restore": 404, "/backups/x/restore": 400, "/backups/" + finishedID + "/drill": 405, "/restores/" + unknownID: 404, "/restores/x": 400,
		"/restores/" + restoreID + "/cancel": 405, "/drills/" + unknownID: 404, "/drills/x/live": 400, "/drills/" + drillID + "/cancel": 405, "/alarms/" + alarmID + "/seen": 405,
		"/backups/" + finishedID + "/compare?with=x": 400, "/restores?drills-after=x": 400,
		"/drives/" + unknownID + "/card": 404, "/drives/x/card": 400, "/drives/" + driveID + "/check": 405, "/drives/" + driveID + "/trust": 405,
		"/drives/" + driveID + "/sign-in": 405, "/drives/" + driveID + "/key": 400, "/drives/" + unknownID + "/key": 404, "/drives/sign-in/callback": 400,
	} {
		w := s.get(t, path)
		if w.Code != status || len(parse(t, w).all("h1", "", "")) != 1 {
			t.Errorf("%s: status %d, want a page with %d", path, w.Code, status)
		}
	}
	s.store.failing = errors.New("password=hunter2")
	w := s.get(t, "/")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(s.log.String(), "hunter2") {
		t.Errorf("internal: status %d: %s", w.Code, w.Body)
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	s := newSite(t)
	s.store.jobs = []models.Job{{ID: jobID}}
	s.handler = New(Options{Store: s.store, Backups: s.backups, Catalog: s.catalog, Schedule: nil, Log: nil})
	if w := s.get(t, "/"); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "nil pointer") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestHostileTextIsEscaped(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`
	s := newSite(t)
	s.store.jobs[0].Label, s.store.sources[0].Label, s.store.drives[0].Label = hostile, hostile, hostile
	for i := range s.store.backups {
		b := &s.store.backups[i]
		b.Label, b.Warnings, b.FileName = hostile, hostile, hostile
		if b.Status == models.StatusFailed {
			b.Error = hostile
		}
		for k := range b.DriveFiles {
			path := hostile
			b.DriveFiles[k].Path, b.DriveFiles[k].Error, b.DriveFiles[k].Label = &path, hostile, hostile
		}
		s.store.logs[b.ID] = hostile
		s.store.drills[b.ID] = []models.Drill{{ID: drillID, BackupID: b.ID, Outcome: models.DrillDisproven, Reason: hostile, Server: hostile, Scratch: hostile}}
		s.store.manifests[b.ID] = models.Manifest{Provider: "mysql", Inventory: models.Inventory{
			Database: hostile, Tool: hostile, Tables: []models.TableDigest{{Name: hostile}}, Objects: []models.Object{{Kind: models.ObjectView, Name: hostile}, {Kind: models.ObjectKind(hostile), Name: "x"}},
		}}
	}
	r := &s.store.restores[0]
	r.Label, r.TargetName, r.TargetLabel, r.FileName, r.Status, r.Error, r.Warnings, r.Tables = hostile, hostile, hostile, hostile, models.StatusFailed, hostile, hostile, []models.TableName{{Name: hostile}}
	s.store.alarms = []models.Alarm{{ID: alarmID, JobID: jobID, BackupID: finishedID, Sentence: hostile}}
	p := &s.restores.plan
	p.TargetName, p.TargetLabel, p.Confirm, p.Problems, p.Warnings, p.NoSafety = hostile, hostile, hostile, []string{hostile}, []string{hostile}, hostile
	p.Overwrites, p.Copies[0].Drive, p.Copies[0].Why, p.Target.Server = []models.TargetTable{{TableName: models.TableName{Name: hostile}}}, hostile, hostile, hostile
	s.backups.err = models.Conflictf("%s", hostile)
	answers := map[string]*httptest.ResponseRecorder{
		"conflict": s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", ""),
		"notice":   s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", "", "HX-Request", "true"),
		"bad id":   s.get(t, "/backups/%22%3E%3Cscript%3Ealert(1)"),
	}
	for _, path := range []string{"/", "/backups", "/jobs/" + jobID + "/card", "/backups/" + finishedID, "/backups/" + failedID, "/backups/" + pendingID, "/backups/" + pendingID + "/row", "/backups/" + finishedID + "/live",
		"/restores", "/restores/" + restoreID, "/restores/" + restoreID + "/live", "/drills/" + drillID, restorePath, restorePath + planQuery, restorePath + "?find=" + url.QueryEscape(hostile), "/backups/" + finishedID + "/compare"} {
		answers[path] = s.get(t, path)
	}
	for name, w := range answers {
		d := parse(t, w)
		for _, script := range d.all("script", "", "") {
			if !strings.HasPrefix(attribute(script, "src"), "/static/") {
				t.Errorf("%s: a label became a script", name)
			}
		}
		if len(d.all("", "onerror", "")) != 0 {
			t.Errorf("%s: a label became an element", name)
		}
		if name != "bad id" && !strings.Contains(words(d.root), "<script>alert(1)</script>") {
			t.Errorf("%s: the text is not shown as it is", name)
		}
	}
}

func TestGetChangesNothing(t *testing.T) {
	s := newSite(t)
	for _, path := range append([]string{
		"/api/backups", "/api/backups/" + finishedID, "/api/backups/" + failedID + "/retry", "/api/backups/" + finishedID + "/generate-download-url", "/api/backups/" + finishedID + "/download",
		"/jobs/" + jobID + "/run", "/jobs/" + jobID + "/card", "/backups/" + failedID + "/retry", "/backups/" + pendingID + "/live", "/backups/" + pendingID + "/row", "/health",
		"/restores/" + restoreID + "/live", "/restores/" + restoreID + "/cancel", "/drills/" + drillID + "/cancel", "/backups/" + finishedID + "/drill", "/alarms/" + alarmID + "/seen",
		"/api/restores", "/api/drills", "/api/alarms", "/api/backups/" + finishedID + "/proof", "/api/backups/" + finishedID + "/restore", "/api/backups/" + finishedID + "/drill",
	}, everyPage...) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			s.ask(t, method, path, "", "HX-Request", "true")
		}
	}
	if len(s.backups.calls) != 0 {
		t.Errorf("reading called %s", s.backups.calls)
	}
	if r := s.restores; len(r.calls)+len(r.started)+len(r.drilled) != 0 || r.received != "" {
		t.Errorf("reading called %v, started %v and drilled %v", r.calls, r.started, r.drilled)
	}
}

func TestCrossOriginPostsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"another site":          {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a sister site":         {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"another origin":        {[]string{"Origin", "http://evil.example"}, 403},
		"another port":          {[]string{"Origin", "http://localhost:9999"}, 403},
		"the page itself":       {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:8080"}, 303},
		"no browser":            {nil, 303},
		"the configured origin": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "http://app.localhost:9000"}, 303},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *Options) { o.AppURL = "http://app.localhost:9000/" })
			if w := s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", "", c.headers...); w.Code != c.status {
				t.Errorf("page: status %d, want %d", w.Code, c.status)
			}
			if c.status == 403 {
				wantError(t, s.ask(t, http.MethodPost, "/api/backups", "", c.headers...), 403)
				if len(s.backups.calls) != 0 {
					t.Errorf("a refused request called %s", s.backups.calls)
				}
			}
		})
	}
}

func TestHosts(t *testing.T) {
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST:1": 200, "127.0.0.1:8080": 200, "127.9.9.9": 200, "[::1]:8080": 200, "app.localhost": 200,
		"backups.example": 200, "backups.example:8443": 200,
		"evil.example": 403, "localhost.evil.example": 403, "10.0.0.1": 403, "127.0.0.1.evil.example": 403, "backups.example.evil.example": 403,
	} {
		s := newSite(t, func(o *Options) { o.AppURL, o.APIKeys = "https://Backups.example", keys("k1") })
		for _, path := range []string{"/api/backups", "/health"} {
			w := s.get(t, path, "Host", host, "X-Api-Key", "k1")
			if w.Code != status {
				t.Errorf("%s of %s: status %d, want %d", path, host, w.Code, status)
			}
			if status == 403 && !strings.Contains(w.Body.String(), "http.app_url") {
				t.Errorf("%s of %s does not say what to do: %s", path, host, w.Body)
			}
		}
	}
	beyond := newSite(t, func(o *Options) { o.BeyondLoopback, o.APIKeys = true, keys("k1") })
	if w := beyond.get(t, "/api/backups", "Host", "10.0.0.1:8080", "X-Api-Key", "k1"); w.Code != http.StatusOK {
		t.Errorf("beyond loopback any host is right: status %d", w.Code)
	}
}

func TestPagesBeyondLoopbackAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"listening":      func(o *Options) { o.BeyondLoopback = true },
		"behind a proxy": func(o *Options) { o.AppURL = "https://backups.example" },
	} {
		t.Run(name, func(t *testing.T) { wantNoPages(t, newSite(t, change)) })
	}
}

func wantNoPages(t *testing.T, s *site) {
	t.Helper()
	for _, path := range []string{"/", "/backups", "/backups/" + finishedID, "/backups/" + finishedID + "/files/" + copyID} {
		w := s.get(t, path)
		got := words(parse(t, w).one(t, "main", "", ""))
		if w.Code != http.StatusForbidden || !strings.Contains(got, "127.0.0.1") || !strings.Contains(got, "ssh -L") || !strings.Contains(got, "http.api_keys") {
			t.Errorf("%s: status %d: %s", path, w.Code, got)
		}
		if strings.Contains(w.Body.String(), "shop-nightly") {
			t.Errorf("%s tells of a job", path)
		}
	}
	if w := s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", ""); w.Code != http.StatusForbidden || len(s.backups.calls) != 0 {
		t.Errorf("run: status %d, called %s", w.Code, s.backups.calls)
	}
	if w := s.get(t, "/health"); w.Code != http.StatusOK {
		t.Errorf("health: status %d", w.Code)
	}
}

func TestAssetsAreServedForEver(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, "/"))
	sheets := d.all("link", "rel", "stylesheet")
	if len(sheets) != 1 {
		t.Fatalf("%d style sheets", len(sheets))
	}
	w := s.get(t, attribute(sheets[0], "href"))
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("status %d, %v", w.Code, w.Header())
	}
	if w := s.get(t, "/static/app.000000000000.css"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown asset: status %d", w.Code)
	}
}

func TestBodiesOfPagesAreBounded(t *testing.T) {
	s := newSite(t)
	if w := s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", strings.Repeat("x", middleware.MaxBody+1)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", w.Code)
	}
}
