package secrets

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/models"
)

// fakeStore keeps secrets, and what else is sealed, in memory.
type fakeStore struct {
	mu      sync.Mutex
	secrets map[string]models.StoredSecret
	// set is called after a secret was set.
	set func()
}

func newStore() *fakeStore { return &fakeStore{secrets: map[string]models.StoredSecret{}} }

func (s *fakeStore) StoredSecrets(context.Context) ([]models.StoredSecret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.secrets), func(a, b models.StoredSecret) int { return strings.Compare(a.Name, b.Name) }), nil
}

func (s *fakeStore) StoredSecret(_ context.Context, name string) (models.StoredSecret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, ok := s.secrets[name]
	if !ok {
		return secret, models.NotFoundf("there is no stored secret %s", name)
	}
	return secret, nil
}

func (s *fakeStore) SetStoredSecret(_ context.Context, secret models.StoredSecret) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[secret.Name] = secret
	if s.set != nil {
		s.set()
	}
	return nil
}

func (s *fakeStore) RemoveStoredSecret(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, name)
	return nil
}

// reseal does what store.Reseal does: all or nothing.
func (s *fakeStore) reseal(_ context.Context, seal func(row, field, sealed string) (string, error)) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, changed := maps.Clone(s.secrets), 0
	for name, secret := range next {
		sealed, err := seal(rowOf(name), sealedField, secret.Sealed)
		if err != nil {
			return 0, err
		}
		if sealed != secret.Sealed {
			changed++
		}
		secret.Sealed = sealed
		next[name] = secret
	}
	s.secrets = next
	return changed, nil
}

func noUses() map[string][]string { return nil }

func TestVault(t *testing.T) {
	store := newStore()
	uses := map[string][]string{"s3": {"drive offsite: secret_key", "drive archive: secret_key"}, "gone": {"data source x: password"}}
	v := NewVault(store, NewKeyring(Source{Data: t.TempDir()}), func() map[string][]string { return uses })
	if err := v.SetSecret(t.Context(), "s3", models.NewSecret("hunter2"), "ann"); err != nil {
		t.Fatal(err)
	}
	if err := v.SetSecret(t.Context(), "db/shop", models.NewSecret("hunter3"), "ann"); err != nil {
		t.Fatal(err)
	}
	if kept := store.secrets["s3"]; strings.Contains(kept.Sealed, "hunter2") || kept.SetBy != "ann" || !Sealed(kept.Sealed) {
		t.Errorf("the store has %+v", kept)
	}
	got, err := v.Reveal(t.Context(), "s3")
	if err != nil || got.Reveal() != "hunter2" {
		t.Errorf("opened %q: %v", got.Reveal(), err)
	}
	stored, err := v.StoredSecrets(t.Context())
	if err != nil || len(stored) != 2 || stored[1].Name != "s3" || stored[1].Sealed != "" {
		t.Errorf("the list is %+v, %v", stored, err)
	}
	refused(t, v.RemoveSecret(t.Context(), "s3"), models.ErrConflict, "drive offsite: secret_key", "configuration")
	if err := v.RemoveSecret(t.Context(), "db/shop"); err != nil {
		t.Error(err)
	}
	if _, err := v.Reveal(t.Context(), "db/shop"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("a removed secret: %v", err)
	}
	if len(v.SecretUses()["gone"]) != 1 {
		t.Errorf("the uses are %v", v.SecretUses())
	}
}

func TestSwappedRowsDoNotOpen(t *testing.T) {
	store := newStore()
	v := NewVault(store, NewKeyring(Source{Data: t.TempDir()}), noUses)
	for _, name := range []string{"a", "b"} {
		if err := v.SetSecret(t.Context(), name, models.NewSecret("of "+name), "ann"); err != nil {
			t.Fatal(err)
		}
	}
	a, b := store.secrets["a"], store.secrets["b"]
	a.Sealed, b.Sealed = b.Sealed, a.Sealed
	store.secrets["a"], store.secrets["b"] = a, b
	_, err := v.Reveal(t.Context(), "a")
	refused(t, err, models.ErrConflict, "stored_secrets/a", "put there from another place")
}

func TestWhatIsNotStored(t *testing.T) {
	v := NewVault(newStore(), NewKeyring(Source{Data: t.TempDir()}), noUses)
	for name, c := range map[string]struct{ name, value, says string }{
		"no name":       {"", "x", "can't name a secret"},
		"a space":       {"a b", "x", "can't name a secret"},
		"a long name":   {strings.Repeat("a", 129), "x", "can't name a secret"},
		"nothing":       {"a", "", "is empty"},
		"NUL":           {"a", "TOP\x00SECRET", "NUL"},
		"too much":      {"a", strings.Repeat("x", mostSecret+1), "64 KiB"},
		"a reference":   {"a", "${secret:b}", "reference"},
		"typed for one": {"TOPSECRETTOPSECRET!", "x", "can't name a secret"},
	} {
		t.Run(name, func(t *testing.T) {
			err := v.SetSecret(t.Context(), c.name, models.NewSecret(c.value), "ann")
			refused(t, err, models.ErrInvalid, c.says)
			if strings.Contains(err.Error(), "TOPSECRET") {
				t.Errorf("%v shows it", err)
			}
		})
	}
}

// A secret that is stored while a rotation looks through all of them is not left with
// the key that is about to go.
func TestASecretStoredDuringARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	older, newer := NewKey(), NewKey()
	writeKeys(t, path, older)
	store, once := newStore(), sync.Once{}
	store.set = func() { once.Do(func() { writeKeys(t, path, newer, older) }) }
	v := NewVault(store, NewKeyring(Source{File: path}), noUses)
	if err := v.SetSecret(t.Context(), "s3", models.NewSecret("hunter2"), "ann"); err != nil {
		t.Fatal(err)
	}
	writeKeys(t, path, newer)
	if got, err := NewVault(store, NewKeyring(Source{File: path}), noUses).Reveal(t.Context(), "s3"); err != nil || got.Reveal() != "hunter2" {
		t.Errorf("opened %q: %v", got.Reveal(), err)
	}
}
