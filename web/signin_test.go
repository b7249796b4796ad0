package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// newSignInSite is a site whose drive a person signs in to.
func newSignInSite(t *testing.T, change ...func(*Options)) (*site, *fakeSignIn) {
	t.Helper()
	s, provider := newSite(t, change...), &fakeSignIn{}
	s.store.drives[0].Provider = "google_drive"
	s.catalog.signIns[driveID] = provider
	return s, provider
}

// beginSignIn presses the button; it returns what the provider was told and the cookie.
func (s *site) beginSignIn(t *testing.T) (url.Values, *http.Cookie) {
	t.Helper()
	w := s.ask(t, http.MethodPost, "/drives/"+driveID+"/sign-in", "")
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusSeeOther || to.Host != "accounts.example" {
		t.Fatalf("status %d to %s", w.Code, to)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	return to.Query(), cookies[0]
}

// comeBack is the request with which the provider sends the person back.
func (s *site) comeBack(t *testing.T, query url.Values, cookie *http.Cookie) *httptest.ResponseRecorder {
	t.Helper()
	headers := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Referer", "https://accounts.example/"}
	if cookie != nil {
		headers = append(headers, "Cookie", cookie.Name+"="+cookie.Value)
	}
	return s.get(t, "/drives/sign-in/callback?"+query.Encode(), headers...)
}

func TestSignIn(t *testing.T) {
	s, provider := newSignInSite(t)
	told, cookie := s.beginSignIn(t)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 600 || cookie.Secure || cookie.Path != "/drives/sign-in/callback" {
		t.Errorf("the cookie is %s", cookie)
	}
	const redirect = "http://localhost:8080/drives/sign-in/callback"
	if told.Get("redirect_uri") != redirect || len(told.Get("state")) < 20 || len(told.Get("verifier")) < 43 {
		t.Errorf("the provider was told %v", told)
	}
	w := s.comeBack(t, url.Values{"state": {told.Get("state")}, "code": {"c0de"}}, cookie)
	if want := "/drives?signed-in=" + driveID + "#drive-" + driveID; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Fatalf("status %d to %q: %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	if got, want := strings.Join(provider.finished, ","), redirect+" c0de "+told.Get("verifier"); got != want {
		t.Errorf("finished %q, want %q", got, want)
	}
	if len(s.catalog.reopened) != 1 || len(s.upkeep.calls) != 1 {
		t.Errorf("reopened %v, checked %v", s.catalog.reopened, s.upkeep.calls)
	}
	if got := words(parse(t, s.get(t, "/drives?signed-in="+driveID)).one(t, "main", "", "")); !strings.Contains(got, "You are signed in") || !strings.Contains(got, "The drive nas was checked and works.") {
		t.Errorf("the page says %s", got)
	}
	if w := s.comeBack(t, url.Values{"state": {told.Get("state")}, "code": {"c0de"}}, cookie); w.Code != http.StatusBadRequest || len(provider.finished) != 1 {
		t.Errorf("a second time: status %d", w.Code)
	}
}

func TestSignInThatIsNotCompleted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *site, query url.Values, cookie *http.Cookie)
		status int
		says   string
	}{
		"denied":            {func(_ *site, q url.Values, _ *http.Cookie) { q.Del("code"); q.Set("error", "access_denied") }, 400, "Access was denied"},
		"refused":           {func(_ *site, q url.Values, _ *http.Cookie) { q.Set("error", "<b>invalid_scope</b>") }, 400, "The provider refused it"},
		"no code":           {func(_ *site, q url.Values, _ *http.Cookie) { q.Del("code") }, 400, "sent no code"},
		"another state":     {func(_ *site, q url.Values, _ *http.Cookie) { q.Set("state", "x") }, 400, "longer than ten minutes"},
		"no state":          {func(_ *site, q url.Values, _ *http.Cookie) { q.Del("state") }, 400, "longer than ten minutes"},
		"too late":          {func(s *site, _ url.Values, _ *http.Cookie) { s.now = s.now.Add(10 * time.Minute) }, 400, "longer than ten minutes"},
		"another browser":   {func(_ *site, _ url.Values, c *http.Cookie) { c.Value = "x" }, 400, "in another browser"},
		"no cookie":         {func(_ *site, _ url.Values, c *http.Cookie) { c.Name = "other" }, 400, "in another browser"},
		"the drive is gone": {func(s *site, _ url.Values, _ *http.Cookie) { s.store.drives = nil }, 404, "There is no drive"},
	} {
		t.Run(name, func(t *testing.T) {
			s, provider := newSignInSite(t)
			told, cookie := s.beginSignIn(t)
			query := url.Values{"state": {told.Get("state")}, "code": {"c0de"}}
			c.change(s, query, cookie)
			w := s.comeBack(t, query, cookie)
			got := words(parse(t, w).one(t, "main", "", ""))
			if w.Code != c.status || !strings.Contains(got, c.says) {
				t.Errorf("status %d: %s", w.Code, got)
			}
			if c.status == 400 && (!strings.Contains(got, "The sign-in was not completed") || !strings.Contains(got, "Open the Drives page")) {
				t.Errorf("no way out: %s", got)
			}
			if len(provider.finished) != 0 || len(s.upkeep.calls) != 0 || strings.Contains(got, "invalid_scope") {
				t.Errorf("finished %v", provider.finished)
			}
		})
	}
}

