package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
	"github.com/backupman/backupman/web/middleware"
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
	// Ping tells whether the database answers.
	Ping(ctx context.Context) error
}

// Backups is what the web asks of the service that makes backups.
type Backups interface {
	Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error)
	Retry(ctx context.Context, id string) (models.Backup, error)
	Heal(ctx context.Context, id string) (models.Backup, error)
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

// Options is what the server needs.
type Options struct {
	Store    Store
	Backups  Backups
	Restores Restores
	Catalog  Catalog
	Upkeep   Upkeep
	Schedule Schedule
	// Background runs what a page asks for and does not wait for. Nil runs it in a
	// goroutine that nobody waits for, which is for tests.
	Background tasks.Runner
	// Version is shown below every page.
	Version string
	// APIKeys tells the keys of this moment, which are asked for on /api as soon as
	// there is one. Nil is none.
	APIKeys func() []string
	// BeyondLoopback says that others than this machine can connect: pages are
	// then refused and the API asks for a key in any case.
	BeyondLoopback bool
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
}

// reachable reports whether others than this machine reach the server.
func (o Options) reachable() bool { return o.BeyondLoopback || AppURLBeyond(o.AppURL) }

// AppURLBeyond reports whether an address that people use is one that other
// machines reach.
func AppURLBeyond(appURL string) bool { return middleware.BeyondLoopback(appURL) }

// server holds the handlers between which routes choose.
type server struct {
	log     *slog.Logger
	version string
	keys    *middleware.Keys
	api     *api.Handlers
	pages   *pages.Handlers
}

// New returns the handler of everything the server answers. Timeouts are the
// caller's to set; long answers move the write deadline along by themselves.
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
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.ForwardedByClientIP = false
	newServer(o).route(engine, o)
	return engine
}

func newServer(o Options) *server {
	if o.APIKeys == nil {
		o.APIKeys = func() []string { return nil }
	}
	keys := middleware.NewKeys(o.APIKeys, o.reachable())
	return &server{
		log: o.Log, version: o.Version, keys: keys,
		api: &api.Handlers{
			Store: o.Store, Backups: o.Backups, Restores: o.Restores, Catalog: o.Catalog, Upkeep: o.Upkeep, Links: api.NewLinks(o.SigningKey, o.Now), AppURL: o.AppURL,
			Now: o.Now, Ping: o.Store.Ping, CheckKey: keys.Check,
		},
		pages: &pages.Handlers{
			Plans: o.Store, History: o.Store, Drives: o.Store, Proof: o.Store, Backups: o.Backups, Restores: o.Restores, Catalog: o.Catalog, Upkeep: o.Upkeep,
			Schedule: o.Schedule, SignIns: pages.NewSignIns(o.Now), Comparisons: tasks.NewGroup[[]models.CopyVerdict](o.Background, o.Now),
			Checks: tasks.NewGroup[models.DriveCheck](o.Background, o.Now), AppURL: o.AppURL, Version: o.Version, Log: o.Log, Now: o.Now,
		},
	}
}
