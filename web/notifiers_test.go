package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
)

// notifying is a server with one notifier of the configuration file and one of a page.
func notifying(t *testing.T) (*site, *fakePlanner) {
	t.Helper()
	p := newPlanner()
	s := newSite(t, withPlanner(p))
	s.notify.notifiers = []models.Notifier{
		{Label: "file hook", Provider: notify.Webhook, Settings: models.Settings{"format": "json"}},
		{Label: "ops?", Provider: notify.Mail, Settings: models.Settings{"smtp_host": "hidden.example"}, Events: []models.Event{models.EventFailed}, Jobs: []string{"shop-nightly"}},
	}
	p.drafts[models.PlanNotifier]["ops?"] = models.PlanDraft{Kind: models.PlanNotifier, Label: "ops?",
		Fields:  models.Settings{"provider": notify.Mail, "smtp_host": "hidden.example", "smtp_user": "u", "to": "ops@example.com", "events": "backup.failed", "jobs": "shop-nightly"},
		Secrets: map[string]models.Secret{"smtp_password": models.NewSecret("TOPSECRET")}}
	at := testNow
	s.notify.sent = []models.Notification{
		{ID: drillID, Notifier: "ops?", Event: models.EventFailed, JobID: jobID, BackupID: failedID, Title: "The backup of shop failed", Body: "The disk is <b>full</b>.", Status: models.StatusPending,
			Attempts: 3, Error: "mx did not answer", NextAt: &at, CreatedAt: testNow},
		{ID: restoreID, Notifier: "file hook", Event: models.EventDriveFailing, About: driveID + "/0", Title: "The drive nas does not work", Status: models.StatusFailed, Attempts: 10,
			Error: "hooks.example refuses the key (403)", CreatedAt: testNow, SettledAt: &at},
	}
	return s, p
}

