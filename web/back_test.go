package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// places are where people may want to go back to, and where they are led.
var places = map[string]string{
	"/setup/drives?source=a&drive=b": "/setup/drives?source=a&drive=b",
	"/drives/" + driveID:             "/drives/" + driveID,
	"":                               "/drives#drive-" + driveID,
	"//evil.example/x":               "/drives#drive-" + driveID,
	"https://evil.example/":          "/drives#drive-" + driveID,
	`/\evil.example`:                 "/drives#drive-" + driveID,
	"/\t/evil.example":               "/drives#drive-" + driveID,
	"javascript:alert(1)":            "/drives#drive-" + driveID,
}

func TestTrustingAKeyLeadsBack(t *testing.T) {
	for next, want := range places {
		s := newSite(t)
		s.catalog.opened[driveID] = &keyedDrive{key: drive.HostKey{Fingerprint: "SHA256:abc"}}
		shown := s.get(t, "/drives/"+driveID+"/key?"+url.Values{"next": {next}}.Encode())
		kept := attribute(parse(t, shown).one(t, "input", "name", "next"), "value")
		if strings.Contains(kept, "evil") || strings.Contains(kept, "script") {
			t.Errorf("the form of %q has %q", next, kept)
		}
		for _, sent := range []string{kept, next} {
			w := s.ask(t, http.MethodPost, "/drives/"+driveID+"/trust", url.Values{"fingerprint": {"SHA256:abc"}, "next": {sent}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
			if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
				t.Errorf("%q leads to %q, want %q", sent, got, want)
			}
		}
	}
}

func TestASignInLeadsBack(t *testing.T) {
	for next, want := range places {
		s, _ := newSignInSite(t)
		begun := s.ask(t, http.MethodPost, "/drives/"+driveID+"/sign-in?"+url.Values{"next": {next}}.Encode(), "")
		to, err := url.Parse(begun.Header().Get("Location"))
		must(t, err)
		w := s.comeBack(t, url.Values{"state": {to.Query().Get("state")}, "code": {"c0de"}}, begun.Result().Cookies()[0])
		if strings.HasPrefix(want, "/drives") { // where it is greeted
			path, card, _ := strings.Cut(want, "#")
			want = path + "?signed-in=" + driveID
			if card != "" {
				want += "#" + card
			}
		}
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// From the set-up one comes to the page of a drive that wants something, and from there,
// through the key or the sign-in, back to the set-up with what was ticked.
func TestThePageOfADriveLeadsBackToTheSetUp(t *testing.T) {
	s, _ := newSignInSite(t)
	s.store.checks = map[string]models.DriveCheck{driveID: {DriveID: driveID, Error: "sign in", NeedsSignIn: true}}
	next := "/setup/drives?drive=" + driveID + "&source=x"
	carried := url.Values{"next": {next}}.Encode()
	page := parse(t, s.get(t, "/drives/"+driveID+"?"+carried))
	if page.one(t, "form", "action", "/drives/"+driveID+"/sign-in?"+carried) == nil {
		t.Error("the sign-in leads elsewhere")
	}
	own := url.Values{"next": {"/drives/" + driveID}}.Encode()
	page = parse(t, s.get(t, "/drives/"+driveID))
	page.one(t, "form", "action", "/drives/"+driveID+"/sign-in?"+own)
	parse(t, s.get(t, "/drives")).one(t, "form", "action", "/drives/"+driveID+"/sign-in")
}
