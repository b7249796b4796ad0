package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestLandingHasARowForEachDatabase(t *testing.T) {
	s := newSite(t)
	s.store.backups[0].Status = models.StatusFailed
	s.store.sources = append(s.store.sources, models.Source{ID: unknownID, Label: "crm", Provider: "postgres"})
	d := parse(t, s.get(t, "/"))
	row := words(d.one(t, "section", "id", "database-"+sourceID))
	for _, want := range []string{"shop", "Failing", "MariaDB", "Newest proven copy", "2 h ago", "Copies on", "nas", "Next run", "Last 30 days", "80 MB", "Retry"} {
		if !strings.Contains(row, want) {
			t.Errorf("the row does not say %q: %s", want, row)
		}
	}
	bare := words(d.one(t, "section", "id", "database-"+unknownID))
	if !strings.Contains(bare, "Unprotected") || !strings.Contains(bare, "No job backs it up.") {
		t.Errorf("a database without a job: %s", bare)
	}
	d.one(t, "a", "href", "/setup/job?source="+unknownID)
	strip := d.one(t, "a", "data-strip", "")
	if got := words(strip); !strings.HasSuffix(got, "The last 30 days of shop: 1 failed and 29 without a run.") || attribute(strip, "href") != "/jobs/"+jobID+"#history" {
		t.Errorf("the strip says %q and leads to %s", got, attribute(strip, "href"))
	}
	if n := len(d.all("rect", "x", "")); n < 30 {
		t.Errorf("the strip has %d cells", n)
	}
	if sum := words(d.one(t, "section", "id", "summary")); !strings.Contains(sum, "1 of 2") || !strings.Contains(sum, "33 % 1 of 3 runs") || !strings.Contains(sum, "12 B on 1 drive") {
		t.Errorf("the summary says %s", sum)
	}
}

// The first part has what needs attention, and the top counts all.
func TestLandingOfVeryManyDatabases(t *testing.T) {
	s := newSite(t)
	for n := range 130 {
		s.store.sources = append(s.store.sources, models.Source{ID: fmt.Sprintf("many-%03d", n), Label: fmt.Sprintf("many-%03d", n), Provider: "sqlite"})
	}
	seen := map[string]bool{}
	path := "/"
	for pages := 0; path != ""; pages++ {
		if pages > 3 {
			t.Fatal("the overview has no end")
		}
		d := parse(t, s.get(t, path))
		rows := 0
		for _, section := range d.all("section", "", "") {
			if id := attribute(section, "id"); strings.HasPrefix(id, "database-") {
				seen[id] = true
				rows++
			}
		}
		if rows > 60 {
			t.Errorf("%s has %d rows", path, rows)
		}
		if got := words(d.one(t, "section", "id", "summary")); !strings.Contains(got, "1 of 131") {
			t.Errorf("the summary of %s does not count all: %s", path, got)
		}
		path = ""
		for _, a := range d.all("a", "id", "next-part") {
			path = attribute(a, "href")
		}
	}
	if len(seen) != 131 {
		t.Errorf("%d of 131 databases were shown", len(seen))
	}
	if w := s.get(t, "/?page=99"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "121 to 131 of 131") {
		t.Errorf("a page beyond the last: status %d", w.Code)
	}
	for _, bad := range []string{"0", "-1", "x", "99999999999999999999"} {
		if w := s.get(t, "/?page="+bad); w.Code != http.StatusBadRequest {
			t.Errorf("page %s: status %d", bad, w.Code)
		}
	}
}

// Many readers share what was read, and a person's own click shows at once.
func TestLandingIsSharedUntilSomethingChanges(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	s.store.backups = s.store.backups[2:]
	s.get(t, "/")
	before := s.store.summariesRead
	for range 5 {
		s.get(t, "/")
		s.get(t, "/jobs/"+jobID+"/card")
	}
	if s.store.summariesRead != before {
		t.Errorf("everything was read %d more times", s.store.summariesRead-before)
	}
	w := s.ask(t, http.MethodPost, "/jobs/"+jobID+"/run", "", "HX-Request", "true")
	d := parse(t, w)
	if got := attribute(d.one(t, "article", "id", "job-"+jobID), "data-state"); got != "Running" {
		t.Errorf("the card that was clicked is %q", got)
	}
	d.one(t, "section", "id", "summary")
	d.one(t, "div", "id", "head-"+sourceID)
	d = parse(t, s.get(t, "/"))
	if got := attribute(d.one(t, "article", "id", "job-"+jobID), "data-state"); got != "Running" {
		t.Errorf("the page after that says %q", got)
	}
	s.ask(t, http.MethodPost, "/jobs/"+jobID+"/pause", "")
	if got := words(parse(t, s.get(t, "/")).one(t, "article", "id", "job-"+jobID)); !strings.Contains(got, "Paused") {
		t.Errorf("after a pause the card says %q", got)
	}
}

