package web

import (
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/middleware"
)

// caller is somebody who asks. What each may do is written down here once more, apart from
// the code that decides it.
type caller struct {
	// cookie and key are what is shown.
	cookie, key string
	// person and program say as what the server must take the caller.
	person, program bool
	may             []models.Scope
	// otherJob says that the key is for another job than the one that everything is of.
	otherJob bool
	// wrong says that a key is shown which opens nothing.
	wrong bool
}

var callers = map[string]caller{
	"nobody":           {},
	"an ended session": {cookie: "ended"},
	"a half session":   {cookie: "half"},
	"a viewer":         {cookie: "viewer", person: true, may: []models.Scope{"read"}},
	"an operator":      {cookie: "operator", person: true, may: []models.Scope{"read", "run", "restore"}},
	"an owner":         {cookie: "owner", person: true, may: []models.Scope{"read", "run", "restore", "admin"}},
	"a key to read":    {key: "key-read", program: true, may: []models.Scope{"read"}},
	"a key to run":     {key: "key-run", program: true, may: []models.Scope{"read", "run"}},
	"a key to restore": {key: "key-restore", program: true, may: []models.Scope{"read", "restore"}},
	"a key for all":    {key: "key-admin", program: true, may: []models.Scope{"read", "run", "restore", "admin"}},
	"a key of another job": {key: "key-bound", program: true, otherJob: true,
		may: []models.Scope{"read", "run", "restore", "admin"}},
	"a key that is wrong":                {key: "key-none", wrong: true},
	"a key that is wrong and an owner":   {key: "key-none", cookie: "owner", person: true, wrong: true, may: []models.Scope{"read", "run", "restore", "admin"}},
	"a key to read that an owner shows":  {key: "key-read", cookie: "owner", person: true, program: true, may: []models.Scope{"read", "run", "restore", "admin"}},
	"an ended session and a key for all": {key: "key-admin", cookie: "ended", program: true, may: []models.Scope{"read", "run", "restore", "admin"}},
}

// origins are the pages whose browsers send a request, or none.
var origins = map[string][]string{
	"this site":                      {"Origin", "http://localhost:8080", "Sec-Fetch-Site", "same-origin"},
	"another site":                   {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
	"a neighbour":                    {"Origin", "http://other.localhost:8080", "Sec-Fetch-Site", "same-site"},
	"an old browser on another site": {"Origin", "https://evil.example"},
	"no browser":                     nil,
}

// reached is what a row answers when it lets a caller in.
const reached = http.StatusTeapot

// want is what a row must answer, by the words in the table alone.
func want(r route, c caller, cross bool) (status int, to string) {
	programs := strings.HasPrefix(r.Path, "/api/")
	if r.Scope == public {
		return reached, ""
	}
	if programs && c.wrong {
		return http.StatusUnauthorized, ""
	}
	if cross && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return http.StatusForbidden, ""
	}
	if r.Scope == open {
		return reached, ""
	}
	known, may := c.person, c.may
	if programs {
		known = c.person || c.program
		if c.key == "key-read" {
			may = []models.Scope{"read"} // a key stands before a cookie
		}
	} else if !c.person {
		may = nil
	}
	switch {
	case !known && programs:
		return http.StatusUnauthorized, ""
	case !known:
		return http.StatusSeeOther, "/sign-in"
	case r.Scope == self && (!c.person || programs && c.program):
		return http.StatusForbidden, ""
	case r.Scope != self && !slices.Contains(may, r.Scope):
		return http.StatusForbidden, ""
	case programs && c.otherJob && r.Key == refusedToBound:
		return http.StatusForbidden, ""
	case programs && c.otherJob && r.Key != narrowed && r.Key != unbound:
		return http.StatusNotFound, ""
	}
	return reached, ""
}

