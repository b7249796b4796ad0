package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
	"github.com/backupman/backupman/web/middleware"
	"github.com/backupman/backupman/web/pages"
)

// What a row asks for instead of a scope.
const (
	// public rows look at nobody: files of pages, and whether the server is well.
	public models.Scope = "public"
	// open rows let strangers in, who show something else than a key or a session.
	open models.Scope = "open"
	// self rows are about the account of whoever signed in, whatever the role.
	self models.Scope = "self"
)

// binding is how a row holds an API key to the jobs that it is for.
type binding string

// The bindings. Pages know no keys, so that their rows have none.
const (
	// refusedToBound rows are about all jobs at once: keys for some are refused.
	refusedToBound binding = ""
	// boundBy… rows have an id in the path that belongs to a job, or is one.
	boundByBackup  binding = "backup"
	boundByJob     binding = "job"
	boundByRestore binding = "restore"
	boundByDrill   binding = "drill"
	boundByAlarm   binding = "alarm"
	// narrowed rows leave out what belongs to other jobs.
	narrowed binding = "narrowed"
	// unbound rows have nothing to do with jobs.
	unbound binding = "unbound"
)

// feature is a feature of the program that may be switched off.
type feature string

// The parts.
const (
	always   feature = ""
	accounts feature = "accounts"
	secrets  feature = "secrets"
	kits     feature = "kits"
	planner  feature = "planner"
	gallery  feature = "gallery"

	notifications feature = "notifications"
)

// route is one row of the table of everything that is answered.
type route struct {
	Method, Path string
	Do           handler
	// Scope is what whoever asks must be allowed to do, or public, open or self.
	Scope models.Scope
	// Action is what the audit log calls it. Rows without one only read, also those that ask;
	// all that change something or hand out the content of a dump have one.
	Action string
	// Key is how a key for some jobs is held to them.
	Key binding
	// Bounds are those of the request where they are not the usual ones.
	Bounds middleware.Bounds
	// Feature is what the row is of no use without.
	Feature feature
	// Link says that a signed link in the query opens it, too.
	Link bool
}

// of says which feature a row belongs to.
func (r route) of(p feature) route { r.Feature = p; return r }

// within gives a row other bounds.
func (r route) within(b middleware.Bounds) route { r.Bounds = b; return r }

// orLink lets a signed link open a row, too.
func (r route) orLink() route { r.Link = true; return r }

// program reports whether the row is answered to programs, which show keys.
func (r route) program() bool { return forPrograms(r.Path) }

// first reports whether it is written down that a request was begun before it is handled,
// as for all that owners change. Handlers of restores and downloads do that themselves,
// once they know what is asked for.
func (r route) first() bool {
	return r.Scope == admin && r.Method != http.MethodGet && r.Action != ""
}

// look is a row that only reads, change one that has an action.
func look(path string, do handler, scope models.Scope, key binding) route {
	return route{Method: http.MethodGet, Path: path, Do: do, Scope: scope, Key: key}
}

func change(method, path string, do handler, scope models.Scope, action string, key binding) route {
	return route{Method: method, Path: path, Do: do, Scope: scope, Action: action, Key: key}
}

// page and post are rows of pages.
func page(path string, do handler, scope models.Scope) route {
	return look(path, do, scope, refusedToBound)
}

func post(path string, do handler, scope models.Scope, action string) route {
	return change(http.MethodPost, path, do, scope, action, refusedToBound)
}

// ask is a row that only reads, although it is a POST: what is typed into a form while it
// is filled in is not for addresses, which are written down on the way.
func ask(path string, do handler, scope models.Scope) route {
	return route{Method: http.MethodPost, Path: path, Do: do, Scope: scope}
}

// routes is everything that is answered.
func (s *server) routes() []route {
	all := append(s.publicRoutes(), s.apiRoutes()...)
	all = append(all, s.adminRoutes()...)
	all = append(all, s.pageRoutes()...)
	all = append(all, s.setupRoutes()...)
	all = append(all, s.jobRoutes()...)
	all = append(all, s.notifyRoutes()...)
	all = append(all, s.planRoutes()...)
	all = append(all, s.findRoutes()...)
	all = append(all, s.leadRoutes()...)
	return append(all, s.peopleRoutes()...)
}