// The first who looks finds the past read.
func TestLandingIsReadBeforeSomebodyAsks(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	read := s.store.pointsRead
	s.get(t, "/")
	if read == 0 || s.store.pointsRead != read {
		t.Errorf("the past was read %d times before somebody looked, and %d times after", read, s.store.pointsRead)
	}
}

// What is kept of the past follows what jobs do, although little of it is read anew.
func TestLandingFollowsWhatIsKeptOfThePast(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Nanosecond })
	strip := func() string { return words(parse(t, s.get(t, "/")).one(t, "a", "data-strip", "")) }
	s.store.backups = s.store.backups[2:]
	if got := strip(); !strings.Contains(got, "1 proven and 29 without a run") {
		t.Fatalf("at first it says %q", got)
	}
	read := s.store.pointsRead
	strip()
	if s.store.pointsRead != read {
		t.Error("runs were read anew although nothing has changed")
	}
	failed := models.Backup{ID: failedID, JobID: jobID, Label: "shop-nightly", Status: models.StatusFailed, CreatedAt: testNow.Add(-time.Minute), Error: "the dump ended early"}
	s.store.backups = append([]models.Backup{failed}, s.store.backups...)
	if got := strip(); !strings.Contains(got, "1 failed and 29 without a run") || !strings.Contains(got, "the dump ended early") {
		t.Errorf("after a failure it says %q", got)
	}
	s.store.backups[0].Status, s.store.backups[0].ProvenAt = models.StatusFinished, &testNow
	s.store.totals = map[string]models.DriveTotals{driveID: {DriveID: driveID, Finished: 3, Bytes: 5_000_000}}
	if got := words(parse(t, s.get(t, "/")).one(t, "section", "id", "summary")); !strings.Contains(got, "5.0 MB") {
		t.Errorf("after another copy the summary says %q", got)
	}
	if got := strip(); !strings.Contains(got, "1 proven") || strings.Contains(got, "failed") {
		t.Errorf("after a retry it says %q", got)
	}
}

func TestPollingACardBringsOnlyTheCard(t *testing.T) {
	s := newSite(t)
	running := s.get(t, "/jobs/"+jobID+"/card")
	d := parse(t, running)
	if len(d.all("section", "", "")) != 0 || len(d.all("div", "id", "head-"+sourceID)) != 0 || len(d.all("", "id", "announcer")) != 0 {
		t.Errorf("a card that still runs brings more than itself: %s", running.Body)
	}
	s.store.backups[0].Status = models.StatusFinished
	d = parse(t, s.get(t, "/jobs/"+jobID+"/card"))
	d.one(t, "section", "id", "summary")
	if head := d.one(t, "div", "id", "head-"+sourceID); attribute(head, "hx-swap-oob") != "outerHTML" {
		t.Error("the head of the row does not replace the page's")
	}
}

func TestPagesTellThePast(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, "/jobs/"+jobID))
	if got := words(d.one(t, "section", "aria-labelledby", "history")); !strings.Contains(got, "1 of 2 runs went well in the last 30 days.") || !strings.Contains(got, "11:00 failed") {
		t.Errorf("the job's page says %q", got)
	}
	if got := s.get(t, "/drives/"+driveID).Body.String(); strings.Contains(got, "Room over time") {
		t.Error("a drive of which nothing was written down has a chart")
	}
	for n := range 10 {
		s.store.usages = append(s.store.usages, models.DriveUsage{DriveID: driveID, Day: testNow.AddDate(0, 0, n-9).Format(time.DateOnly), Copies: int64(n), Bytes: int64(n) * 10, Free: 1900 - 100*int64(n), Total: 2000})
	}
	d = parse(t, s.get(t, "/drives/"+driveID))
	if got := words(d.one(t, "section", "aria-labelledby", "usage")); !strings.Contains(got, "It will be full in about 10 days at this pace.") || !strings.Contains(got, "1.0 kB of 2.0 kB (9 copies, 90 B)") {
		t.Errorf("the drive's page says %q", got)
	}
}

