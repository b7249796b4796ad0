package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
	"github.com/backupman/backupman/web/cookies"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/middleware"
	"github.com/backupman/backupman/web/origin"
	"github.com/backupman/backupman/web/pages"
	"github.com/backupman/backupman/web/tasks"
)

// Store is what the web asks of the metadata database; *store.Store has it all.
type Store interface {
	api.Store
	pages.Plans
	pages.History
	pages.Drives
	pages.Proof
	pages.Slots
	pages.Removals
	pages.Finder
	api.UsedLinks
	// Ping tells whether the database answers.
	Ping(ctx context.Context) error
}

// Backups is what the web asks of the service that makes backups.
type Backups interface {
	Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error)
	Retry(ctx context.Context, id string) (models.Backup, error)
	Heal(ctx context.Context, id string) (models.Backup, error)
	Cancel(ctx context.Context, id string) (models.Backup, error)
	Verify(ctx context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error)
	Open(ctx context.Context, backupID, driveFileID string) (io.ReadCloser, models.DriveFile, error)
	Wait(ctx context.Context, id string) (models.Backup, error)
}

// Restores is what the web asks of the service that restores backups and proves them.
type Restores = pages.Restores

// Catalog is what the web asks of the configured drives.
type Catalog = pages.Catalog

// Upkeep checks drives.
type Upkeep = pages.Upkeep

// Schedule tells when jobs run.
type Schedule = pages.Schedule

// Retention removes what the rules of jobs do not keep.
type Retention = pages.Retention

// Options is what the server needs.
type Options struct {
	Store     Store
	Backups   Backups
	Restores  Restores
	Catalog   Catalog
	Upkeep    Upkeep
	Schedule  Schedule
	Retention Retention
	// Accounts knows people and programs. Nil switches accounts off: pages are then shown on
	// this machine only, and whoever sees them may do everything.
	Accounts identity.Accounts
	// Secrets keeps secrets that settings refer to; nil is none.
	Secrets identity.Secrets
	// Kits makes recovery kits; nil is none.
	Kits pages.Kits
	// Notify tells people of events; nil is none.
	Notify pages.Notify
	// Planner keeps what people set up on pages; nil is none.
	Planner pages.Planner
	// Background runs what a page asks for and does not wait for. Nil runs it in a
	// goroutine that nobody waits for, which is for tests.
	Background tasks.Runner
	// Gallery shows all components on one page, for those who build pages.
	Gallery bool
	// Version is shown below every page.
	Version string
	// APIKeys tells the keys of this moment, which are asked for on /api as soon as
	// there is one. Nil is none.
	APIKeys func() []string
	// BeyondLoopback says that others than this machine can connect. Without accounts pages
	// are then refused, and the API asks for a key in any case.
	BeyondLoopback bool
	// TLS says that the listener itself speaks https.
	TLS bool
	// TrustedProxies are believed when they say where a request came from, and how.
	TrustedProxies origin.Proxies
	// AppURL is the address that people use; empty when it is the listener's own.
	// One beyond loopback means a proxy, whose requests look like this machine's:
	// what BeyondLoopback refuses is then refused, too.
	AppURL string
	// SigningKey signs download links; a random one is made when it is too short.
	SigningKey []byte
	// Log receives what went wrong. Nil is slog's default.
	Log *slog.Logger
	// Now tells the time. Nil is models.Now.
	Now func() time.Time
	// Shared is how old the overview may be that many look at at once; what is changed through
	// this server shows at once all the same. 0 reads it anew for each.
	Shared time.Duration
}

// reachable reports whether others than this machine reach the server.
func (o Options) reachable() bool { return o.BeyondLoopback || AppURLBeyond(o.AppURL) }

// Unprotected reports whether passwords and sessions would cross the network as they are:
// others reach the server, and neither it nor a proxy in front of it speaks https.
func (o Options) Unprotected() bool {
	return o.reachable() && !o.TLS && len(o.TrustedProxies) == 0 && !strings.HasPrefix(strings.ToLower(o.AppURL), "https://")
}

