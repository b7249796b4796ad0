package auth

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/services/store"
	"github.com/backupman/backupman/web/identity"
)

var (
	_ identity.Accounts = (*Service)(nil)
	_ Store             = (*store.Store)(nil)
)

// cheap hashes passwords fast, for tests that are about something else.
var cheap = cost{time: 1, memory: 64, threads: 1}

const good = "four words beside each other"

var (
	goodPassword = models.NewSecret(good)
	home         = models.Client{Address: "192.0.2.7", Agent: "Firefox"}
)

// bench is a service over a store of its own, with a clock that stands still.
type bench struct {
	*Service
	store *store.Store
	mu    sync.Mutex
	now   time.Time
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func newBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "m.db")}, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	b := &bench{store: s, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	o := Options{Store: s, Seal: secrets.NewKeyring(secrets.Source{Data: t.TempDir()}), Idle: time.Hour, Longest: 24 * time.Hour, Now: b.clock}
	for _, c := range change {
		c(&o)
	}
	b.Service = New(o)
	b.hasher = newHasher(cheap)
	return b
}

// claimed is a bench with an owner, who is signed in.
func claimed(t *testing.T, change ...func(*Options)) (*bench, models.SignedIn) {
	t.Helper()
	b := newBench(t, change...)
	link := value(b.OwnerInvitation(t.Context()))(t)
	return b, value(b.Accept(t.Context(), link.Reveal(), "Anna", goodPassword, home))(t)
}

func (b *bench) added(t *testing.T, name string, role models.Role) models.User {
	t.Helper()
	return value(b.AddUser(t.Context(), name, role, goodPassword))(t)
}

func (b *bench) signedIn(t *testing.T, name string) models.SignedIn {
	t.Helper()
	return value(b.SignIn(t.Context(), name, goodPassword, home))(t)
}

// opens reports whether a token is one of a session.
func (b *bench) opens(t *testing.T, token models.Secret) bool {
	t.Helper()
	_, _, err := b.Session(t.Context(), token.Reveal(), home)
	if err != nil && !errors.Is(err, models.ErrUnauthorized) {
		t.Fatal(err)
	}
	return err == nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func value[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wants(t *testing.T, err, kind error) {
	t.Helper()
	var told *models.Fault
	if !errors.Is(err, kind) || !errors.As(err, &told) {
		t.Fatalf("got %v, want a sentence of the kind %q", err, kind)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func errorOf[T any](_ T, err error) error { return err }

func errorOf2[A, B any](_ A, _ B, err error) error { return err }