// register hands rows of the table to the engine.
func (s *server) register(engine *gin.Engine, o Options, rows []route) {
	engine.Use(middleware.Requests(s.log), middleware.Headers(o.secure), middleware.Recover(s.refuse), pages.Offer(openers(rows, o)))
	if !o.BeyondLoopback {
		engine.Use(middleware.Host(o.AppURL, s.refuse))
	}
	engine.NoRoute(s.who.Person(), s.do(notFound))
	engine.NoMethod(s.who.Person(), s.do(methodNotAllowed))
	sameOrigin := middleware.SameOrigin(o.AppURL, s.refuse)
	for _, r := range rows {
		engine.Handle(r.Method, r.Path, s.chain(r, o, sameOrigin)...)
	}
}

// openers reports of a page whether somebody may open it: it is in the table, what it is of
// no use without is there, and its scope is the actor's.
func openers(rows []route, o Options) func(path string, by models.Actor) bool {
	scopes := map[string]models.Scope{}
	for _, r := range rows {
		if r.Method == http.MethodGet && !r.program() && o.has(r.Feature) {
			scopes[r.Path] = r.Scope
		}
	}
	return func(path string, by models.Actor) bool {
		scope, there := scopes[path]
		switch {
		case !there:
			return false
		case scope == public || scope == open:
			return true
		case scope == self:
			return by.Kind == models.ActorUser
		}
		return by.Scopes.Allow(scope)
	}
}

// chain is what happens to a request of a row, in order.
func (s *server) chain(r route, o Options, sameOrigin gin.HandlerFunc) []gin.HandlerFunc {
	if !o.has(r.Feature) {
		return []gin.HandlerFunc{s.do(missing(r.Feature))}
	}
	chain := []gin.HandlerFunc{middleware.Bound(r.Bounds, s.refuse)}
	if r.Scope == public {
		return append(chain, s.do(r.Do))
	}
	if r.Action != "" && s.recorder != nil {
		chain = append(chain, s.recorder.Audit(r.Action, r.Scope == open || r.Link))
	}
	if !r.program() && o.Accounts == nil {
		chain = append(chain, middleware.LoopbackPages(o.reachable(), s.refuse))
	}
	chain = append(chain, s.identify(r), sameOrigin)
	for _, check := range s.checks(r) {
		chain = append(chain, unlessLink(r, check))
	}
	if r.first() && s.recorder != nil {
		chain = append(chain, middleware.Begin(s.refuse))
	}
	if r.Action != "" {
		chain = append(chain, s.changes)
	}
	return append(chain, s.do(r.Do))
}

// changes tells the overview that what it has read is no longer so, before the answer to what
// changes something is sent.
func (s *server) changes(c *gin.Context) {
	defer s.pages.Changed()
	c.Next()
}

// identify finds out who asks.
func (s *server) identify(r route) gin.HandlerFunc {
	known := s.who.Person()
	if r.program() {
		known = s.who.Program()
	}
	if !r.Link {
		return known
	}
	return func(c *gin.Context) {
		if api.ShowsLink(c) {
			s.who.Stranger(c)
			return
		}
		known(c)
	}
}

// checks are what whoever asks must pass.
func (s *server) checks(r route) []gin.HandlerFunc {
	if r.Scope == open {
		return nil
	}
	if !r.program() {
		checks := []gin.HandlerFunc{s.who.RequireSignedIn()}
		if r.Scope == self {
			return append(checks, middleware.RequirePerson(s.refuse))
		}
		return append(checks, middleware.RequireScope(r.Scope, s.refuse))
	}
	checks := []gin.HandlerFunc{s.who.RequireShown()}
	if r.Scope == self {
		checks = append(checks, middleware.RequirePerson(s.refuse))
	} else {
		checks = append(checks, middleware.RequireScope(r.Scope, s.refuse))
	}
	return append(checks, s.hold(r.Key))
}

// unlessLink leaves a check out where a signed link is shown, which the handler looks at.
func unlessLink(r route, check gin.HandlerFunc) gin.HandlerFunc {
	if !r.Link {
		return check
	}
	return func(c *gin.Context) {
		if !api.ShowsLink(c) {
			check(c)
		}
	}
}

// missing answers for a feature that is switched off.
func missing(p feature) handler {
	return func(*gin.Context) error {
		if p == accounts {
			return models.NotFoundf("accounts are switched off in the configuration, so there is nobody to sign in and nothing to look at here")
		}
		if p == planner {
			return models.NotFoundf("nothing can be set up on the pages of this server: its configuration file says what there is")
		}
		return models.NotFoundf("this server keeps no %s", p)
	}
}
