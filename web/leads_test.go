package web

import (
	"net/http"
	"strings"
	"testing"
)

// Each address that people type leads to a page that is there.
func TestAddressesThatPeopleTypeLeadSomewhere(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	for _, l := range leads {
		w := s.get(t, l.path, "Cookie", "backupman=owner")
		to := w.Header().Get("Location")
		if w.Code != http.StatusSeeOther || to != l.to {
			t.Errorf("%s: status %d, to %q, want %q", l.path, w.Code, to, l.to)
			continue
		}
		page, _, _ := strings.Cut(to, "#")
		if there := s.get(t, page, "Cookie", "backupman=owner"); there.Code != http.StatusOK {
			t.Errorf("%s leads to %s, which answers %d", l.path, to, there.Code)
		}
	}
}

func TestStrangersAreAskedToSignIn(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	for _, path := range []string{"/login", "/settings", "/drills"} {
		if w := s.get(t, path); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/sign-in") {
			t.Errorf("%s leads a stranger to %q with status %d", path, w.Header().Get("Location"), w.Code)
		}
	}
}

func TestSettingsBeginWithWhatOneMayOpen(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	for who, want := range map[string]string{"owner": "/settings/users", "operator": "/notifiers", "viewer": "/notifiers"} {
		if w := s.get(t, "/settings", "Cookie", "backupman="+who); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%s is led to %q with status %d, want %s", who, w.Header().Get("Location"), w.Code, want)
		}
	}
	bare := newSite(t, func(o *Options) { o.Notify = nil })
	if w := bare.get(t, "/settings"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "configuration file") {
		t.Errorf("without any settings: status %d: %.300s", w.Code, w.Body)
	}
}
