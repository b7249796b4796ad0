package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
)

// Notifiers returns the notifiers that this process is configured with, in the order in
// which they are configured, without their secrets.
func (c *Catalog) Notifiers(context.Context) []models.Notifier {
	all := slices.Clone(c.snapshot().notifiers)
	for i, n := range all {
		kind, err := notify.Lookup(n.Provider)
		all[i].Settings = n.Settings.Without(kind)
		if err != nil {
			all[i].Settings = nil // of which some may be secret
		}
	}
	return all
}

// OpenNotifier returns a notifier with its secrets. It returns models.ErrNotFound, and no
// notifier, for one that is not configured here.
func (c *Catalog) OpenNotifier(ctx context.Context, label string) (models.Notifier, error) {
	all := c.snapshot().notifiers
	i := slices.IndexFunc(all, func(n models.Notifier) bool { return n.Label == label })
	if i < 0 {
		return models.Notifier{}, models.NotFoundf("there is no notifier %q in the configuration", label)
	}
	n := all[i]
	kind, err := notify.Lookup(n.Provider)
	if err != nil {
		return n, err
	}
	n.Settings, err = c.RevealSettings(ctx, fmt.Sprintf("the notifier %q", label), kind, n.Settings)
	return n, err
}
