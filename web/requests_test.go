package web

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/middleware"
	"github.com/backupman/backupman/web/origin"
)

func TestForgedHeadersSayNothingOfWhereARequestIsFrom(t *testing.T) {
	proxy := origin.Proxies{netip.MustParsePrefix("10.0.0.1/32")}
	for name, c := range map[string]struct {
		proxies origin.Proxies
		peer    string
		header  string
		want    string
	}{
		"no proxies":               {nil, "203.0.113.9:1", "198.51.100.66", "203.0.113.9"},
		"past the proxy":           {proxy, "203.0.113.9:1", "198.51.100.66", "203.0.113.9"},
		"through the proxy":        {proxy, "10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		"forged through the proxy": {proxy, "10.0.0.1:1", "198.51.100.66, 10.0.0.1, 198.51.100.1", "198.51.100.1"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccounts()
			s := newSite(t, withAccounts(a), func(o *Options) { o.TrustedProxies = c.proxies })
			headers := []string{"Remote", c.peer, "X-Forwarded-For", c.header, "X-Real-Ip", "198.51.100.66", "Forwarded", "for=198.51.100.66", "User-Agent", "curl/8"}
			w := s.get(t, "/api/whoami", append(headers, "X-Api-Key", "key-read")...)
			if !strings.Contains(w.Body.String(), `"Address":"`+c.want+`"`) {
				t.Errorf("it is taken for %s", w.Body)
			}
			s.ask(t, http.MethodPost, "/jobs/"+jobID+"/pause", "", append(headers, "Cookie", "backupman=operator")...)
			for _, from := range a.from {
				if from.Address != c.want || from.Agent != "curl/8" {
					t.Errorf("accounts were asked from %+v", from)
				}
			}
			if len(a.entries) != 1 || a.entries[0].Address != c.want || a.entries[0].Agent != "curl/8" || a.entries[0].Actor != "a-operator" {
				t.Errorf("recorded are %+v", a.entries)
			}
		})
	}
}

func TestPagesLeadToTheSignIn(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	for name, c := range map[string]struct {
		method, path string
		headers      []string
		status       int
		to, htmx     string
	}{
		"a page":                      {"GET", "/jobs/" + jobID + "?from=25", nil, 303, "/sign-in?next=%2Fjobs%2F" + jobID + "%3Ffrom%3D25", ""},
		"the overview":                {"GET", "/", nil, 303, "/sign-in", ""},
		"a form":                      {"POST", "/jobs/" + jobID + "/pause", nil, 303, "/sign-in", ""},
		"a part":                      {"GET", "/jobs/" + jobID + "/card", []string{"HX-Request", "true", "HX-Current-URL", "http://localhost:8080/backups?status=failed"}, 401, "", "/sign-in?next=%2Fbackups%3Fstatus%3Dfailed"},
		"a part of a page elsewhere":  {"GET", "/jobs/" + jobID + "/card", []string{"HX-Request", "true", "HX-Current-URL", "https://evil.example/x"}, 401, "", "/sign-in?next=%2Fx"},
		"a part of two slashes":       {"GET", "/jobs/" + jobID + "/card", []string{"HX-Request", "true", "HX-Current-URL", "https://localhost:8080//evil.example/x"}, 401, "", "/sign-in"},
		"a part of no page":           {"GET", "/jobs/" + jobID + "/card", []string{"HX-Request", "true", "HX-Current-URL", "javascript:alert(1)"}, 401, "", "/sign-in"},
		"a session that has ended":    {"GET", "/drives", []string{"Cookie", "backupman=ended"}, 303, "/sign-in?next=%2Fdrives", ""},
		"a half session":              {"GET", "/drives", []string{"Cookie", "backupman=half"}, 303, "/sign-in?next=%2Fdrives", ""},
		"a key, which is for the API": {"GET", "/drives", []string{"X-Api-Key", "key-admin"}, 303, "/sign-in?next=%2Fdrives", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.ask(t, c.method, c.path, "", c.headers...)
			if w.Code != c.status || w.Header().Get("Location") != c.to || w.Header().Get("HX-Redirect") != c.htmx {
				t.Errorf("status %d to %q, htmx to %q", w.Code, w.Header().Get("Location"), w.Header().Get("HX-Redirect"))
			}
		})
	}
}