// A run is read once for all who follow it, until somebody changes something.
func TestARunIsReadOnceForAllWhoFollowIt(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	for range 3 {
		if w := s.get(t, "/backups/"+pendingID+"/live"); w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
	}
	if s.store.backupsRead != 1 {
		t.Errorf("it was read %d times", s.store.backupsRead)
	}
	s.ask(t, http.MethodPost, "/jobs/"+jobID+"/pause", "")
	before := s.store.backupsRead
	s.get(t, "/backups/"+pendingID+"/live")
	if s.store.backupsRead != before+1 {
		t.Error("after a change it was not read anew")
	}
}

// What is new of a log reaches each who follows a run, whatever the others have of it.
func TestWhoFollowsARunGetsWhatTheirPageLacksOfTheLog(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	s.store.logs[pendingID] = strings.Repeat("a line before\n", 600) + "the newest line\n"
	length := len(s.store.logs[pendingID])
	look := func(log int) string {
		w := s.get(t, fmt.Sprintf("/backups/%s/live?phase=dumping&read=0&sent=0&log=%d&at=1", pendingID, log))
		if w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
		return w.Body.String()
	}
	for _, have := range []int{length - 16, length, length - 16 - 14, 14, 0, length + 1, length - 16} {
		want := max(0, length-have)
		if have > length {
			want = length // the page begins anew
		}
		got := look(have)
		begins, ends := `<code hx-swap-oob="beforeend:#log-text">`, "</code>"
		if have == 0 || have > length {
			begins = `<code id="log-text" hx-swap-oob="innerHTML">`
			want = min(want, len(strings.Repeat("a line before\n", 199))+16)
		}
		_, text, found := strings.Cut(got, begins)
		text, _, _ = strings.Cut(text, ends)
		if found != (want > 0) || len(text) != want || want > 0 && !strings.HasSuffix(text, "the newest line\n") {
			t.Errorf("who has %d bytes of %d gets %d, not %d", have, length, len(text), want)
		}
	}
}

// A page that saw what was read last is told nothing, and goes on to ask.
func TestWhoHasSeenWhatWasReadOfARunIsToldNothing(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	first := s.get(t, "/backups/"+pendingID+"/live")
	next := attribute(parse(t, first).one(t, "section", "id", "backup-run"), "hx-get")
	if w := s.get(t, next); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("status %d with %d bytes", w.Code, w.Body.Len())
	}
	s.now = s.now.Add(time.Second)
	s.ask(t, http.MethodPost, "/jobs/"+jobID+"/pause", "")
	if w := s.get(t, next); w.Code != http.StatusOK {
		t.Errorf("after a change: status %d", w.Code)
	}
}

// A card that follows a run shows it as it is by now, and reads nothing else for that.
func TestACardFollowsItsRunAlone(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Hour })
	s.get(t, "/")
	read := s.store.summariesRead
	s.store.backups[0].RawSize = 70_000_000
	d := parse(t, s.get(t, "/jobs/"+jobID+"/card"))
	card := d.one(t, "article", "id", "job-"+jobID)
	if got := words(card); !strings.Contains(got, "70 MB") || attribute(card, "data-state") != "Running" {
		t.Errorf("the card says %q", got)
	}
	if s.store.summariesRead != read {
		t.Error("everything was read for it")
	}
}

// It tells the end of its run, also where everything is shared.
func TestACardThatFollowsARunTellsItsEnd(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Shared = time.Nanosecond })
	path := "/jobs/" + jobID + "/card"
	if got := attribute(parse(t, s.get(t, path)).one(t, "article", "id", "job-"+jobID), "data-state"); got != "Running" {
		t.Fatalf("at first it is %q", got)
	}
	s.store.backups[0].Status, s.store.backups[0].ProvenAt = models.StatusFinished, &testNow
	d := parse(t, s.get(t, path))
	if got := attribute(d.one(t, "article", "id", "job-"+jobID), "data-state"); got == "Running" {
		t.Errorf("after the end it is %q", got)
	}
	d.one(t, "section", "id", "summary")
	if w := s.get(t, "/jobs/"+unknownID+"/card"); w.Code != http.StatusNotFound {
		t.Errorf("a job that there is not: status %d", w.Code)
	}
}
