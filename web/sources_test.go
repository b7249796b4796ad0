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

// setUpSource has one source that was set up on a page, and one of the configuration file
// that a job backs up.
func setUpSource(t *testing.T, change ...func(*Options)) (*site, *fakePlanner, string) {
	t.Helper()
	p := newPlanner()
	s := newSite(t, append(change, withPlanner(p))...)
	id, err := p.Save(t.Context(), models.PlanDraft{Kind: models.PlanSource, Label: "till", Fields: models.Settings{"provider": "mysql", "host": "db.example", "db_name": "till", "user": "backup"},
		Secrets: map[string]models.Secret{"password": models.NewSecret("hunter2")}}, true, "ada")
	must(t, err)
	p.saved = nil
	return s, p, id
}

func TestSourcesAreListed(t *testing.T) {
	s, _, id := setUpSource(t)
	w := s.walk(t, "/sources").says("till", "MySQL or MariaDB", "till at db.example", "shop", "shop-nightly", "in the configuration file", "Not checked lately")
	if got := words(w.page.one(t, "tr", "id", "source-"+id)); !strings.Contains(got, "Nothing") || !strings.Contains(got, "Back it up") || strings.Contains(got, "configuration file") {
		t.Errorf("what nothing backs up is %s", got)
	}
	s.store.failing = errors.New("password=hunter2")
	if w := s.get(t, "/sources"); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("status %d", w.Code)
	}
}

func TestNoSourcesSayHowToBegin(t *testing.T) {
	s, _ := emptySite(t)
	s.walk(t, "/sources").says("No database is set up yet").follow("/setup").says("Which database do you want to back up?")
}

func TestASourceIsAdded(t *testing.T) {
	s, p := emptySite(t)
	w := s.walk(t, "/sources/new").says("MySQL or MariaDB", "PostgreSQL", "SQLite").follow("/sources/new?provider=postgres")
	w.fill("db_name", "shop", "user", "backup", "password", "hunter2", "label", " web shop ").press("try").says("It is reached, and all of it can be backed up", "12")
	if w.status != http.StatusOK || len(p.saved) != 0 || len(p.tried) != 1 || w.value("db_name") != "shop" || w.value("label") != "web shop" || w.value("password") != "" {
		t.Errorf("tried: status %d, saved %v", w.status, p.saved)
	}
	w.press("save").says("web shop", "The source is saved.", "all of it can be backed up", "Passwordset")
	if w.at != "/sources/"+s.store.sources[0].ID+"?done=saved" || p.saved[0].Secrets["password"].Reveal() != "hunter2" {
		t.Errorf("it leads to %s, saved %+v", w.at, p.saved)
	}
}

func TestMistakesAreToldAtTheirFields(t *testing.T) {
	s, p, _ := setUpSource(t)
	w := s.walk(t, "/sources/new?provider=mysql").fill("port", "x", "user", "backup", "db_name", "shop", "label", "till").press("save")
	w.says("What is marked below is not right yet.", `"x" is no number.`, `There is a source called "till" already`)
	if w.status != http.StatusUnprocessableEntity || w.value("port") != "x" || attribute(w.page.one(t, "input", "name", "port"), "aria-invalid") != "true" || len(p.tried)+len(p.saved) != 0 {
		t.Errorf("status %d, tried %v", w.status, p.tried)
	}
	if !has(w.page.one(t, "input", "name", "port"), "autofocus", "") {
		t.Error("the first mistake is not focused")
	}
	p.refuse = models.Conflictf("the configuration file has just named one of that name")
	w.fill("port", "3306", "label", "other").press("save").says("This was not saved", "The configuration file has just named one of that name.")
	if w.status != http.StatusConflict || w.value("user") != "backup" {
		t.Errorf("a conflict: status %d", w.status)
	}
	if w := s.post(t, "/sources/new", url.Values{"provider": {"oracle"}}); w.Code != http.StatusNotFound {
		t.Errorf("a kind that is not there: status %d", w.Code)
	}
}