// has reports whether a feature of the program is there.
func (o Options) has(p feature) bool {
	switch p {
	case accounts:
		return o.Accounts != nil
	case secrets:
		return o.Secrets != nil
	case kits:
		return o.Kits != nil
	case planner:
		return o.Planner != nil
	case gallery:
		return o.Gallery
	case notifications:
		return o.Notify != nil
	}
	return true
}

// secure reports whether a request came over https.
func (o Options) secure(r *http.Request) bool { return origin.Secure(r, o.AppURL, o.TrustedProxies) }

// AppURLBeyond reports whether an address that people use is one that other
// machines reach.
func AppURLBeyond(appURL string) bool { return middleware.BeyondLoopback(appURL) }

// server holds the handlers between which routes choose.
type server struct {
	log     *slog.Logger
	version string
	store   Store
	who     *middleware.Who
	// recorder is nil where accounts, and with them the audit log, are switched off.
	recorder *middleware.Recorder
	api      *api.Handlers
	pages    *pages.Handlers
}

// New returns the handler of everything the server answers. How long headers and bodies may
// take is the caller's to bound; how long an answer may take is in the table of routes.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = models.Now
	}
	if o.Background == nil {
		o.Background = func(work func(ctx context.Context)) { go work(context.Background()) }
	}
	engine, s := newEngine(), newServer(o)
	s.register(engine, o, s.routes())
	if o.Shared > 0 {
		o.Background(s.pages.Warm)
	}
	return engine
}

func newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.ForwardedByClientIP = false
	return engine
}

func newServer(o Options) *server {
	if o.APIKeys == nil {
		o.APIKeys = func() []string { return nil }
	}
	s := &server{log: o.Log, version: o.Version, store: o.Store, api: newAPI(o), pages: newPages(o)}
	s.who = &middleware.Who{Accounts: o.Accounts, Keys: middleware.NewKeys(o.APIKeys, o.reachable()),
		Jar: jar(o), Proxies: o.TrustedProxies, Refuse: s.refuse}
	if o.Accounts != nil {
		s.recorder = &middleware.Recorder{Record: o.Accounts.Record, Log: o.Log, Strangers: middleware.NewBudget(strangers, strangersEach, o.Now)}
	}
	return s
}

// Strangers make at most so many entries of the audit log at once, and then one for each
// interval.
const (
	strangers     = 100
	strangersEach = 6 * time.Second
)

func newAPI(o Options) *api.Handlers {
	return &api.Handlers{
		Store: o.Store, Backups: o.Backups, Restores: o.Restores, Catalog: o.Catalog, Upkeep: o.Upkeep, Schedule: o.Schedule, Retention: o.Retention,
		Accounts: o.Accounts, Secrets: o.Secrets, Kits: o.Kits, Planner: o.Planner, Notify: o.Notify, Links: api.NewLinks(o.SigningKey, o.Now), Used: o.Store,
		AppURL: o.AppURL, Proxies: o.TrustedProxies, Now: o.Now, Ping: o.Store.Ping,
	}
}

func jar(o Options) cookies.Jar { return cookies.Jar{AppURL: o.AppURL, Proxies: o.TrustedProxies} }

func newPages(o Options) *pages.Handlers {
	return &pages.Handlers{
		Plans: o.Store, History: o.Store, Drives: o.Store, Proof: o.Store, Backups: o.Backups, Restores: o.Restores, Catalog: o.Catalog, Upkeep: o.Upkeep,
		Schedule: o.Schedule, Slots: o.Store, Retention: o.Retention, Removals: o.Store, Find: o.Store, SignIns: pages.NewSignIns(o.Now),
		Comparisons: tasks.NewGroup[[]models.CopyVerdict](o.Background, o.Now), Checks: tasks.NewGroup[models.DriveCheck](o.Background, o.Now),
		Trials: tasks.NewGroup[models.Trial](o.Background, o.Now), Typed: pages.NewTyped(o.Now),
		Accounts: o.Accounts, Secrets: o.Secrets, Kits: o.Kits, Notify: o.Notify, Planner: o.Planner, Cookies: jar(o),
		AppURL: o.AppURL, Proxies: o.TrustedProxies, Version: o.Version, Log: o.Log, Now: o.Now, Shared: o.Shared,
	}
}
