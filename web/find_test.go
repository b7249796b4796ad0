package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func (s *fakeStore) BackupsByPrefix(_ context.Context, prefix string, limit int) ([]models.Backup, error) {
	var found []models.Backup
	for _, b := range s.backups {
		if strings.HasPrefix(b.ID, prefix) && len(found) < limit {
			found = append(found, b)
		}
	}
	return found, s.failing
}

// hits are what a search shows: where links lead, and what buttons do.
func (s *site) hits(t *testing.T, query string, headers ...string) string {
	t.Helper()
	w := s.get(t, "/search?q="+query, append(headers, "HX-Request", "true")...)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	d := parse(t, w)
	if len(d.all("title", "", ""))+len(d.all("nav", "", "")) != 0 {
		t.Error("htmx gets a whole page")
	}
	var found []string
	for _, n := range d.all("a", "class", "hit") {
		found = append(found, attribute(n, "href"))
	}
	for _, n := range d.all("form", "", "") {
		found = append(found, attribute(n, "method")+" "+attribute(n, "action"))
	}
	return strings.Join(found, ", ")
}

func TestSearchSaysWhatKindSomethingIs(t *testing.T) {
	s := newSite(t)
	if page := words(parse(t, s.get(t, "/search?q=nas")).one(t, "main", "", "")); !strings.Contains(page, "nas folder Drive") {
		t.Errorf("it finds %s", page)
	}
}

func TestSearchFindsByNameAndById(t *testing.T) {
	s := newSite(t)
	for query, want := range map[string]string{
		"nightly":                      "/jobs/" + jobID + ", /backups?job=" + jobID + ", post /jobs/" + jobID + "/run",
		"run+night":                    "post /jobs/" + jobID + "/run",
		"overview":                     "/",
		"nas":                          "/drives/" + driveID,
		finishedID:                     "/backups/" + finishedID,
		strings.ToUpper(finishedID):    "/backups/" + finishedID,
		finishedID[:len(finishedID)-1]: "/backups/" + pendingID + ", /backups/" + failedID + ", /backups/" + finishedID,
		"nothing+of+the+kind":          "",
		"%25":                          "",
	} {
		if got := s.hits(t, query); got != want {
			t.Errorf("%q finds %s, want %s", query, got, want)
		}
	}
}

func TestSearchLeadsOnlyWhereSomebodyMayGo(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	for who, want := range map[string]string{
		"viewer":   "/jobs/" + jobID + ", /backups?job=" + jobID,
		"operator": "/jobs/" + jobID + ", /backups?job=" + jobID + ", post /jobs/" + jobID + "/run",
	} {
		if got := s.hits(t, "nightly", "Cookie", "backupman="+who); got != want {
			t.Errorf("a %s finds %s, want %s", who, got, want)
		}
	}
	for who, want := range map[string]string{"viewer": "", "owner": "/settings/audit"} {
		if got := s.hits(t, "audit", "Cookie", "backupman="+who); got != want {
			t.Errorf("a %s finds %s, want %s", who, got, want)
		}
	}
	if w := s.get(t, "/search?q=nightly"); w.Code != http.StatusSeeOther {
		t.Errorf("a stranger gets status %d", w.Code)
	}
}

func TestSearchIsAPageWithoutAScript(t *testing.T) {
	s := newSite(t)
	w := s.get(t, "/search?q=nightly")
	d := parse(t, w)
	if got := attribute(d.one(t, "input", "name", "q"), "value"); got != "nightly" {
		t.Errorf("the field holds %q", got)
	}
	if len(d.all("a", "class", "hit")) != 2 || len(d.all("dialog", "id", "palette")) != 0 {
		t.Errorf("the page is %s", words(d.root))
	}
	if vary := strings.Join(w.Header().Values("Vary"), ","); !strings.Contains(vary, "HX-Request") {
		t.Errorf("Vary is %q", vary)
	}
	if got := words(parse(t, s.get(t, "/search?q=%22%3E%3Cscript%3E")).one(t, "main", "", "")); !strings.Contains(got, `Nothing is called “"><script>”`) {
		t.Errorf("the page says %q", got)
	}
	if w := s.get(t, "/search/palette"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/search" {
		t.Errorf("what is for the script leads to %q with status %d", w.Header().Get("Location"), w.Code)
	}
	palette := parse(t, s.get(t, "/search/palette", "HX-Request", "true"))
	if attribute(palette.one(t, "input", "name", "q"), "hx-get") != "/search" || len(palette.all("dialog", "", "")) != 2 || len(palette.all("title", "", "")) != 0 {
		t.Errorf("the palette is %s", words(palette.root))
	}
}

func TestSearchTellsWhenTheDatabaseIsAway(t *testing.T) {
	s := newSite(t)
	s.store.failing = context.DeadlineExceeded
	if w := s.get(t, "/search?q=shop", "HX-Request", "true"); w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
}

func TestTimesAreToldInTheZoneOfTheBrowser(t *testing.T) {
	s := newSite(t)
	for cookie, want := range map[string]string{"zone=Europe/Paris": "Europe/Paris", "zone=Nowhere/Land": "", "": ""} {
		d := parse(t, s.get(t, "/backups/"+finishedID, "Cookie", cookie))
		if got := attribute(d.one(t, "html", "", ""), "data-zone"); got != want {
			t.Errorf("with %q the page is in %q", cookie, got)
		}
		times := 0
		for _, n := range d.all("time", "", "") {
			if strings.Contains(attribute(n, "title"), "Europe/Paris (") == (want == "Europe/Paris") {
				times++
			}
		}
		if times == 0 || times != len(d.all("time", "", "")) {
			t.Errorf("with %q only %d of %d times are told so", cookie, times, len(d.all("time", "", "")))
		}
	}
}
