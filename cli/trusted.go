package cli

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/auth"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/outgoing"
	"github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// openVault puts the keys and the stored secrets together. Nothing is read before one of
// them is needed.
func (a *app) openVault() catalog.Option {
	a.ring = secrets.NewKeyring(secretsSource(a.config))
	a.vault = secrets.NewVault(a.store, a.ring, a.secretUses)
	return catalog.WithSecrets(a.vault)
}

func secretsSource(c config.Config) secrets.Source {
	return secrets.Source{Key: c.Secrets.Key, File: c.Secrets.KeyFile, Command: c.Secrets.KeyCommand, Data: c.Data}
}

// secretUses tells what the configuration uses stored secrets for, by their names.
func (a *app) secretUses() map[string][]string {
	uses := map[string][]string{}
	if a.catalog != nil {
		maps.Copy(uses, a.catalog.SecretUses())
	}
	if a.planner != nil {
		for name, what := range a.planner.SecretUses() {
			uses[name] = append(slices.Clone(uses[name]), what...)
		}
	}
	if name, ok := models.SecretRef(a.config.OIDC.ClientSecret.Reveal()); ok {
		uses[name] = append(slices.Clone(uses[name]), "oidc: client_secret")
	}
	return uses
}

// revealed returns a drive's settings with the stored secrets that they refer to, for a
// command that works without the metadata database as long as there are none.
func (f *flags) revealed(ctx context.Context, c config.Config, kind models.Kind, row models.Drive) (models.Settings, error) {
	refers := false
	for _, secret := range row.Settings.Secrets(kind) {
		if _, ok := models.SecretRef(secret); ok {
			refers = true
		}
	}
	if !refers {
		return row.Settings, nil
	}
	s, err := store.Open(ctx, storeConfig(c.Database), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	a := &app{config: c, store: s}
	settings := catalog.New(s, source.Lookup, drive.Lookup, drive.Place{}, a.openVault())
	return settings.RevealSettings(ctx, fmt.Sprintf("the drive %q", row.Label), kind, row.Settings)
}

// outgoing says which addresses are connected to.
func (a *app) outgoing() *outgoing.Policy {
	return &outgoing.Policy{Private: a.config.Outgoing.Private, Allow: a.config.Outgoing.Allow}
}

// openAccounts puts together who may do what. A server asks for the identity provider's
// secret; without it people sign in with their passwords, and the log says why.
func (a *app) openAccounts(ctx context.Context, mode access) {
	provider := auth.ProviderConfig(a.config.OIDC)
	if mode == serving && provider.Issuer != "" && a.config.Accounts.Enabled {
		secret, err := a.catalog.Reveal(ctx, provider.ClientSecret, "oidc takes its client_secret")
		if err != nil {
			a.log.Error("nobody can sign in with the identity provider until the server is started again", "error", err)
			provider = auth.ProviderConfig{}
		}
		provider.ClientSecret = secret
	}
	a.auth = auth.New(auth.Options{Store: a.store, Seal: a.ring, Provider: provider, HTTP: a.outgoing().Client(), Idle: a.config.Accounts.Idle, Longest: a.config.Accounts.Longest,
		ConfigKeys: a.keys.current, AuditKeep: a.config.Audit.Keep, Log: a.log})
}
