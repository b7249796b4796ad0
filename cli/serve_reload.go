package cli

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/schedule"
)

// apiKeys are the API keys of the moment.
type apiKeys struct{ held atomic.Pointer[[]string] }

func (k *apiKeys) set(keys []models.Secret) {
	var open []string
	for _, key := range keys {
		open = append(open, key.Reveal())
	}
	k.held.Store(&open)
}

func (k *apiKeys) current() []string {
	if keys := k.held.Load(); keys != nil {
		return *keys
	}
	return nil
}

// watchConfig applies a changed configuration file while the server runs. A
// hangup has it read again even when it looks unchanged, because a secret's file
// may have changed.
func (a *app) watchConfig(ctx context.Context, options config.Options, plan *schedule.Scheduler, hangups <-chan os.Signal) error {
	watcher := config.NewWatcher(a.config, options, func(c config.Config, err error) { a.reload(ctx, c, err, plan.Changed) })
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				a.hangUp(watcher)
			}
		}
	}()
	return watcher.Run(ctx)
}

func (a *app) hangUp(watcher *config.Watcher) {
	if a.config.File == "" {
		a.log.Warn("there is no configuration file to read again")
		return
	}
	watcher.Reload()
}

// reload makes a changed configuration the running one, as far as that goes
// without a restart; changed is called when it did.
func (a *app) reload(ctx context.Context, c config.Config, err error, changed func()) {
	if err == nil {
		err = absolute(&c)
	}
	if err != nil {
		a.log.Error("the changed configuration has mistakes and is not used", "mistakes", err.Error())
		return
	}
	a.keys.set(c.HTTP.APIKeys) // first: a revoked key must not wait for the database
	if err := insistOnPlan(ctx, func() error { return a.planner.Use(ctx, c) }); err != nil {
		a.log.Error("the changed configuration could not be applied: change the file again, or send SIGHUP", "error", err)
		return
	}
	a.log.Info("configuration reloaded", "file", c.File, "jobs", len(c.Jobs), "api_keys", len(c.HTTP.APIKeys))
	if keys := needRestart(a.config, c); len(keys) > 0 {
		a.log.Warn("some changes of the configuration need a restart of the server", "keys", keys)
	}
	a.warnOfKits(ctx)
	a.backups.SetLimits(c.Limits.Concurrent, c.Limits.All)
	changed()
}

// insistOnPlan tries for a minute, because a database that is away for a moment
// must not leave the schedules as they were.
func insistOnPlan(ctx context.Context, apply func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := apply()
		if err == nil || errors.Is(err, models.ErrInvalid) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(2 * time.Second):
		}
	}
}

// needRestart names the keys of the file whose values a server takes only when
// it starts, and that are not what it started with.
func needRestart(started, now config.Config) []string {
	var keys []string
	for _, k := range []struct {
		name    string
		changed bool
	}{
		{"data", started.Data != now.Data},
		{"scratch_folder", started.ScratchFolder != now.ScratchFolder},
		{"database", started.Database != now.Database},
		{"http.listen", started.HTTP.Listen != now.HTTP.Listen},
		{"http.signing_key", started.HTTP.SigningKey != now.HTTP.SigningKey},
		{"shutdown_grace", started.ShutdownGrace != now.ShutdownGrace},
		{"http.app_url", started.HTTP.AppURL != now.HTTP.AppURL},
		{"http.trusted_proxies", !slices.Equal(started.HTTP.TrustedProxies, now.HTTP.TrustedProxies)},
		{"http.tls_cert", started.HTTP.TLSCert != now.HTTP.TLSCert},
		{"http.tls_key", started.HTTP.TLSKey != now.HTTP.TLSKey},
		{"accounts", started.Accounts != now.Accounts},
		{"oidc", !reflect.DeepEqual(started.OIDC, now.OIDC)},
		{"secrets", !reflect.DeepEqual(started.Secrets, now.Secrets)},
		{"audit", started.Audit != now.Audit},
	} {
		if k.changed {
			keys = append(keys, k.name)
		}
	}
	return keys
}
