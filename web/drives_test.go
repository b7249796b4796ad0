package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// card is what a drive's card on the page of drives says.
func (s *site) card(t *testing.T, id string) string {
	t.Helper()
	return words(parse(t, s.get(t, "/drives")).one(t, "article", "id", "drive-"+id))
}

func TestDrivesPageTellsHowEachStands(t *testing.T) {
	s := newSite(t)
	if got := s.card(t, driveID); !strings.Contains(got, "Not checked yet") || !strings.Contains(got, "folder · /nas") || !strings.Contains(got, "1 · 12 B") || !strings.Contains(got, "1 copy failed") {
		t.Errorf("a drive that was never checked: %s", got)
	}
	at := testNow.Add(-time.Hour)
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: at, GoodAt: &at, Free: 412e9, Total: 1e12}
	if got := s.card(t, driveID); !strings.Contains(got, "Works") || !strings.Contains(got, "1 h ago") || !strings.Contains(got, "412 GB of 1.0 TB") {
		t.Errorf("a drive that works: %s", got)
	}
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: testNow, GoodAt: &at, Error: "the folder is gone: mount it"}
	if got := s.card(t, driveID); !strings.Contains(got, "Failed") || !strings.Contains(got, "The folder is gone: mount it.") || !strings.Contains(got, "worked 1 h ago") {
		t.Errorf("a drive that failed: %s", got)
	}
}

func TestLandingTellsOfDrivesInTrouble(t *testing.T) {
	s := newSite(t)
	if d := parse(t, s.get(t, "/")); len(d.all("", "id", "summary-drives")) != 0 {
		t.Error("a drive that was never checked is called one in trouble")
	}
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: testNow, Error: "its credentials are refused", NeedsSignIn: true}
	line := parse(t, s.get(t, "/")).one(t, "p", "id", "summary-drives")
	if got := words(line); got != "The drive nas failed its newest check. See the drives" {
		t.Errorf("the line says %q", got)
	}
	s.catalog.signIns[driveID] = &fakeSignIn{}
	s.store.backups[0].Status = models.StatusFinished
	card := s.get(t, "/jobs/"+jobID+"/card")
	if got := words(parse(t, card).one(t, "p", "id", "summary-drives")); got != "Sign in to nas. See the drives" {
		t.Errorf("beside a card it says %q", got)
	}
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: testNow, GoodAt: &testNow}
	if d := parse(t, s.get(t, "/")); len(d.all("", "id", "summary-drives")) != 0 {
		t.Error("a drive that works is called one in trouble")
	}
}

func TestDrivesPageWithoutDrivesSaysHowToStart(t *testing.T) {
	s := newSite(t)
	s.store.drives = nil
	if got := words(parse(t, s.get(t, "/drives")).one(t, "main", "", "")); !strings.Contains(got, "No drive is set up yet") || !strings.Contains(got, "provider: local") {
		t.Errorf("the empty page says %s", got)
	}
}