func TestBeforeThereIsAnOwner(t *testing.T) {
	a := newAccounts()
	a.unclaimed = true
	a.sessions = nil
	s := newSite(t, withAccounts(a))
	w := s.get(t, "/backups")
	if got := words(parse(t, w).one(t, "main", "", "")); w.Code != http.StatusForbidden || !strings.Contains(got, "claim link") || !strings.Contains(got, "the file claim in the data folder") {
		t.Errorf("status %d: %s", w.Code, got)
	}
	wantError(t, s.get(t, "/api/backups"), http.StatusUnauthorized)
	if w := s.get(t, "/api/backups", "X-Api-Key", "key-read"); w.Code != http.StatusOK {
		t.Errorf("a key of the configuration: status %d", w.Code)
	}
	if w := s.get(t, "/health"); w.Code != http.StatusOK {
		t.Errorf("whether it is well: status %d", w.Code)
	}
}

func TestAnAddressThatIsNotTellsStrangersNothing(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	w := s.get(t, "/nothing")
	if d := parse(t, w); w.Code != http.StatusNotFound || len(d.all("nav", "", "")) != 0 || len(d.all("footer", "", "")) != 0 {
		t.Errorf("status %d: a stranger sees the frame: %s", w.Code, w.Body)
	}
	if d := parse(t, s.get(t, "/nothing", "Cookie", "backupman=viewer")); len(d.all("details", "id", "account-menu")) != 1 {
		t.Error("who is signed in does not see the account's menu")
	}
}

func TestAccountsShowPagesBeyondThisMachine(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()), func(o *Options) { o.BeyondLoopback = true })
	if w := s.get(t, "/", "Host", "backup.example:8080", "Remote", "203.0.113.9:1", "Cookie", "backupman=viewer"); w.Code != http.StatusOK {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	here := newSite(t, withAccounts(newAccounts()))
	if w := here.get(t, "/", "Host", "evil.example:8080", "Cookie", "backupman=viewer"); w.Code != http.StatusForbidden {
		t.Errorf("another name of this machine: status %d", w.Code)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()), func(o *Options) { o.AppURL = "https://backup.example" })
	for _, path := range []string{"/", "/sign-in", "/nothing", "/api/backups", "/health", "/static/nothing"} {
		h := s.get(t, path, "Host", "backup.example").Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is %s", path, policy)
		}
		if !strings.Contains(h.Get("Permissions-Policy"), "camera=()") {
			t.Errorf("%s: the permissions are %s", path, h.Get("Permissions-Policy"))
		}
	}
	plain := newSite(t, withAccounts(newAccounts()))
	if h := plain.get(t, "/").Header(); h.Get("Strict-Transport-Security") != "" {
		t.Error("http is said to be https")
	}
	for host, said := range map[string]bool{"backup.example:443": true, "backup.example:8443": false, "localhost": false, "localhost:8080": false} {
		if h := s.get(t, "/", "Host", host).Header(); (h.Get("Strict-Transport-Security") != "") != said {
			t.Errorf("that all of %s speaks https is said: %v", host, !said)
		}
	}
}

func TestSessionsOverHTTPSHaveAnotherName(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	ask := func(cookie string) int {
		r := httptest.NewRequest(http.MethodGet, "https://localhost:8080/", nil)
		r.TLS = &tls.ConnectionState{}
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w.Code
	}
	if got := ask("__Host-backupman=viewer"); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	if got := ask("backupman=viewer"); got != http.StatusSeeOther {
		t.Errorf("one that a neighbour may have set: status %d", got)
	}
}

// stubbed is a server whose one row is answered by a handler.
func stubbed(t *testing.T, a *fakeAccounts, r route) *site {
	t.Helper()
	var o Options
	s := newSite(t, withAccounts(a), func(given *Options) { o = *given })
	engine := newEngine()
	newServer(o).register(engine, o, []route{r})
	s.handler = engine
	return s
}

func TestWhatTakesTooLongEnds(t *testing.T) {
	a := newAccounts()
	r := change(write, "/api/x", func(c *gin.Context) error {
		<-c.Request.Context().Done()
		return errors.New("interrupted")
	}, read, "x.do", unbound).within(middleware.Bounds{Time: time.Millisecond})
	s := stubbed(t, a, r)
	if said := wantError(t, s.ask(t, http.MethodPost, "/api/x", "", "X-Api-Key", "key-read"), http.StatusServiceUnavailable); !strings.Contains(said, "took longer") {
		t.Errorf("it says %q", said)
	}
	if len(a.entries) != 1 || a.entries[0].Outcome != models.AuditFailed || !strings.Contains(a.entries[0].Detail, "took longer") {
		t.Errorf("recorded are %+v", a.entries)
	}
}