// address fills the parameters of a path with ids of things that are there.
func address(r route) string {
	id := finishedID
	switch {
	case strings.Contains(r.Path, "/jobs/"):
		id = jobID
	case strings.Contains(r.Path, "/restores/"):
		id = restoreID
	case strings.Contains(r.Path, "/drills/"):
		id = drillID
	case strings.Contains(r.Path, "/alarms/"):
		id = alarmID
	case strings.Contains(r.Path, "/drives/"):
		id = driveID
	case strings.Contains(r.Path, "/sources/"), strings.Contains(r.Path, "/setup/check/"):
		id = sourceID
	case strings.Contains(r.Path, "/users/"):
		id = viewerID
	case strings.Contains(r.Path, "/sessions/"):
		id = sessionID
	case strings.Contains(r.Path, "/keys/"):
		id = keyID
	}
	return strings.NewReplacer(":id", id, ":file", copyID, "*name", "name").Replace(r.Path)
}

// matrix is a server whose rows all answer the same once they are reached.
func matrix(t *testing.T, a *fakeAccounts) (*site, []route) {
	t.Helper()
	a.keys["key-bound"] = models.Actor{Kind: models.ActorKey, Name: "of another job", Scopes: models.Scopes{models.ScopeAdmin}, JobIDs: []string{unknownID}}
	var o Options
	s := newSite(t, withAccounts(a), func(given *Options) { given.Log = slog.New(slog.DiscardHandler); o = *given })
	s.store.alarms = []models.Alarm{{ID: alarmID, JobID: jobID}}
	inner, engine := newServer(o), newEngine()
	inner.recorder.Strangers = middleware.NewBudget(math.MaxInt, time.Hour, time.Now)
	rows := inner.routes()
	stubs := slices.Clone(rows)
	for i := range stubs {
		stubs[i].Do = func(c *gin.Context) error { c.Status(reached); return nil }
	}
	inner.register(engine, o, stubs)
	s.handler = engine
	return s, rows
}

func TestEveryRouteForEverybodyFromEverywhere(t *testing.T) {
	a := newAccounts()
	s, rows := matrix(t, a)
	asserted := 0
	for _, r := range rows {
		for who, c := range callers {
			for where, headers := range origins {
				a.entries = nil
				w := s.from(t, r, c, headers)
				status, to := want(r, c, strings.Contains(where, "another site") || where == "a neighbour")
				if w.Code != status || !strings.HasPrefix(w.Header().Get("Location"), to) || to == "" && w.Header().Get("Location") != "" {
					t.Errorf("%s %s for %s from %s: status %d to %q, want %d to %q", r.Method, r.Path, who, where, w.Code, w.Header().Get("Location"), status, to)
				}
				wantRecorded(t, r, c, who, where, status, a.entries)
				asserted++
			}
		}
	}
	if want := len(rows) * len(callers) * len(origins); asserted != want || len(rows) < 80 {
		t.Errorf("%d of %d were asserted", asserted, want)
	}
}

// from asks as a caller.
func (s *site) from(t *testing.T, r route, c caller, headers []string) *httptest.ResponseRecorder {
	t.Helper()
	headers = slices.Clone(headers)
	if c.cookie != "" {
		headers = append(headers, "Cookie", "backupman="+c.cookie)
	}
	if c.key != "" {
		headers = append(headers, "X-Api-Key", c.key)
	}
	return s.ask(t, r.Method, address(r), "", headers...)
}

// wantRecorded asserts that what a known caller asked for is in the audit log, and of
// strangers only where they may become somebody.
func wantRecorded(t *testing.T, r route, c caller, who, where string, status int, entries []models.AuditEntry) {
	t.Helper()
	programs := strings.HasPrefix(r.Path, "/api/")
	known := c.person || programs && c.program
	if programs && c.wrong {
		known = false
	}
	wanted := 0
	if r.Action != "" && (known || r.Scope == open || r.Link) {
		wanted = 1
	}
	if wanted == 1 && status == reached && r.Scope == models.ScopeAdmin && r.Method != http.MethodGet {
		if len(entries) != 2 || entries[0].Outcome != models.AuditBegun {
			t.Errorf("%s %s for %s from %s: that it was begun is not recorded: %+v", r.Method, r.Path, who, where, entries)
			return
		}
		entries = entries[1:]
	}
	if len(entries) != wanted {
		t.Errorf("%s %s for %s from %s: %d entries, want %d", r.Method, r.Path, who, where, len(entries), wanted)
		return
	}
	for _, e := range entries {
		outcome := models.AuditRefused // a teapot refuses, too
		if e.Action != r.Action || e.Outcome != outcome || status != reached && status != http.StatusNotFound && known && e.Detail == "" {
			t.Errorf("%s %s for %s from %s: %s of %s is recorded: %q", r.Method, r.Path, who, where, e.Outcome, e.Action, e.Detail)
		}
	}
}

