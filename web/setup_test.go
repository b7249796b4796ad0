package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// emptySite has nothing in it, and lets things be set up.
func emptySite(t *testing.T, change ...func(*Options)) (*site, *fakePlanner) {
	t.Helper()
	p := newPlanner()
	s := newSite(t, append(change, withPlanner(p))...)
	s.store.jobs, s.store.sources, s.store.drives, s.store.backups, s.store.restores = nil, nil, nil, nil, nil
	s.store.totals = map[string]models.DriveTotals{}
	return s, p
}

// TestFromNothingToTheFirstBackup goes through the guided set-up and counts: at most 12
// clicks and fields besides credentials.
func TestFromNothingToTheFirstBackup(t *testing.T) {
	s, p := emptySite(t)
	w := s.walk(t, "/setup")
	w.clicks++ // the button on the empty overview
	w.follow("/setup/source?provider=mysql")
	if at := w.page.all("", "aria-current", "step"); len(at) != 1 || !strings.Contains(words(at[0]), "Database") {
		t.Errorf("%d steps are marked", len(at))
	}
	w.fill("host", "db.example", "port", "3307", "user", "backup", "password", "hunter2", "db_name", "shop")
	credentials := w.fields
	w.press("save").says("shop is connected", "11.8.3-MariaDB · 12 tables · about 3.0 MB", "Where do copies go?")
	w.fill("folder", "/mnt/nas").press("add").says("Added: nas")
	w.follow(attribute(w.page.one(t, "a", "id", "kind-local"), "href"))
	w.fill("folder", "/mnt/usb/backups").press("continue")
	if !strings.HasPrefix(w.at, "/setup/job?") || w.status != http.StatusOK {
		t.Fatalf("the drives lead to %s with status %d", w.at, w.status)
	}
	w.press("Save and make the first backup")
	if !strings.HasPrefix(w.at, "/backups/") || w.status != http.StatusOK {
		t.Errorf("the job leads to %s with status %d", w.at, w.status)
	}
	if took := w.clicks + w.fields - credentials; took > 12 {
		t.Errorf("it took %d clicks and %d fields besides %d credentials", w.clicks, w.fields-credentials, credentials)
	}
	job := s.store.jobs[0]
	if len(s.store.sources) != 1 || len(s.store.drives) != 2 || len(job.DriveIDs) != 2 || job.SourceID != s.store.sources[0].ID {
		t.Errorf("made were %d sources, %d drives and %+v", len(s.store.sources), len(s.store.drives), job)
	}
	if got := p.saved[0]; got.Label != "shop" || got.Fields["host"] != "db.example" || got.Fields["port"] != "3307" || got.Secrets["password"].Reveal() != "hunter2" {
		t.Errorf("the source is %+v", got)
	}
	if p.saved[1].Label != "nas" || p.saved[2].Label != "backups" || p.saved[2].Fields["folder"] != "/mnt/usb/backups" {
		t.Errorf("the drives are %+v", p.saved[1:3])
	}
}

func TestADatabaseThatIsNotReachedIsNotSaved(t *testing.T) {
	s, p := emptySite(t)
	p.trial = func(d models.PlanDraft) models.Trial {
		if d.Fields["host"] == "right" && d.Secrets["password"].Reveal() == "hunter2" {
			return models.Trial{Source: &models.SourceReport{ServerVersion: "11.8", Tables: 3}}
		}
		return models.Trial{Error: "nobody answers at wrong:3306"}
	}
	w := s.walk(t, "/setup/source?provider=mysql").fill("host", "wrong", "user", "backup", "password", "hunter2", "db_name", "shop").press("save")
	w.says("It does not work yet", "Nobody answers at wrong:3306.", "remembered for 15 minutes")
	if w.status != http.StatusUnprocessableEntity || len(p.saved) != 0 || w.value("host") != "wrong" || w.value("user") != "backup" || w.value("password") != "" {
		t.Errorf("status %d, saved %d, kept %q", w.status, len(p.saved), w.value("user"))
	}
	w.fill("host", "right").press("save").says("shop is connected")
	if len(p.saved) != 1 || p.saved[0].Secrets["password"].Reveal() != "hunter2" {
		t.Errorf("saved is %v", p.saved)
	}
}

