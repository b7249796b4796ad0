package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/backupman/backupman/models"
)

// Secrets opens the stored secrets that settings refer to, by their names. It returns
// models.ErrNotFound for one that is not stored.
type Secrets interface {
	Reveal(ctx context.Context, name string) (models.Secret, error)
}

// Option adds something to a catalog.
type Option func(*Catalog)

// WithSecrets lets settings refer to stored secrets. They are opened whenever a source or
// a drive is, so that a secret which was replaced counts from the next use on.
func WithSecrets(s Secrets) Option { return func(c *Catalog) { c.secrets = s } }

// SecretUses returns what the configuration uses stored secrets for, by their names.
func (c *Catalog) SecretUses() map[string][]string {
	uses := map[string][]string{}
	for name, what := range c.snapshot().uses {
		uses[name] = slices.Clone(what)
	}
	return uses
}

// usesOf looks for references to stored secrets in a plan.
func usesOf(plan models.Plan) map[string][]string {
	uses := map[string][]string{}
	add := func(value, what string) {
		if name, ok := models.SecretRef(value); ok {
			uses[name] = append(uses[name], what)
		}
	}
	settings := func(noun, label string, s models.Settings) {
		for _, name := range slices.Sorted(maps.Keys(s)) {
			add(s[name], noun+" "+label+": "+name)
		}
	}
	for _, s := range plan.Sources {
		settings("data source", s.Label, s.Settings)
	}
	for _, d := range plan.Drives {
		settings("drive", d.Label, d.Settings)
	}
	for _, n := range plan.Notifiers {
		settings("notifier", n.Label, n.Settings)
	}
	for _, j := range plan.Jobs {
		add(j.Passphrase.Reveal(), "job "+j.Job.Label+": passphrase")
		add(j.Identity.Reveal(), "job "+j.Job.Label+": identity")
		for _, f := range j.Former {
			add(f.Reveal(), "job "+j.Job.Label+": passphrase of earlier backups")
		}
	}
	return uses
}

// RevealSettings returns settings with the stored secrets that they refer to; what names whose
// they are, such as `the drive "nas"`.
func (c *Catalog) RevealSettings(ctx context.Context, what string, kind models.Kind, settings models.Settings) (models.Settings, error) {
	whole := settings
	for _, d := range kind.Settings {
		if _, refers := models.SecretRef(settings[d.Name]); !refers || !d.Secret {
			continue
		}
		value, err := c.Reveal(ctx, models.NewSecret(settings[d.Name]), what+" takes its "+d.Name)
		if err != nil {
			return nil, err
		}
		if maps.Equal(whole, settings) {
			whole = maps.Clone(settings)
		}
		whole[d.Name] = value.Reveal()
	}
	return whole, nil
}

// Reveal returns a secret as it is, or the stored one when it is a reference. use begins
// the sentence for when that fails, such as `the job "shop" takes its passphrase`.
func (c *Catalog) Reveal(ctx context.Context, secret models.Secret, use string) (models.Secret, error) {
	name, refers := models.SecretRef(secret.Reveal())
	if !refers {
		return secret, nil
	}
	if c.secrets == nil {
		return models.Secret{}, models.Conflictf("%s from the stored secret %s, and none can be opened here", use, name)
	}
	value, err := c.secrets.Reveal(ctx, name)
	var told *models.Fault
	switch {
	case errors.Is(err, models.ErrNotFound):
		return models.Secret{}, models.NotFoundf("%s from the stored secret %s, and there is none of that name: store it with backupman secret set %s", use, name, name)
	case errors.As(err, &told):
		return models.Secret{}, &models.Fault{Kind: told.Kind, Sentence: fmt.Sprintf("%s from the stored secret %s, which can't be opened: %s", use, name, told.Sentence)}
	case err != nil:
		return models.Secret{}, fmt.Errorf("%s from the stored secret %s: %w", use, name, err)
	}
	return value, nil
}