func TestListOfNotifiers(t *testing.T) {
	s, _ := notifying(t)
	page := s.get(t, "/notifiers")
	body := page.Body.String()
	shown := words(parse(t, page).root)
	for _, want := range []string{"file hook", "ops?", "a backup failed", "shop-nightly", "Trying again", "Given up", "Mx did not answer.", "Hooks.example refuses the key (403).", "tried 3 times", "in the configuration file"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	for _, never := range []string{"hidden.example", "TOPSECRET", "<b>full</b>", "/notifiers/file%20hook/edit"} {
		if strings.Contains(body, never) {
			t.Errorf("the list has %q", never)
		}
	}
	for _, want := range []string{"/notifiers/ops%3F/edit", "/notifiers/ops%3F/delete", "/notifiers/new?from=file+hook", "/backups/" + failedID, "/drives/" + driveID, `hx-get="/notifiers/history"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the list does not lead to %s", want)
		}
	}
	s.notify.sent, s.notify.notifiers = nil, nil
	if empty := s.get(t, "/notifiers").Body.String(); !strings.Contains(empty, "Nobody is told yet") || strings.Contains(empty, "hx-get=\"/notifiers/history\"") {
		t.Error("without notifiers the page does not say so, or asks for what moves")
	}
}

func TestATestOfANotifier(t *testing.T) {
	s, _ := notifying(t)
	w := s.post(t, "/notifiers/ops%3F/test", nil)
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/notifiers?tested=") {
		t.Fatalf("without a script: %d to %s", w.Code, w.Header().Get("Location"))
	}
	if page := words(parse(t, s.get(t, w.Header().Get("Location"))).root); !strings.Contains(page, "The test was sent") {
		t.Errorf("the page says %s", page)
	}
	s.notify.failing = "mx refuses the account (535)"
	w = s.ask(t, http.MethodPost, "/notifiers/ops%3F/test", "", "HX-Request", "true")
	if got := words(parse(t, w).root); w.Code != http.StatusOK || !strings.Contains(got, "The test was not sent") || !strings.Contains(got, "Mx refuses the account (535).") || strings.Contains(got, "Settings") {
		t.Errorf("in place: %d %s", w.Code, got)
	}
	if w := s.post(t, "/notifiers/nobody/test", nil); w.Code != http.StatusNotFound {
		t.Errorf("of nobody: %d", w.Code)
	}
}

func TestSendingAgain(t *testing.T) {
	s, _ := notifying(t)
	if w := s.post(t, "/notifications/"+restoreID+"/again", nil); w.Code != http.StatusSeeOther || !slices.Equal(s.notify.again, []string{restoreID}) {
		t.Errorf("without a script: %d, %v", w.Code, s.notify.again)
	}
	w := s.ask(t, http.MethodPost, "/notifications/"+restoreID+"/again", "", "HX-Request", "true")
	if got := words(parse(t, w).root); !strings.Contains(got, "On its way") || strings.Contains(got, "Settings") {
		t.Errorf("in place: %s", got)
	}
	if w := s.post(t, "/notifications/"+unknownID+"/again", nil); w.Code != http.StatusNotFound {
		t.Errorf("of nothing: %d", w.Code)
	}
}

func mailForm() url.Values {
	return url.Values{"provider": {notify.Mail}, "label": {"night watch"}, "smtp_host": {"mx.example"}, "smtp_port": {"587"}, "smtp_crypto": {"starttls"}, "smtp_user": {"u"},
		"smtp_password": {"TOPSECRET"}, "to": {"ops@example.com"}, "events": {"backup.failed", "job.overdue"}, "jobs": {"shop-nightly"}}
}

func TestAddingANotifier(t *testing.T) {
	s, p := notifying(t)
	if page := words(parse(t, s.get(t, "/notifiers/new")).root); !strings.Contains(page, "Webhook") || !strings.Contains(page, "Mail") || !strings.Contains(page, "Add a notifier") {
		t.Errorf("the kinds are %s", page)
	}
	if page := s.get(t, "/notifiers/new?provider=mail"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `value="backup.failed" checked`) || strings.Contains(page.Body.String(), `value="backup.finished" checked`) {
		t.Errorf("the form: %d", page.Code)
	}
	w := s.post(t, "/notifiers/new", mailForm())
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/notifiers?done=saved" {
		t.Fatalf("saving: %d %s", w.Code, w.Body)
	}
	d := p.saved[0]
	if d.Kind != models.PlanNotifier || d.Label != "night watch" || d.Fields["events"] != "backup.failed\njob.overdue" || d.Fields["jobs"] != "shop-nightly" ||
		d.Fields["smtp_host"] != "mx.example" || d.Secrets["smtp_password"].Reveal() != "TOPSECRET" || d.Fields["smtp_password"] != "" {
		t.Errorf("saved %+v with %v", d, d.Secrets["smtp_password"].Reveal())
	}
	usual := mailForm()
	usual["label"], usual["jobs"], usual["do"] = nil, nil, []string{"try"}
	usual["events"] = nil
	for _, e := range models.Events() {
		if e.Usual() {
			usual.Add("events", string(e))
		}
	}
	if w := s.post(t, "/notifiers/new", usual); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/notifiers?tested=") {
		t.Errorf("saving and testing: %d %s", w.Code, w.Header().Get("Location"))
	}
	if _, given := p.saved[1].Fields["events"]; given || p.saved[1].Label != "ops@example.com" {
		t.Errorf("what is usual is kept as a choice, or it is called %q", p.saved[1].Label)
	}
}

func TestMistakesOfANotifier(t *testing.T) {
	s, p := notifying(t)
	for name, tc := range map[string]struct{ field, value, want string }{
		"a taken name":   {"label", "ops?", "already"},
		"a slash":        {"label", "a/b", "no slashes"},
		"no address":     {"to", "ops", "Write addresses such as"},
		"no server":      {"smtp_host", "", "Mail server is missing."},
		"no events":      {"events", "", "Choose at least one event."},
		"without secret": {"smtp_password", "", "needs its password"},
	} {
		form := mailForm()
		form[tc.field] = nil
		if tc.value != "" {
			form.Set(tc.field, tc.value)
		}
		w := s.post(t, "/notifiers/new", form)
		page := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(words(parse(t, w).root), tc.want) {
			t.Errorf("%s: %d, want %q", name, w.Code, tc.want)
		}
		if strings.Contains(page, "TOPSECRET") {
			t.Errorf("%s: the page has the secret", name)
		}
		if tc.field != "to" && !strings.Contains(page, "ops@example.com") {
			t.Errorf("%s: what was typed is lost", name)
		}
	}
	if len(p.saved) != 0 {
		t.Errorf("%d were saved", len(p.saved))
	}
	hook := url.Values{"provider": {notify.Webhook}, "label": {"hook"}, "url": {"example.com/TOPSECRET"}, "events": {"backup.failed"}}
	if w := s.post(t, "/notifiers/new", hook); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "must begin with https://") || strings.Contains(w.Body.String(), "TOPSECRET") {
		t.Errorf("a webhook's address: %d", w.Code)
	}
}

func TestChangingANotifier(t *testing.T) {
	s, p := notifying(t)
	page := s.get(t, "/notifiers/ops%3F/edit")
	if body := page.Body.String(); page.Code != http.StatusOK || strings.Contains(body, "TOPSECRET") || !strings.Contains(body, "ops@example.com") || !strings.Contains(body, `value="shop-nightly" checked`) {
		t.Errorf("the form: %d", page.Code)
	}
	form := mailForm()
	form["smtp_password"] = nil
	form.Set("to", "night@example.com")
	if w := s.post(t, "/notifiers/ops%3F/edit", form); w.Code != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", w.Code, w.Body)
	}
	if d := p.saved[0]; d.Label != "ops?" || d.Fields["to"] != "night@example.com" || len(d.Secrets) != 0 {
		t.Errorf("saved %+v", d)
	}
	for _, path := range []string{"/notifiers/file%20hook/edit", "/notifiers/file%20hook/delete"} {
		if w := s.get(t, path); w.Code != http.StatusConflict {
			t.Errorf("%s, which is in the file: %d", path, w.Code)
		}
	}
	if w := s.get(t, "/notifiers/new?from=ops%3F"); !strings.Contains(w.Body.String(), "ops?-copy") || strings.Contains(w.Body.String(), "TOPSECRET") {
		t.Error("the duplicate is not offered")
	}
}

func TestRemovingANotifier(t *testing.T) {
	s, p := notifying(t)
	if page := words(parse(t, s.get(t, "/notifiers/ops%3F/delete")).root); !strings.Contains(page, "Delete the notifier ops?") || !strings.Contains(page, "Nothing is sent there any more") {
		t.Errorf("the question is %s", page)
	}
	if w := s.post(t, "/notifiers/ops%3F/delete", nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/notifiers?done=removed" {
		t.Errorf("removing: %d", w.Code)
	}
	if _, left := p.drafts[models.PlanNotifier]["ops?"]; left {
		t.Error("it is still there")
	}
	p.refuse = models.Conflictf("the metadata database is away")
	p.drafts[models.PlanNotifier]["ops?"] = models.PlanDraft{Fields: models.Settings{"provider": notify.Mail}}
	if w := s.post(t, "/notifiers/ops%3F/delete", nil); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "The metadata database is away.") {
		t.Errorf("a refusal: %d", w.Code)
	}
}

func TestNotificationsOfTheAPI(t *testing.T) {
	s, _ := notifying(t)
	code, body := s.asked(t, http.MethodGet, "/api/notifications?Notifier=ops%3F&Limit=5", "")
	if code != http.StatusOK || !strings.Contains(body, `"Event":"backup.failed"`) || !strings.Contains(body, `"BackupId":"`+failedID+`"`) || strings.Contains(body, "drive.failing") {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := s.asked(t, http.MethodGet, "/api/notifications?Nonsense=1", ""); code != http.StatusBadRequest {
		t.Errorf("an unknown parameter: %d", code)
	}
	s.notify.failing = "mx refuses the account (535)"
	code, body = s.asked(t, http.MethodPost, "/api/notifiers/ops%3F/test", "")
	if code != http.StatusOK || !strings.Contains(body, `"Status":"failed"`) || !strings.Contains(body, "refuses the account") {
		t.Errorf("%d %s", code, body)
	}
}

func TestATestOverTheAPIIsRecordedWithItsNotifier(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a), withPlanner(newPlanner()))
	s.notify.notifiers = []models.Notifier{{Label: "ops?", Provider: notify.Mail}}
	s.asked(t, http.MethodPost, "/api/notifiers/ops%3F/test", "")
	if e := a.entries[len(a.entries)-1]; e.Action != "notifier.test" || e.Subject != "notifier ops?" {
		t.Errorf("recorded as %s of %q", e.Action, e.Subject)
	}
}