func TestEveryRowHasAnEndButStreams(t *testing.T) {
	var o Options
	newSite(t, withAccounts(newAccounts()), func(given *Options) { o = *given })
	unbounded := map[string]bool{"/api/backups": true, "/api/backups/:id/download": true, "/api/audit": true, "/backups/:id/files/:file": true, "/restores/upload": true, "/settings/audit/export": true}
	for _, r := range newServer(o).routes() {
		if (r.Bounds.Time < 0) != (unbounded[r.Path] && (r.Method == get || r.Bounds.Body < 0)) || r.Bounds.Body < 0 && r.Path != "/restores/upload" {
			t.Errorf("%s %s has the bounds %+v", r.Method, r.Path, r.Bounds)
		}
		r.Do = func(c *gin.Context) error {
			end, bounded := c.Request.Context().Deadline()
			if bounded == (r.Bounds.Time < 0) || bounded && time.Until(end) > 25*time.Hour {
				t.Errorf("%s %s ends at %s", r.Method, r.Path, end)
			}
			return nil
		}
		stubbed(t, newAccounts(), r).from(t, r, callers["an owner"], nil)
	}
}

func TestABodyThatIsTooLong(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	body := strings.Repeat("x", middleware.MaxBody+1)
	for _, path := range []string{"/api/backups", "/api/users", "/sign-in", "/jobs/" + jobID + "/prune"} {
		if w := s.ask(t, http.MethodPost, path, body, "Cookie", "backupman=owner", "Content-Type", "application/x-www-form-urlencoded"); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

func TestAPanicIsRecorded(t *testing.T) {
	a := newAccounts()
	s := stubbed(t, a, change(write, "/api/x", func(*gin.Context) error { panic("no") }, read, "x.do", unbound))
	wantError(t, s.ask(t, http.MethodPost, "/api/x", "", "X-Api-Key", "key-read"), http.StatusInternalServerError)
	if len(a.entries) != 1 || a.entries[0].Outcome != models.AuditFailed || a.entries[0].Actor != "ci" {
		t.Errorf("recorded are %+v", a.entries)
	}
}

func TestStrangersDontFillTheAuditLog(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	try := func(n int) {
		for range n {
			s.ask(t, http.MethodPost, "/sign-in", "name=ada&password=x", "Content-Type", "application/x-www-form-urlencoded")
		}
	}
	try(1000)
	if len(a.entries) != strangers {
		t.Errorf("%d entries", len(a.entries))
	}
	s.now = s.now.Add(strangersEach)
	try(2)
	if n := len(a.entries); n != strangers+1 || !strings.Contains(a.entries[n-1].Detail, "900 more tries") {
		t.Errorf("%d entries, the last %+v", n, a.entries[n-1])
	}
	s.ask(t, http.MethodPost, "/jobs/"+jobID+"/pause", "", "Cookie", "backupman=operator")
	if n := len(a.entries); a.entries[n-1].Actor != "a-operator" {
		t.Errorf("what people do is not recorded: %+v", a.entries[n-1])
	}
}

func TestWhatIsRecordedFits(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	s.ask(t, http.MethodPut, "/api/secrets/"+strings.Repeat("%C3%A9", 600)+"%0A%1B%5B31m", `{"Value": "x"}`, "X-Api-Key", "key-admin")
	if len(a.entries) != 2 || len(a.entries[1].Subject) > 512 || !strings.HasPrefix(a.entries[1].Subject, "secret éé") || strings.ContainsAny(a.entries[1].Subject, "\n\x1b\uFFFD") {
		t.Errorf("recorded is %+v", a.entries)
	}
}

func TestAnEndedClientIsNoTimeout(t *testing.T) {
	s := stubbed(t, newAccounts(), look("/api/x", func(c *gin.Context) error { return c.Request.Context().Err() }, read, unbound))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/x", nil)
	r.Host = "localhost"
	r.Header.Set("X-Api-Key", "key-read")
	s.breaks(t, func() { s.handler.ServeHTTP(httptest.NewRecorder(), r) })
}