// TestTypedSecretsStayInTheirSession lets others show the token of a form.
func TestTypedSecretsStayInTheirSession(t *testing.T) {
	a := newAccounts()
	a.sessions["owner-2"] = models.Session{ID: keyID, UserID: ownerID, CreatedAt: testNow, SeenAt: testNow, ExpiresAt: testNow.Add(time.Hour)}
	s, p := emptySite(t, withAccounts(a))
	p.trial = func(models.PlanDraft) models.Trial { return models.Trial{Error: "nobody answers"} }
	owner := []string{"Cookie", "backupman=owner"}
	w := s.walk(t, "/sources/new?provider=mysql", owner...).fill("user", "backup", "password", "hunter2", "db_name", "shop").press("save")
	token := w.value("typed")
	form := func(provider string) string {
		return url.Values{"provider": {provider}, "user": {"backup"}, "db_name": {"shop"}, "typed": {token}, "do": {"anyway"}}.Encode()
	}
	send := func(path, provider, session string) *walk {
		w := s.walk(t, "/sources", "Cookie", "backupman="+session)
		w.open(http.MethodPost, path, form(provider))
		return w
	}
	for what, w := range map[string]*walk{"another session": send("/sources/new", "mysql", "owner-2"), "another kind": send("/sources/new", "postgres", "owner")} {
		w.says("is not remembered any more: type it again")
		if w.status != http.StatusUnprocessableEntity || len(p.saved) != 0 {
			t.Errorf("%s: status %d, saved %v", what, w.status, p.saved)
		}
	}
	s.now = s.now.Add(time.Hour / 4)
	if w := send("/sources/new", "mysql", "owner"); w.status != http.StatusUnprocessableEntity || len(p.saved) != 0 {
		t.Errorf("a quarter of an hour later: status %d, saved %v", w.status, p.saved)
	}
	s.now = testNow
	if w := send("/sources/new", "mysql", "owner"); w.status != http.StatusOK || p.saved[0].Secrets["password"].Reveal() != "hunter2" {
		t.Errorf("the same session: status %d, saved %v", w.status, p.saved)
	}
	if w := send("/sources/new", "mysql", "owner"); w.status != http.StatusUnprocessableEntity {
		t.Errorf("a second time: status %d", w.status)
	}
	if strings.Contains(s.log.String(), "hunter2") {
		t.Error("the password is in the log")
	}
	for _, e := range a.entries {
		if strings.Contains(e.Detail+e.Subject, "hunter2") {
			t.Errorf("the password is recorded: %+v", e)
		}
	}
}

func TestASourceIsChanged(t *testing.T) {
	s, p, id := setUpSource(t)
	w := s.walk(t, "/sources/"+id).follow("/sources/"+id+"/edit").says("It is set: leave this empty to keep it.", "Take the password away")
	if w.value("host") != "db.example" || w.value("password") != "" || len(w.page.all("input", "name", "forget.password")) != 1 {
		t.Errorf("the host is %q", w.value("host"))
	}
	w.fill("host", "db2.example").press("save").says("The source is saved.")
	if got := p.saved[0]; got.Label != "till" || got.Fields["host"] != "db2.example" || len(got.Secrets) != 0 || len(got.Forget) != 0 {
		t.Errorf("saved is %+v", got)
	}
	s.walk(t, "/sources/"+id+"/edit").fill("forget.password", "true").press("save")
	if got := p.saved[1]; strings.Join(got.Forget, ",") != "password" {
		t.Errorf("forgotten is %v", got.Forget)
	}
	if _, kept := p.drafts[models.PlanSource]["till"].Secrets["password"]; kept {
		t.Error("the password is still there")
	}
	p.trial = func(models.PlanDraft) models.Trial { return models.Trial{Error: "nobody answers"} }
	w = s.walk(t, "/sources/"+id+"/edit").fill("password", "hunter3").press("save").says("Nobody answers.")
	w.press("anyway").says("It was not checked since the server started")
	if got := p.saved[2]; got.Secrets["password"].Reveal() != "hunter3" {
		t.Errorf("saved is %+v", got)
	}
}

func TestADuplicateHasNoSecrets(t *testing.T) {
	s, p, id := setUpSource(t)
	w := s.walk(t, "/sources/"+id).follow("/sources/new?from=" + id)
	if w.value("label") != "till-copy" || w.value("host") != "db.example" || strings.Contains(words(w.page.root), "It is set") {
		t.Errorf("it is called %q", w.value("label"))
	}
	w.fill("db_name", "till2").press("save")
	if got := p.saved[0]; got.Label != "till-copy" || got.Fields["db_name"] != "till2" || len(got.Secrets) != 0 {
		t.Errorf("saved is %+v", got)
	}
}

func TestWhatTheFileNamesIsOnlyShown(t *testing.T) {
	s, p, _ := setUpSource(t)
	w := s.walk(t, "/sources/"+sourceID).says("in the configuration file", "Change it there", "shop-nightly")
	if len(w.page.all("a", "id", "edit"))+len(w.page.all("a", "id", "delete")) != 0 {
		t.Error("it can be changed")
	}
	w.follow("/sources/new?from=" + sourceID)
	if w.value("label") != "shop-copy" {
		t.Errorf("the duplicate is called %q", w.value("label"))
	}
	for _, path := range []string{"/edit", "/delete"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if w := s.ask(t, method, "/sources/"+sourceID+path, ""); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "named in the configuration file: change it there") {
				t.Errorf("%s %s: status %d", method, path, w.Code)
			}
		}
	}
	if len(p.saved) != 0 {
		t.Errorf("saved is %v", p.saved)
	}
}