func TestAStateShownByAnotherBrowserIsNotUsedUp(t *testing.T) {
	s, provider := newSignInSite(t)
	told, cookie := s.beginSignIn(t)
	query := url.Values{"state": {told.Get("state")}, "code": {"c0de"}}
	s.comeBack(t, query, nil)
	if w := s.comeBack(t, query, cookie); w.Code != http.StatusSeeOther || len(provider.finished) != 1 {
		t.Errorf("status %d", w.Code)
	}
}

func TestSignInThatTheProviderDoesNotFinish(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"not accepted": {&models.Fault{Kind: models.ErrUnauthorized, Sentence: "Google did not accept it: try again"}, 400, "Google did not accept it: try again."},
		"away":         {&drive.PassingError{Cause: errors.New("Google does not answer")}, 400, "Google does not answer."},
		"unforeseen":   {errors.New("secret=hunter2"), 500, "its log says what"},
	} {
		t.Run(name, func(t *testing.T) {
			s, provider := newSignInSite(t)
			provider.err = c.err
			told, cookie := s.beginSignIn(t)
			w := s.comeBack(t, url.Values{"state": {told.Get("state")}, "code": {"c0de"}}, cookie)
			if got := words(parse(t, w).one(t, "main", "", "")); w.Code != c.status || !strings.Contains(got, c.says) || strings.Contains(got, "hunter2") {
				t.Errorf("status %d: %s", w.Code, got)
			}
			if len(s.catalog.reopened) != 0 {
				t.Error("the drive was opened anew")
			}
		})
	}
}

func TestSignInComesBackToTheAddressThatPeopleUse(t *testing.T) {
	s, _ := newSignInSite(t, func(o *Options) { o.AppURL = "https://localhost:8443/" })
	told, cookie := s.beginSignIn(t)
	if got := told.Get("redirect_uri"); got != "https://localhost:8443/drives/sign-in/callback" || !cookie.Secure {
		t.Errorf("it comes back to %s, secure %v", got, cookie.Secure)
	}
}

func TestOnlyDrivesThatNeedItOfferASignIn(t *testing.T) {
	s, _ := newSignInSite(t)
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: testNow, GoodAt: &testNow, Error: "the sign-in has ended", NeedsSignIn: true}
	w := s.get(t, "/drives")
	d := parse(t, w)
	d.one(t, "form", "action", "/drives/"+driveID+"/sign-in")
	if got := words(d.one(t, "main", "", "")); !strings.Contains(got, "Sign in again") || !strings.Contains(got, "Sign in with Google") {
		t.Errorf("the page says %s", got)
	}
	// Browsers hold the form to the policy also where it is sent on to the provider.
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https://accounts.example;") {
		t.Errorf("the policy is %s", got)
	}
	plain := newSite(t)
	if w := plain.ask(t, http.MethodPost, "/drives/"+driveID+"/sign-in", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a drive that nobody signs in to: status %d", w.Code)
	}
	if got := words(parse(t, plain.get(t, "/drives")).root); strings.Contains(got, "Sign in") {
		t.Errorf("the page says %s", got)
	}
}