func TestADatabaseThatIsNotReachedCanBeSavedAnyway(t *testing.T) {
	s, p := emptySite(t)
	p.trial = func(models.PlanDraft) models.Trial { return models.Trial{Error: "nobody answers"} }
	w := s.walk(t, "/setup/source?provider=mysql").fill("user", "backup", "password", "hunter2", "db_name", "shop").press("save").press("anyway")
	if !strings.HasPrefix(w.at, "/setup/check/") || len(p.saved) != 1 || p.saved[0].Secrets["password"].Reveal() != "hunter2" || len(p.tried) != 1 {
		t.Fatalf("it leads to %s, saved %v", w.at, p.saved)
	}
	w.says("It was not checked since the server started").press("Check now").says("It does not work yet", "Nobody answers.", "Go on, and mend it later")
	if strings.Contains(s.log.String(), "hunter2") {
		t.Error("the password is in the log")
	}
}

func TestAPasswordThatIsWrongIsToldInTheForm(t *testing.T) {
	s, p := emptySite(t)
	p.trial = func(models.PlanDraft) models.Trial {
		return models.Trial{Source: &models.SourceReport{Problems: []string{"the server refuses it: check user and password"}}}
	}
	w := s.walk(t, "/setup/source?provider=mysql").fill("user", "backup", "password", "x", "db_name", "shop").press("save").says("The server refuses it: check user and password.")
	if w.status != http.StatusUnprocessableEntity || len(p.saved) != 0 {
		t.Errorf("status %d, saved %v", w.status, p.saved)
	}
}

func TestWhatAnAccountLacksIsShownWithTheStatements(t *testing.T) {
	s, p := emptySite(t)
	mended := false
	p.trial = func(models.PlanDraft) models.Trial {
		if mended {
			return models.Trial{Source: &models.SourceReport{ServerVersion: "11.8", Tables: 3}}
		}
		return models.Trial{Source: &models.SourceReport{ServerVersion: "11.8", Problems: []string{"it may not see triggers"}, Grants: []string{"GRANT TRIGGER ON `shop`.* TO `backup`@`%`;"}}}
	}
	w := s.walk(t, "/setup/source?provider=mysql").fill("user", "backup", "db_name", "shop").press("save")
	w.says("Can Backupman read shop?", "It may not see triggers.")
	if got := words(w.page.one(t, "code", "id", "grants")); got != "GRANT TRIGGER ON `shop`.* TO `backup`@`%`;" {
		t.Errorf("to be copied is %q", got)
	}
	if at := w.page.one(t, "li", "aria-current", "step"); !strings.Contains(words(at), "Check") {
		t.Errorf("the step is %s", words(at))
	}
	mended = true
	w.press("Check again").says("all of it can be backed up", "Continue")
	w.follow("/setup/drives?source=" + s.store.sources[0].ID).says("shop is connected")
}

func TestACheckIsFollowedWithoutLoadingThePage(t *testing.T) {
	s, _ := emptySite(t)
	s.walk(t, "/setup/source?provider=sqlite").fill("db_path", "/srv/shop.db").press("save")
	path := "/setup/check/" + s.store.sources[0].ID
	s.later.held = true
	d := parse(t, s.ask(t, http.MethodPost, path, "", "HX-Request", "true"))
	if step := d.one(t, "div", "id", "check-step"); attribute(step, "hx-get") != path || !strings.Contains(words(step), "Checking") {
		t.Errorf("while it runs the step is %s", words(step))
	}
	if len(parse(t, s.get(t, path, "HX-Request", "true")).all("", "id", "announcer")) != 0 {
		t.Error("what runs is announced again")
	}
	s.later.release()
	d = parse(t, s.get(t, path, "HX-Request", "true"))
	if step := d.one(t, "div", "id", "check-step"); attribute(step, "hx-get") != "" || !strings.Contains(words(step), "Works") {
		t.Errorf("after its end the step is %s", words(step))
	}
	if got := words(d.one(t, "div", "id", "announcer")); got != "The database shop was checked and works." {
		t.Errorf("announced is %q", got)
	}
}