func TestDrivesPageThatCannotBeMade(t *testing.T) {
	s := newSite(t)
	s.store.failing = errors.New("password=hunter2")
	if w := s.get(t, "/drives"); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestCheckNow(t *testing.T) {
	s := newSite(t)
	path := "/drives/" + driveID + "/check"
	w := s.ask(t, http.MethodPost, path, "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/drives#drive-"+driveID || len(s.upkeep.calls) != 1 {
		t.Errorf("by form: status %d to %q, %d checks", w.Code, w.Header().Get("Location"), len(s.upkeep.calls))
	}
	s.upkeep.found = models.DriveCheck{CheckedAt: testNow, Error: "it is full"}
	w = s.ask(t, http.MethodPost, path, "", "HX-Request", "true")
	d := parse(t, w)
	if got := words(d.one(t, "article", "id", "drive-"+driveID)); w.Code != http.StatusOK || !strings.Contains(got, "It is full.") {
		t.Errorf("by htmx: status %d: %s", w.Code, got)
	}
	if got := words(d.one(t, "div", "id", "announcer")); got != "The check of the drive nas has failed: It is full." {
		t.Errorf("announced %q", got)
	}
	if w := s.ask(t, http.MethodPost, "/drives/"+unknownID+"/check", ""); w.Code != http.StatusNotFound {
		t.Errorf("an unknown drive: status %d", w.Code)
	}
	if w := s.ask(t, http.MethodPost, path, "", "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("from another site: status %d", w.Code)
	}
}

func TestALongCheckGoesOnWithoutItsPage(t *testing.T) {
	s := newSite(t)
	s.later.held = true
	body := s.ask(t, http.MethodPost, "/drives/"+driveID+"/check", "", "HX-Request", "true").Body.String()
	if got := words(parse(t, s.get(t, "/drives/"+driveID+"/card")).one(t, "article", "", "")); !strings.Contains(got, "Checking") {
		t.Errorf("asked again: %s", got)
	}
	if again := s.get(t, "/drives/"+driveID+"/card").Body.String(); strings.Contains(again, "announcer") || !strings.Contains(body, "is being checked") {
		t.Error("what runs is announced at its start, and only then")
	}
	if !strings.Contains(body, "Checking") || !strings.Contains(body, `hx-trigger="every 2s"`) || !strings.Contains(body, "btn-disabled") {
		t.Errorf("while it runs: %s", body)
	}
	s.later.release()
	body = s.get(t, "/drives/"+driveID+"/card").Body.String()
	if !strings.Contains(body, "Works") || strings.Contains(body, "hx-trigger") || !strings.Contains(body, "nas was checked and works") {
		t.Errorf("after its end: %s", body)
	}
}

func TestACheckThatIsNotRecordedIsTold(t *testing.T) {
	s := newSite(t)
	s.upkeep.err = errors.New("password=hunter2")
	body := s.ask(t, http.MethodPost, "/drives/"+driveID+"/check", "", "HX-Request", "true").Body.String()
	if !strings.Contains(body, "Something went wrong inside Backupman") || strings.Contains(body, "hunter2") || !strings.Contains(s.log.String(), "hunter2") {
		t.Errorf("said %s, and logged %s", body, s.log)
	}
}

func TestALaterCheckReplacesOneThatWasNotRecorded(t *testing.T) {
	s := newSite(t)
	s.upkeep.err = errors.New("the metadata is away")
	s.ask(t, http.MethodPost, "/drives/"+driveID+"/check", "")
	if got := s.card(t, driveID); !strings.Contains(got, "Not checked") {
		t.Fatalf("the card says %s", got)
	}
	later := testNow.Add(time.Hour)
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: later, GoodAt: &later}
	if got := s.card(t, driveID); !strings.Contains(got, "Works") {
		t.Errorf("the card says %s", got)
	}
}

func TestAnUnknownHostKeyIsComparedAndTrusted(t *testing.T) {
	s := newSite(t)
	server := &keyedDrive{key: drive.HostKey{Host: "backup.example", Fingerprint: "SHA256:abc"}}
	s.catalog.opened[driveID] = server
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: testNow, Error: "it does not know the server yet"}
	parse(t, s.get(t, "/drives")).one(t, "a", "href", "/drives/"+driveID+"/key")
	d := parse(t, s.get(t, "/drives/"+driveID+"/key"))
	if got := words(d.one(t, "main", "", "")); !strings.Contains(got, "backup.example") || !strings.Contains(got, "SHA256:abc") || !strings.Contains(got, "It does not know the server yet.") {
		t.Errorf("the page says %s", got)
	}
	form := d.one(t, "form", "", "")
	shown := attribute(d.one(t, "input", "name", "fingerprint"), "value")
	if attribute(form, "action") != "/drives/"+driveID+"/trust" || attribute(form, "method") != "post" || shown != "SHA256:abc" {
		t.Errorf("the form sends %q to %q", shown, attribute(form, "action"))
	}
	w := s.trust(t, shown)
	if w.Code != http.StatusSeeOther || strings.Join(server.trusted, ",") != "SHA256:abc" || len(s.upkeep.calls) != 1 || len(s.catalog.reopened) != 1 {
		t.Errorf("status %d, trusted %v, %d checks", w.Code, server.trusted, len(s.upkeep.calls))
	}
}

func (s *site) trust(t *testing.T, fingerprint string) *httptest.ResponseRecorder {
	t.Helper()
	return s.ask(t, http.MethodPost, "/drives/"+driveID+"/trust", "fingerprint="+fingerprint, "Content-Type", "application/x-www-form-urlencoded")
}

func TestAKeyThatChangedMeanwhileIsNotTrusted(t *testing.T) {
	s := newSite(t)
	server := &keyedDrive{key: drive.HostKey{Fingerprint: "SHA256:other"}}
	s.catalog.opened[driveID] = server
	if w := s.trust(t, "SHA256:abc"); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "SHA256:other") {
		t.Errorf("another key: status %d", w.Code)
	}
	if w := s.trust(t, ""); w.Code != http.StatusBadRequest {
		t.Errorf("no key: status %d", w.Code)
	}
	server.err = &drive.PassingError{Cause: errors.New(`drive "nas" could not connect: connection refused`)}
	if w := s.trust(t, "SHA256:abc"); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "connection refused") {
		t.Errorf("no server: status %d: %s", w.Code, w.Body)
	}
	if len(server.trusted) != 0 {
		t.Errorf("trusted %v", server.trusted)
	}
	s.catalog.opened[driveID] = plainDrive{}
	if w := s.trust(t, "SHA256:abc"); w.Code != http.StatusBadRequest {
		t.Errorf("a drive without a key: status %d", w.Code)
	}
}

