package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// StoredSecrets returns the stored secrets, by name.
func (s *Store) StoredSecrets(ctx context.Context) ([]models.StoredSecret, error) {
	secrets := []models.StoredSecret{}
	err := s.read(ctx).Order("name").Find(&secrets).Error
	return secrets, s.fault("list the stored secrets", err)
}

// StoredSecret returns a stored secret, or models.ErrNotFound.
func (s *Store) StoredSecret(ctx context.Context, name string) (models.StoredSecret, error) {
	var secret models.StoredSecret
	err := s.read(ctx).Take(&secret, "name = ?", name).Error
	if isMissing(err) {
		return secret, noSuchSecret(name)
	}
	return secret, s.fault("read the stored secret "+name, err)
}

func noSuchSecret(name string) error {
	return models.NotFoundf("there is no stored secret %s: Settings, Secrets and backupman secret list show those there are", name)
}

// SetStoredSecret adds a stored secret, or replaces what another of its name holds.
func (s *Store) SetStoredSecret(ctx context.Context, secret models.StoredSecret) error {
	now := models.Now()
	return s.write(ctx, "store the secret "+secret.Name, func(tx *gorm.DB) error { return putSecret(tx, secret, now) })
}

// RemoveStoredSecret removes a stored secret; models.ErrNotFound when there is none.
func (s *Store) RemoveStoredSecret(ctx context.Context, name string) error {
	return s.write(ctx, "remove the stored secret "+name, func(tx *gorm.DB) error {
		gone := tx.Delete(&models.StoredSecret{}, "name = ?", name)
		if gone.Error == nil && gone.RowsAffected == 0 {
			return noSuchSecret(name)
		}
		return gone.Error
	})
}