func TestTheTableIsAllThatIsAnswered(t *testing.T) {
	var o Options
	newSite(t, withAccounts(newAccounts()), func(given *Options) { o = *given })
	engine, ok := New(o).(*gin.Engine)
	if !ok {
		t.Fatal("the handler is no engine")
	}
	var answered, known []string
	for _, r := range engine.Routes() {
		answered = append(answered, r.Method+" "+r.Path)
	}
	for _, r := range newServer(o).routes() {
		known = append(known, r.Method+" "+r.Path)
	}
	slices.Sort(answered)
	slices.Sort(known)
	if !slices.Equal(answered, known) {
		t.Errorf("the engine answers\n%s\nand the table has\n%s", strings.Join(answered, "\n"), strings.Join(known, "\n"))
	}
}

// TestTheTableHoldsTogether asserts what every row must keep to.
func TestTheTableHoldsTogether(t *testing.T) {
	var o Options
	newSite(t, withAccounts(newAccounts()), func(given *Options) { o = *given })
	scopes := append(slices.Clone(models.AllScopes), public, open, self)
	for _, r := range newServer(o).routes() {
		name := r.Method + " " + r.Path
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !slices.Contains(scopes, r.Scope) {
			t.Errorf("%s asks for %q", name, r.Scope)
		}
		if !safe && r.Action == "" && !slices.Contains(asks, r.Path) {
			t.Errorf("%s changes something and is recorded as nothing", name)
		}
		if noun, verb, ok := strings.Cut(r.Action, "."); r.Action != "" && (!ok || noun == "" || verb == "" || len(r.Action) > 64) {
			t.Errorf("%s is recorded as %q", name, r.Action)
		}
		if !r.program() && r.Key != refusedToBound {
			t.Errorf("%s is a page and is bound by %s", name, r.Key)
		}
		if r.Scope == public && (!safe || r.Action != "") {
			t.Errorf("%s is public", name)
		}
		if r.Scope == models.ScopeRead && !safe {
			t.Errorf("%s changes something and asks for nothing but to read", name)
		}
		if strings.Contains(r.Path, ":id") && (r.Key == narrowed || r.Key == unbound && r.Scope != self) {
			t.Errorf("%s has an id that no key is held to", name)
		}
	}
}

// asks are the rows that only read, although they are POSTs.
var asks = []string{"/sources/field", "/drives/field", "/jobs/preview", "/jobs/check"}

// needs is what each action asks for, written down once more.
var needs = map[models.Scope]string{
	models.ScopeRun:     "backup.start backup.retry backup.heal backup.cancel backup.bulk backup.verify backup.pin drill.start drill.cancel restore.cancel job.pause job.resume alarm.seen drive.check source.check",
	models.ScopeRestore: "backup.download backup.link restore.start dump.upload",
	models.ScopeAdmin: "backup.unpin backup.delete job.prune job.kit drive.trust drive.sign-in user.invite user.role user.disable user.enable user.reinvite user.remove " +
		"source.create source.update source.remove drive.create drive.update drive.remove job.create job.update job.remove " +
		"key.create key.remove secret.set secret.remove audit.export " +
		"notifier.create notifier.update notifier.remove notifier.test notification.again",
	self: "session.end-one session.end-others user.password user.second-factor-begin user.second-factor-on user.second-factor-off user.recovery-codes",
	open: "user.accept session.begin session.code session.provider session.end",
}