// A drive that keeps failing leaves every backup unfinished; what its other drives
// hold can be restored all the same, also while the next run is under way.
func TestLandingKnowsOfCopiesOfBackupsThatAreNotFinished(t *testing.T) {
	s := newSite(t)
	s.store.backups = []models.Backup{
		{ID: pendingID, JobID: jobID, Label: "shop-nightly", Status: models.StatusPending, Phase: models.PhaseDumping, Attempt: 1, CreatedAt: testNow},
		{ID: failedID, JobID: jobID, Label: "shop-nightly", Status: models.StatusFailed, Attempt: 1, CreatedAt: testNow.Add(-time.Hour)},
		{ID: finishedID, JobID: jobID, Label: "shop-nightly", Status: models.StatusFailed, Attempt: 1, CreatedAt: testNow.Add(-2 * time.Hour),
			DriveFiles: []models.DriveFile{{ID: copyID, Status: models.StatusFinished}, {Status: models.StatusFailed}}},
	}
	d := parse(t, s.get(t, "/"))
	if got := words(d.one(t, "section", "id", "summary")); !strings.Contains(got, "Very likely") || !strings.Contains(got, "1 of 1") {
		t.Errorf("the summary says %s", got)
	}
	if got := words(d.one(t, "section", "id", "database-"+sourceID)); !strings.Contains(got, "An unproven copy from 2 h ago can be restored.") {
		t.Errorf("the row says %s", got)
	}
}

func TestThePageOfADrive(t *testing.T) {
	s := newSite(t, withPlanner(newPlanner()))
	s.store.jobs[0].DriveIDs = []string{driveID}
	w := s.walk(t, "/drives").follow("/drives/"+driveID).says("nas", "in the configuration file", "shop-nightly", "Not checked yet", "Folder/nas", "Duplicate")
	w.press("Check now").says("Works", "412 GB of 1.0 TB")
	if w.at != "/drives/"+driveID {
		t.Errorf("a check leads to %s", w.at)
	}
	s.later.held = true
	d := parse(t, s.ask(t, http.MethodPost, "/drives/"+driveID+"/check?own=true", "", "HX-Request", "true"))
	if card := d.one(t, "article", "id", "drive-"+driveID); attribute(card, "hx-get") != "/drives/"+driveID+"/card?own=true" || !strings.Contains(words(card), "How it stands") {
		t.Errorf("while it is checked the card is %s", words(card))
	}
	if w := s.get(t, "/drives/"+unknownID); w.Code != http.StatusNotFound {
		t.Errorf("a drive that is not there: status %d", w.Code)
	}
}

func TestADriveIsAddedChangedAndDeleted(t *testing.T) {
	p := newPlanner()
	s := newSite(t, withPlanner(p))
	w := s.walk(t, "/drives").follow("/drives/new").follow("/drives/new?provider=sftp")
	w.fill("host", "backup.example", "user", "ada", "password", "hunter2", "folder", "/srv/copies", "verify", "read_back").press("save").says("The drive is saved.", "Works")
	made := p.saved[0]
	if made.Label != "copies" || made.Fields["verify"] != "read_back" || made.Fields["port"] != "" || made.Secrets["password"].Reveal() != "hunter2" || len(s.upkeep.calls) != 1 {
		t.Errorf("saved is %+v, checked %v", made, s.upkeep.calls)
	}
	id := s.store.drives[1].ID
	if page := s.get(t, "/drives/"+id+"/edit").Body.String(); strings.Contains(page, "copies-stay") {
		t.Error("a drive without copies is said to leave some behind")
	}
	s.store.totals[id] = models.DriveTotals{DriveID: id, Finished: 2, Bytes: 4e9}
	s.walk(t, "/drives/"+id+"/edit").says("The 2 copies that lie there stay behind when the place is changed")
	s.walk(t, "/drives/"+id).follow("/drives/"+id+"/edit").fill("folder", "/srv/other").press("save").says("Say that the copies").
		fill("moved", "true").press("save").says("The drive is saved.")
	if got := p.saved[1]; !got.Moved || got.Label != "copies" || got.Fields["folder"] != "/srv/other" || len(got.Secrets) != 0 {
		t.Errorf("changed is %+v", got)
	}
	s.walk(t, "/drives/"+id).follow("/drives/" + id + "/delete").says("It keeps 2 copies, 4.0 GB together.").press("Delete the drive")
	if _, err := p.Origin(t.Context(), models.PlanDrive, "copies"); err == nil && len(p.drafts[models.PlanDrive]) != 0 {
		t.Error("it is still there")
	}
}

func TestADriveThatDoesNotWorkIsSavedOnlyWhenAskedTo(t *testing.T) {
	p := newPlanner()
	s := newSite(t, withPlanner(p))
	p.trial = func(models.PlanDraft) models.Trial {
		return models.Trial{Drive: &models.DriveCheck{Error: `drive "x": permission denied`}}
	}
	w := s.walk(t, "/drives/new?provider=local").fill("folder", "/x").press("save").says("It does not work yet", "Permission denied.")
	if w.status != http.StatusUnprocessableEntity || len(p.saved) != 0 {
		t.Errorf("status %d, saved %v", w.status, p.saved)
	}
	if w.press("anyway"); len(p.saved) != 1 || !strings.HasPrefix(w.at, "/drives/") {
		t.Errorf("it leads to %s, saved %v", w.at, p.saved)
	}
}
