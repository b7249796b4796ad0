package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/services/store"
)

func keyOf(t *testing.T, a *app) string {
	t.Helper()
	key, err := a.signingKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(key)
}

func TestReplicasShareTheSigningKey(t *testing.T) {
	server := servers.MariaDB(t)
	database := config.Database{Provider: "mysql", Host: server.Host, Port: server.Port, DBName: server.Database(t), User: server.User, Password: models.NewSecret(server.Password)}
	shared := secrets.NewKey()
	replica := func(key string) *app {
		s, err := store.Open(t.Context(), storeConfig(database), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return &app{store: s, log: slog.New(slog.DiscardHandler), ring: secrets.NewKeyring(secrets.Source{Key: shared}),
			config: config.Config{Data: t.TempDir(), Database: database, HTTP: config.HTTP{SigningKey: models.NewSecret(key)}}}
	}
	first := replica("")
	earlier := strings.Repeat("e", 40)
	if err := os.WriteFile(filepath.Join(first.config.Data, "signing.key"), []byte(earlier), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := keyOf(t, first); got != earlier {
		t.Errorf("links that were made before are no longer good: the key is %q", got)
	}
	if got := keyOf(t, replica("")); got != earlier {
		t.Errorf("another replica has the key %q", got)
	}
	kept, err := first.store.SharedFact(t.Context(), "signing_key", "none")
	if err != nil || !secrets.Sealed(kept) || strings.Contains(kept, earlier) {
		t.Errorf("the metadata database has the key as %q, %v", kept, err)
	}
	stranger := replica("")
	stranger.ring = secrets.NewKeyring(secrets.Source{Key: secrets.NewKey()})
	if got := keyOf(t, stranger); got == earlier || len(got) < config.ShortestKey {
		t.Errorf("a server with another key of secrets signs with %q", got)
	}
	if err := first.store.ReplaceFact(t.Context(), "signing_key", kept, strings.Repeat("p", 40)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := keyOf(t, replica("")); got != strings.Repeat("p", 40) {
			t.Errorf("the key that an earlier version kept as it is became %q", got)
		}
	}
	if kept, err = first.store.SharedFact(t.Context(), "signing_key", "none"); err != nil || !secrets.Sealed(kept) {
		t.Errorf("it was not sealed: %q, %v", kept, err)
	}
	if got := keyOf(t, replica(strings.Repeat("c", 32))); got != strings.Repeat("c", 32) {
		t.Errorf("the configured key became %q", got)
	}
}

func TestTheSigningKeyOfOneServerIsKept(t *testing.T) {
	a := &app{config: config.Config{Data: t.TempDir(), Database: config.Database{Provider: "sqlite"}}}
	if first := keyOf(t, a); len(first) < config.ShortestKey || keyOf(t, a) != first {
		t.Errorf("the key is %q", first)
	}
	if err := os.WriteFile(filepath.Join(a.config.Data, "signing.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.signingKey(t.Context()); err == nil {
		t.Error("a short key signs")
	}
}
