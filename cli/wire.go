package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/auth"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/kit"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/services/plan"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/retention"
	"github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
	"github.com/backupman/backupman/services/upkeep"
	"github.com/backupman/backupman/services/watch"
)

// app is the services put together over one configuration.
type app struct {
	config    config.Config
	store     *store.Store
	catalog   *catalog.Catalog
	backups   *backup.Service
	upkeep    *upkeep.Service
	restores  *restore.Service
	retention *retention.Service
	watch     *watch.Service
	notify    *notify.Service
	adopt     *adopt.Service
	kits      *kit.Service
	keys      apiKeys
	// gallery shows all components on one page.
	gallery bool
	ring    *secrets.Keyring
	vault   *secrets.Vault
	planner *plan.Service
	auth    *auth.Service
	log     *slog.Logger
}

// loadOptions tell the configuration which kinds there are and what flags said.
func (f *flags) loadOptions(listen string) config.Options {
	o := kinds()
	o.Overrides = config.Overrides{Data: f.data, Listen: listen}
	return o
}

// kinds are those that the configuration file and pages may name.
func kinds() config.Options {
	o := config.Options{Notifiers: notify.Kinds()}
	for _, k := range source.Kinds() {
		o.Sources = append(o.Sources, k.Kind)
	}
	for _, k := range drive.Kinds() {
		o.Drives = append(o.Drives, k.Kind)
	}
	return o
}

// load reads the configuration; its error lists every mistake.
func (f *flags) load(listen string) (config.Config, error) {
	c, err := config.Load(f.config, f.loadOptions(listen))
	if err != nil {
		return c, fmt.Errorf("the configuration has mistakes, so nothing was started:\n%w", err)
	}
	err = absolute(&c)
	return c, err
}

// absolute makes the paths of folders whole, once: the paths of spools and of scratch
// databases below them are shown to programs, which work elsewhere.
func absolute(c *config.Config) error {
	for _, path := range []*string{&c.Data, &c.ScratchFolder, &c.Database.Path} {
		if *path == "" {
			continue
		}
		whole, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("find the folder %s: %w", *path, err)
		}
		*path = whole
	}
	return nil
}

// access is what a process may do to the metadata that others use, too.
type access int

const (
	// looking reads: what is configured elsewhere stays as it is.
	looking access = iota
	// running adds what its own configuration names, and removes nothing.
	running
	// serving makes its own configuration the whole plan.
	serving
)

// openApp puts the services together.
func openApp(ctx context.Context, c config.Config, mode access, log *slog.Logger) (*app, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	a := &app{config: c, log: log}
	a.keys.set(c.HTTP.APIKeys)
	var err error
	if a.store, err = store.Open(ctx, storeConfig(c.Database), log); err != nil {
		return nil, err
	}
	installation, err := a.store.Installation(ctx)
	if err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.catalog = catalog.New(a.store, source.Lookup, drive.Lookup, drive.Place{
		StateDir: filepath.Join(c.Data, "drives"), Installation: installation, Policy: drive.DefaultPolicy(),
		Outgoing: a.outgoing()}, a.openVault())
	a.planner = plan.New(plan.Options{Store: a.store, Catalog: a.catalog, Vault: a.vault, Kinds: kinds(), Reach: reachOf(mode), Log: log})
	if err := a.planner.Use(ctx, c); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.openAccounts(ctx, mode)
	a.watch = watch.New(a.store)
	a.retention = retention.New(retention.Options{Store: a.store, Catalog: a.catalog, Log: log})
	a.backups, err = backup.New(ctx, backup.Options{Store: a.store, Catalog: a.catalog, DataDir: c.Data, Serves: mode == serving, Log: log,
		Concurrency: c.Limits.Concurrent, Limits: c.Limits.All,
		AfterFinish: a.afterFinish})
	if err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.upkeep = upkeep.New(a.store, a.catalog, a.backups, log, nil)
	a.restores = restore.New(restore.Options{Store: a.store, Copies: a.backups, Catalog: a.catalog, Backups: a.backups, Kind: source.Lookup,
		Dir: c.Data, ScratchFolder: c.ScratchFolder, Installation: installation, RunnerID: a.backups.RunnerID(), Log: log})
	a.kits = kit.New(a.store, a.catalog)
	a.notify = notify.New(notify.Options{Store: a.store, Catalog: a.catalog, Policy: a.outgoing(), AppURL: c.HTTP.AppURL, Log: log, Left: a.planner.LeftOut})
	a.adopt = adopt.New(a.store, a.catalog, source.Kinds(), c.Data, log)
	return a, nil
}

// reachOf says what a process may do to the rows of sources, drives and jobs. A process
// without a configuration file asks for nothing besides what is set up on pages, which is no
// reason to remove what others asked for.
func reachOf(mode access) plan.Reach {
	switch mode {
	case serving:
		return plan.Rules
	case running:
		return plan.Adds
	}
	return plan.Looks
}

// afterFinish looks at what a finished backup holds, drills it, and removes what is no
// longer kept now that there is another. Nothing is removed before the look has raised
// the alarms that it has to.
func (a *app) afterFinish(ctx context.Context, b models.Backup) {
	looked := a.watch.Check(ctx, b)
	if looked != nil {
		a.log.Error("backup not compared with those before it", "backup_id", b.ID, "error", looked)
	}
	job, err := a.catalog.Job(ctx, b.JobID)
	if err != nil {
		a.log.Error("job of a finished backup not found", "backup_id", b.ID, "error", err)
		return
	}
	a.drillAfter(ctx, b, job)
	if looked == nil {
		a.retention.PruneSoon(job)
	}
}

// drillAfter drills a backup that has just finished, where its job says so.
func (a *app) drillAfter(ctx context.Context, b models.Backup, job models.Job) {
	if !job.DrillAfter {
		return
	}
	if a.backups.Ending() {
		a.log.Info("drill left out, because the server ends", "backup_id", b.ID)
		return
	}
	if _, err := a.restores.Drill(ctx, models.DrillRequest{BackupID: b.ID, Trigger: b.Trigger}); err != nil {
		a.log.Error("drill not recorded", "backup_id", b.ID, "error", err)
	}
}

// pruneTime is how long a process that ends waits for drives to remove copies.
const pruneTime = 15 * time.Second

// close waits for what runs and lets everything go.
func (a *app) close() error {
	err := errors.Join(a.restores.Close(), a.backups.Close())
	a.retention.Close(pruneTime)
	return errors.Join(err, a.store.Close())
}

func storeConfig(d config.Database) store.Config {
	return store.Config{Provider: d.Provider, Path: d.Path, Host: d.Host, Port: d.Port, DBName: d.DBName,
		User: d.User, Password: d.Password.Reveal(), TLS: strconv.FormatBool(d.TLS)}
}

// quietLog is for commands: only what went wrong.
func quietLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func serverLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
