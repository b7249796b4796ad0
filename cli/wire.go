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

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
	"github.com/backupman/backupman/services/upkeep"
	"github.com/backupman/backupman/services/watch"
)

// app is the services put together over one configuration.
type app struct {
	config   config.Config
	store    *store.Store
	catalog  *catalog.Catalog
	backups  *backup.Service
	upkeep   *upkeep.Service
	restores *restore.Service
	watch    *watch.Service
	adopt    *adopt.Service
	keys     apiKeys
	log      *slog.Logger
}

// loadOptions tell the configuration which kinds there are and what flags said.
func (f *flags) loadOptions(listen string) config.Options {
	o := config.Options{Overrides: config.Overrides{Data: f.data, Listen: listen}}
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
		StateDir: filepath.Join(c.Data, "drives"), Installation: installation, Policy: drive.DefaultPolicy()})
	if err := a.plan(ctx, mode); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.watch = watch.New(a.store)
	a.backups, err = backup.New(ctx, backup.Options{Store: a.store, Catalog: a.catalog, DataDir: c.Data, Serves: mode == serving, Log: log,
		AfterFinish: a.afterFinish})
	if err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	a.upkeep = upkeep.New(a.store, a.catalog, a.backups, log, nil)
	a.restores = restore.New(restore.Options{Store: a.store, Copies: a.backups, Catalog: a.catalog, Backups: a.backups, Kind: source.Lookup,
		Dir: c.Data, ScratchFolder: c.ScratchFolder, Installation: installation, RunnerID: a.backups.RunnerID(), Log: log})
	a.adopt = adopt.New(a.store, a.catalog, source.Kinds(), c.Data, log)
	return a, nil
}

// plan makes the configuration the catalog's, and the store's as far as mode
// allows. A process without a configuration file asks for nothing, which is no
// reason to remove what others asked for.
func (a *app) plan(ctx context.Context, mode access) error {
	plan := a.config.Plan()
	if mode == looking || a.config.File == "" {
		a.catalog.Load(plan)
		return nil
	}
	plan.Keep = mode == running
	return a.catalog.Apply(ctx, plan)
}

// afterFinish looks at what a finished backup holds, and drills it.
func (a *app) afterFinish(ctx context.Context, b models.Backup) {
	if err := a.watch.Check(ctx, b); err != nil {
		a.log.Error("backup not compared with those before it", "backup_id", b.ID, "error", err)
	}
	a.drillAfter(ctx, b)
}

// drillAfter drills a backup that has just finished, where its job says so.
func (a *app) drillAfter(ctx context.Context, b models.Backup) {
	if job, err := a.catalog.Job(ctx, b.JobID); err != nil || !job.DrillAfter {
		return
	}
	if _, err := a.restores.Drill(ctx, models.DrillRequest{BackupID: b.ID, Trigger: b.Trigger}); err != nil {
		a.log.Error("drill not recorded", "backup_id", b.ID, "error", err)
	}
}

// close waits for what runs and lets everything go.
func (a *app) close() error {
	return errors.Join(a.restores.Close(), a.backups.Close(), a.store.Close())
}

func storeConfig(d config.Database) store.Config {
	return store.Config{Provider: d.Provider, Path: d.Path, Host: d.Host, Port: d.Port, DBName: d.DBName,
		User: d.User, Password: d.Password, TLS: strconv.FormatBool(d.TLS)}
}

// quietLog is for commands: only what went wrong.
func quietLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func serverLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