func TestASourceIsDeletedWhenNothingNeedsIt(t *testing.T) {
	s, _, id := setUpSource(t)
	s.store.jobs = append(s.store.jobs, models.Job{ID: otherJobID, Label: "till-daily", SourceID: id})
	w := s.walk(t, "/sources/"+id).follow("/sources/"+id+"/delete").says("It is in use", "the job till-daily")
	if len(w.page.all("form", "action", "/sources/"+id+"/delete")) != 0 {
		t.Error("it can be deleted")
	}
	w.page.one(t, "a", "href", "/jobs/"+otherJobID)
	if w := s.post(t, "/sources/"+id+"/delete", nil); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "is used by the job till-daily") {
		t.Errorf("all the same: status %d", w.Code)
	}
	s.store.jobs = s.store.jobs[:1]
	s.walk(t, "/sources/"+id+"/delete").says("Nothing in the database is changed.").press("Delete the source").says("The source was deleted.")
	if w := s.get(t, "/sources/"+id); w.Code != http.StatusNotFound {
		t.Errorf("its page: status %d", w.Code)
	}
}

func TestASourceIsChecked(t *testing.T) {
	s, p, id := setUpSource(t)
	s.walk(t, "/sources/"+id).press("Check now").says("Works", "mariadb-dump 11.8.3")
	if len(p.tried) != 1 || len(p.tried[0].Secrets) != 0 || p.tried[0].Label != "till" {
		t.Errorf("tried is %+v", p.tried)
	}
	s.later.held = true
	d := parse(t, s.ask(t, http.MethodPost, "/sources/"+id+"/check", "", "HX-Request", "true"))
	if check := d.one(t, "section", "id", "check"); attribute(check, "hx-get") != "/sources/"+id+"/found" || !strings.Contains(words(check), "Checking") {
		t.Errorf("while it runs: %s", words(check))
	}
	if got := words(d.one(t, "div", "id", "announcer")); got != "The database till is being checked." {
		t.Errorf("announced is %q", got)
	}
	p.trial = func(models.PlanDraft) models.Trial { return models.Trial{Error: "nobody answers"} }
	s.later.release()
	d = parse(t, s.get(t, "/sources/"+id+"/found", "HX-Request", "true"))
	if check := d.one(t, "section", "id", "check"); attribute(check, "hx-get") != "" || !strings.Contains(words(check), "Nobody answers.") {
		t.Errorf("after its end: %s", words(check))
	}
	if w := s.post(t, "/sources/"+unknownID+"/check", nil); w.Code != http.StatusNotFound {
		t.Errorf("a source that is not there: status %d", w.Code)
	}
}

func TestFieldsAreCheckedWhileTheyAreFilledIn(t *testing.T) {
	s, p, id := setUpSource(t)
	check := func(path, name string, form url.Values) document {
		w := s.ask(t, http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true", "HX-Trigger-Name", name)
		if w.Code != http.StatusOK {
			t.Fatalf("%s of %s: status %d: %s", name, path, w.Code, w.Body)
		}
		return parse(t, w)
	}
	form := url.Values{"provider": {"mysql"}, "port": {"x"}, "user": {"backup"}, "password": {"hunter2"}}
	if got := words(check("/sources/field", "port", form).one(t, "div", "id", "remark-port")); !strings.Contains(got, `"x" is no number.`) || !strings.Contains(got, "TCP port of the server.") {
		t.Errorf("the port: %s", got)
	}
	if got := words(check("/sources/field", "user", form).one(t, "div", "id", "remark-user")); got != "Account that reads the database." {
		t.Errorf("the user: %s", got)
	}
	form.Set("label", "till")
	if got := words(check("/sources/field", "label", form).one(t, "div", "id", "remark-label")); !strings.Contains(got, "already") {
		t.Errorf("a label that is taken: %s", got)
	}
	form.Set("existing", "true")
	if got := check("/sources/field", "label", form); strings.Contains(words(got.root), "already") {
		t.Errorf("its own label: %s", words(got.root))
	}
	if got := words(check("/drives/field", "folder", url.Values{"provider": {"local"}}).root); !strings.Contains(got, "Folder is missing.") {
		t.Errorf("the folder: %s", got)
	}
	form.Del("existing")
	if w := s.ask(t, http.MethodPost, "/sources/field", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "HX-Trigger-Name", "x"); w.Code != http.StatusBadRequest {
		t.Errorf("a field that is not there: status %d", w.Code)
	}
	if len(p.saved)+len(p.tried) != 0 || s.store.sources[1].ID != id {
		t.Errorf("done was %v %v", p.saved, p.tried)
	}
}