func TestDrivesOfTheSetUp(t *testing.T) {
	s, p := emptySite(t)
	w := s.walk(t, "/setup/source?provider=sqlite").fill("db_path", "/srv/shop.db").press("save")
	source := s.store.sources[0].ID
	w.press("continue").says("Choose at least one place")
	if w.status != http.StatusUnprocessableEntity || len(p.saved) != 1 {
		t.Errorf("status %d, saved %d", w.status, len(p.saved))
	}
	p.trial = func(d models.PlanDraft) models.Trial {
		return models.Trial{Drive: &models.DriveCheck{Error: `drive "bucket": access is denied`}}
	}
	w = s.walk(t, "/setup/drives?source="+source+"&provider=s3").fill("bucket", "copies", "access_key", "AK", "secret_key", "hunter2").press("continue")
	w.says("Access is denied.", "Add it anyway")
	if w.status != http.StatusUnprocessableEntity || w.value("bucket") != "copies" || w.value("secret_key") != "" {
		t.Errorf("status %d", w.status)
	}
	w.press("anyway").says("Added: copies")
	if got := p.saved[1]; got.Secrets["secret_key"].Reveal() != "hunter2" || got.Fields["access_key"] != "AK" || got.Fields["provider"] != "s3" {
		t.Errorf("saved is %+v", got)
	}
	p.trial = func(models.PlanDraft) models.Trial {
		return models.Trial{Drive: &models.DriveCheck{Error: "sign in", NeedsSignIn: true}}
	}
	w = s.walk(t, "/setup/drives?source="+source+"&provider=google_drive").fill("folder", "Backups").press("continue").says("Added: Backups")
	if drives := w.page.all("input", "name", "drive"); len(drives) != 2 || !has(drives[1], "checked", "") {
		t.Errorf("%d drives can be ticked", len(drives))
	}
	if w := s.walk(t, "/setup/drives?source="+unknownID); w.status != http.StatusNotFound {
		t.Errorf("an unknown source: status %d", w.status)
	}
}

func TestOnlyWhoMaySetUpIsLetIn(t *testing.T) {
	s, p := emptySite(t, withAccounts(newAccounts()))
	s.store.sources = []models.Source{{ID: sourceID, Label: "shop", Provider: "sqlite"}}
	for _, path := range []string{"/setup", "/setup/source?provider=mysql", "/sources/new", "/drives/new", "/setup/drives?source=" + sourceID} {
		if w := s.get(t, path, "Cookie", "backupman=viewer"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "ask an owner") {
			t.Errorf("%s for a viewer: status %d", path, w.Code)
		}
	}
	for path, want := range map[string]string{"/sources": "Owners of this server add, change and remove databases.", "/drives": "Owners of this server add, change and remove drives."} {
		w := s.walk(t, path, "Cookie", "backupman=viewer").says(want)
		if len(w.page.all("a", "id", "new")) != 0 {
			t.Errorf("%s offers a viewer to add something", path)
		}
	}
	body := url.Values{"provider": {"sqlite"}, "db_path": {"/a.db"}, "do": {"save"}}.Encode()
	if w := s.ask(t, http.MethodPost, "/setup/source", body, "Cookie", "backupman=operator", "Content-Type", "application/x-www-form-urlencoded"); w.Code != http.StatusForbidden || len(p.saved) != 0 {
		t.Errorf("an operator: status %d", w.Code)
	}
}
