package secrets

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// Store is what the vault asks of the metadata database.
type Store interface {
	StoredSecrets(ctx context.Context) ([]models.StoredSecret, error)
	// StoredSecret returns models.ErrNotFound for a name that is not stored.
	StoredSecret(ctx context.Context, name string) (models.StoredSecret, error)
	SetStoredSecret(ctx context.Context, secret models.StoredSecret) error
	RemoveStoredSecret(ctx context.Context, name string) error
}

// mostSecret bounds a stored secret, in bytes.
const mostSecret = 64 << 10

// Vault keeps the secrets that people store under names.
type Vault struct {
	store Store
	ring  *Keyring
	uses  func() map[string][]string
}

// NewVault returns a vault over a store. uses tells what the configuration of the moment
// uses secrets for, by their names.
func NewVault(store Store, ring *Keyring, uses func() map[string][]string) *Vault {
	return &Vault{store: store, ring: ring, uses: uses}
}

const sealedField = "sealed"

func rowOf(name string) string { return "stored_secrets/" + name }

// StoredSecrets returns what there is, by name, without what is sealed.
func (v *Vault) StoredSecrets(ctx context.Context) ([]models.StoredSecret, error) {
	stored, err := v.store.StoredSecrets(ctx)
	for i := range stored {
		stored[i].Sealed = ""
	}
	return stored, err
}

// SetSecret adds or replaces a secret; by is who does.
func (v *Vault) SetSecret(ctx context.Context, name string, value models.Secret, by string) error {
	return v.SetSecrets(ctx, map[string]models.Secret{name: value}, by, func(sealed []models.StoredSecret) error {
		return v.store.SetStoredSecret(ctx, sealed[0])
	})
}

// SetSecrets adds or replaces secrets by their names, which keep stores together with what
// they belong to, all or nothing.
func (v *Vault) SetSecrets(ctx context.Context, values map[string]models.Secret, by string, keep func([]models.StoredSecret) error) error {
	sealed := make([]models.StoredSecret, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := checkSecret(name, values[name]); err != nil {
			return err
		}
		secret, err := v.seal(name, values[name], by)
		if err != nil {
			return err
		}
		sealed = append(sealed, secret)
	}
	if err := keep(sealed); err != nil {
		return err
	}
	for _, secret := range sealed {
		if err := v.settle(ctx, secret, values[secret.Name]); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) seal(name string, value models.Secret, by string) (models.StoredSecret, error) {
	sealed, err := v.ring.Seal([]byte(value.Reveal()), rowOf(name), sealedField)
	return models.StoredSecret{Name: name, Sealed: sealed, SetBy: by}, err
}

// settle stores a secret again that was sealed with a key which is being dropped: a rotation
// may have looked through all rows between sealing and storing.
func (v *Vault) settle(ctx context.Context, secret models.StoredSecret, value models.Secret) error {
	for range mostRounds {
		if current, err := v.ring.stillSeals(secret.Sealed); current || err != nil {
			return err
		}
		again, err := v.seal(secret.Name, value, secret.SetBy)
		if err != nil {
			return err
		}
		if err := v.store.SetStoredSecret(ctx, again); err != nil {
			return err
		}
		secret = again
	}
	return models.Conflictf("the key that seals secrets keeps changing: wait for the end of the rotation, and store %s again", secret.Name)
}

func checkSecret(name string, value models.Secret) error {
	switch {
	case !models.ValidSecretName(name):
		return models.Invalidf("%q can't name a secret: use letters, digits, dots, dashes, underscores and slashes, at most 128", shortened(name))
	case value.Empty():
		return models.Invalidf("the secret %s is empty: give it a value, or remove it", name)
	case len(value.Reveal()) > mostSecret:
		return models.Invalidf("the secret %s is longer than %d KiB: that is more than any setting takes", name, mostSecret>>10)
	case strings.ContainsRune(value.Reveal(), 0):
		return models.Invalidf("the secret %s holds a NUL character, which no program takes", name)
	}
	if _, refers := models.SecretRef(value.Reveal()); refers {
		return models.Invalidf("the secret %s is a reference to another one: store the secret itself", name)
	}
	return nil
}

// shortened keeps what was typed by mistake, which may be a secret, out of sentences.
func shortened(name string) string {
	if runes := []rune(name); len(runes) > 8 {
		return string(runes[:8]) + "…"
	}
	return name
}

// Reveal opens a stored secret, or returns models.ErrNotFound.
func (v *Vault) Reveal(ctx context.Context, name string) (models.Secret, error) {
	stored, err := v.store.StoredSecret(ctx, name)
	if err != nil {
		return models.Secret{}, err
	}
	plain, err := v.ring.Unseal(stored.Sealed, rowOf(name), sealedField)
	if err != nil {
		return models.Secret{}, fmt.Errorf("open the stored secret %s: %w", name, err)
	}
	return models.NewSecret(string(plain)), nil
}

// RemoveSecret returns models.ErrConflict while the configuration refers to the secret.
func (v *Vault) RemoveSecret(ctx context.Context, name string) error {
	if uses := v.uses()[name]; len(uses) > 0 {
		return models.Conflictf("the secret %s is used (%s): take it out of the configuration first", name, strings.Join(uses, "; "))
	}
	return v.store.RemoveStoredSecret(ctx, name)
}

// SecretUses returns what the configuration uses secrets for, by their names; names that
// are not stored, too.
func (v *Vault) SecretUses() map[string][]string {
	uses := v.uses()
	for _, what := range uses {
		slices.Sort(what)
	}
	return uses
}
