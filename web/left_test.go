package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// What is set up and does not run is named on the page where it would be, with the reason,
// and can be mended or deleted from there.
func TestWhatIsLeftOutIsNamed(t *testing.T) {
	p := newPlanner()
	s := newSite(t, withPlanner(p))
	id := models.NewID()
	p.drafts[models.PlanDrive]["tape"] = models.PlanDraft{Kind: models.PlanDrive, Label: "tape", Fields: models.Settings{"provider": "local"}}
	p.drafts[models.PlanNotifier]["a b"] = models.PlanDraft{Kind: models.PlanNotifier, Label: "a b", Fields: models.Settings{"provider": "webhook"}}
	p.left = []models.LeftItem{
		{Kind: models.PlanDrive, Label: "tape", ID: id, Reason: "folder is missing: say where"},
		{Kind: models.PlanNotifier, Label: "a b", Reason: "there is no job gone"},
		{Kind: models.PlanSource, Label: "odd", Reason: "it can't be applied: the zone is too long"},
		{Kind: models.PlanJob, Label: "late", ID: models.NewID(), Reason: "cron is wrong"},
	}
	for path, want := range map[string][]string{
		"/drives":    {"Left out", "tape", "Folder is missing: say where", "/drives/" + id + "/edit", "/drives/" + id + "/delete"},
		"/sources":   {"odd", "the zone is too long"},
		"/jobs":      {"late", "Cron is wrong", "/delete"},
		"/notifiers": {"a b", "There is no job gone", "/notifiers/a%20b/edit"},
	} {
		body := s.get(t, path).Body.String()
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not have %q", path, text)
			}
		}
	}
	d := parse(t, s.get(t, "/"))
	got, at := words(d.one(t, "div", "id", "left-out")), 0
	for _, want := range []string{"The job late: Cron is wrong.", "The database odd: It can't be applied", "The drive tape: Folder is missing: say where.", "The notifier a b: There is no job gone."} {
		i := strings.Index(got[at:], want)
		if i < 0 {
			t.Fatalf("the overview does not go on with %q: %s", want, got)
		}
		at += i
	}
	d.one(t, "a", "href", "/drives/"+id+"/edit")
	if got := words(d.one(t, "section", "id", "summary")); !strings.Contains(got, "Yes, but look") && !strings.Contains(got, "Only partly") || !strings.Contains(got, "late") {
		t.Errorf("the summary says %s", got)
	}
	for _, path := range []string{"/drives/" + id + "/edit", "/drives/" + id + "/delete", "/notifiers/a%20b/delete"} {
		if got := s.get(t, path); got.Code != http.StatusOK {
			t.Errorf("%s answers %d: %s", path, got.Code, got.Body)
		}
	}
	p.left = nil
	if len(parse(t, s.get(t, "/")).all("div", "id", "left-out")) != 0 {
		t.Error("nothing is left out, and the overview says that something is")
	}
}

// Programs that watch jobs see those, too, as far as their keys go.
func TestTheAPINamesJobsThatAreLeftOut(t *testing.T) {
	p, a := newPlanner(), newAccounts()
	s := newSite(t, withPlanner(p), withAccounts(a))
	a.keys["all"] = models.Actor{Kind: models.ActorKey, Name: "all", Scopes: models.Scopes{models.ScopeRead}}
	a.keys["mine"] = models.Actor{Kind: models.ActorKey, Name: "mine", Scopes: models.Scopes{models.ScopeRead}, JobIDs: []string{jobID}}
	p.left = []models.LeftItem{
		{Kind: models.PlanDrive, Label: "tape", Reason: "folder is missing"},
		{Kind: models.PlanJob, Label: "late", ID: otherJobID, Reason: "cron is wrong"},
		{Kind: models.PlanJob, Label: "never ran", Reason: "its drive is gone"},
	}
	for key, want := range map[string]string{
		"all":  `"LeftOut":[{"Id":"` + otherJobID + `","Label":"late","Reason":"cron is wrong"},{"Id":null,"Label":"never ran","Reason":"its drive is gone"}]}`,
		"mine": `"LeftOut":[]}`,
	} {
		if got := s.ask(t, http.MethodGet, "/api/jobs", "", "Authorization", "Bearer "+key).Body.String(); !strings.Contains(got, want) {
			t.Errorf("to %s it says %s", key, got)
		}
	}
}