// looks are the rows without an action that ask for something else than to read.
var looks = map[string]models.Scope{
	"/backups/delete": models.ScopeAdmin, "/backups/:id/delete": models.ScopeAdmin,
	"/backups/:id/restore": models.ScopeRestore, "/restores/new": models.ScopeRestore, "/drives/:id/key": models.ScopeAdmin,
	"/api/users": models.ScopeAdmin, "/api/keys": models.ScopeAdmin, "/api/secrets": models.ScopeAdmin, "/api/sessions": self,
	"/settings/users": models.ScopeAdmin, "/settings/keys": models.ScopeAdmin, "/settings/secrets": models.ScopeAdmin, "/settings/audit": models.ScopeAdmin,
	"/setup": models.ScopeAdmin, "/setup/source": models.ScopeAdmin, "/setup/check/:id": models.ScopeAdmin, "/setup/drives": models.ScopeAdmin,
	"/sources/new": models.ScopeAdmin, "/sources/field": models.ScopeAdmin, "/sources/:id/edit": models.ScopeAdmin, "/sources/:id/delete": models.ScopeAdmin,
	"/drives/new": models.ScopeAdmin, "/drives/field": models.ScopeAdmin, "/drives/:id/edit": models.ScopeAdmin, "/drives/:id/delete": models.ScopeAdmin,
	"/jobs/new": models.ScopeAdmin, "/jobs/preview": models.ScopeAdmin, "/jobs/check": models.ScopeAdmin, "/jobs/:id/edit": models.ScopeAdmin, "/jobs/:id/delete": models.ScopeAdmin, "/setup/job": models.ScopeAdmin,
	"/notifiers/new": models.ScopeAdmin, "/notifiers/:id/edit": models.ScopeAdmin, "/notifiers/:id/delete": models.ScopeAdmin,
	"/account": self, "/account/second-factor": self, "/claim": open, "/sign-in": open, "/sign-in/code": open,
	"/health": public, "/static/*name": public, "/favicon.ico": public,
}

func TestWhatEachScopeIsFor(t *testing.T) {
	var o Options
	newSite(t, withAccounts(newAccounts()), func(given *Options) { o = *given })
	for _, r := range newServer(o).routes() {
		want, known := looks[r.Path]
		if !known {
			want = models.ScopeRead
		}
		if r.Action != "" {
			want = "an action of no scope"
			for scope, actions := range needs {
				if slices.Contains(strings.Fields(actions), r.Action) {
					want = scope
				}
			}
		}
		if r.Scope != want {
			t.Errorf("%s %s (%s) asks for %q, want %q", r.Method, r.Path, r.Action, r.Scope, want)
		}
	}
}

func TestWithoutAccountsThisMachineMayDoEverything(t *testing.T) {
	var o Options
	newSite(t, func(given *Options) {
		given.Log, given.Notify = slog.New(slog.NewTextHandler(io.Discard, nil)), nil
		o = *given
	})
	for name, beyond := range map[string]bool{"on this machine": false, "beyond it": true} {
		o.BeyondLoopback = beyond
		inner, engine := newServer(o), newEngine()
		rows := inner.routes()
		stubs := slices.Clone(rows)
		for i := range stubs {
			stubs[i].Do = func(c *gin.Context) error { c.Status(reached); return nil }
		}
		inner.register(engine, o, stubs)
		s := &site{handler: engine}
		for _, r := range rows {
			status := reached
			switch {
			case r.Feature != always:
				status = http.StatusNotFound
			case r.Scope == public:
			case strings.HasPrefix(r.Path, "/api/") && beyond:
				status = http.StatusUnauthorized
			case beyond, r.Scope == self:
				status = http.StatusForbidden
			}
			if w := s.from(t, r, caller{}, nil); w.Code != status {
				t.Errorf("%s: %s %s: status %d, want %d", name, r.Method, r.Path, w.Code, status)
			}
		}
	}
}
