package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/plan"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// together returns what the configuration file and pages name, for what needs no more of an
// app. Where there is no data folder, nothing was set up on pages, and asking would make one.
func (f *flags) together(ctx context.Context, c config.Config) (models.Plan, error) {
	if _, err := os.Stat(c.Data); err != nil {
		return c.Plan(), nil
	}
	quiet := slog.New(slog.DiscardHandler)
	s, err := store.Open(ctx, storeConfig(c.Database), quiet)
	if err != nil {
		return models.Plan{}, err
	}
	a := &app{config: c, store: s}
	a.catalog = catalog.New(s, source.Lookup, drive.Lookup, drive.Place{}, a.openVault())
	p := plan.New(plan.Options{Store: s, Catalog: a.catalog, Vault: a.vault, Kinds: kinds(), Reach: plan.Looks, Log: quiet})
	err = p.Use(ctx, c)
	return p.Plan(), errors.Join(err, s.Close())
}

// offers returns labels for a shell: of everything that is configured, and none where the
// configuration has mistakes.
func (f *flags) offers(labels func(models.Plan) []string) []string {
	c, err := f.load("")
	if err != nil {
		return nil
	}
	planned, err := f.together(context.Background(), c)
	if err != nil {
		planned = c.Plan()
	}
	return labels(planned)
}
