package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// InsertAPIKey adds a key. It returns models.ErrConflict when there is one of its name.
func (s *Store) InsertAPIKey(ctx context.Context, k models.APIKey) error {
	k.ID, k.CreatedAt = idOr(k.ID), utcOrNow(k.CreatedAt)
	k.ExpiresAt, k.UsedAt = utcOrNil(k.ExpiresAt), utcOrNil(k.UsedAt)
	return s.write(ctx, "add the API key "+k.Name, func(tx *gorm.DB) error {
		err := tx.Create(&k).Error
		if isDuplicate(err) {
			return models.Conflictf("there is an API key %s already: choose another name, or remove that one", k.Name)
		}
		return err
	})
}

// APIKey returns a key, or models.ErrNotFound.
func (s *Store) APIKey(ctx context.Context, id string) (models.APIKey, error) {
	return first[models.APIKey](s, s.read(ctx).Where("id = ?", id), "read the API key "+id, noSuchKey(id))
}

func noSuchKey(id string) error {
	return models.NotFoundf("there is no API key %s: Settings, API keys and backupman apikey list show those there are", id)
}

// APIKeys returns all keys, by name.
func (s *Store) APIKeys(ctx context.Context) ([]models.APIKey, error) {
	keys := []models.APIKey{}
	err := s.read(ctx).Order("name").Find(&keys).Error
	return keys, s.fault("list the API keys", err)
}

// RemoveAPIKey removes a key and returns which it was, or models.ErrNotFound.
func (s *Store) RemoveAPIKey(ctx context.Context, id string) (models.APIKey, error) {
	var k models.APIKey
	err := s.write(ctx, "remove the API key "+id, func(tx *gorm.DB) error {
		err := forUpdate(tx).Take(&k, "id = ?", id).Error
		if isMissing(err) {
			return noSuchKey(id)
		}
		if err != nil {
			return err
		}
		return tx.Where("id = ?", id).Delete(&models.APIKey{}).Error
	})
	return k, err
}

// TouchAPIKeys notes the newest uses of keys: of each the id, UsedAt and UsedFrom are
// looked at. A key that was used later, or was removed, stays as it is.
func (s *Store) TouchAPIKeys(ctx context.Context, used []models.APIKey) error {
	if len(used) == 0 {
		return nil
	}
	return s.write(ctx, "note when API keys were used", func(tx *gorm.DB) error {
		for _, k := range used {
			query := tx.Model(&models.APIKey{}).Where("id = ? AND (used_at IS NULL OR used_at < ?)", k.ID, utcOrNil(k.UsedAt))
			changes := map[string]any{"used_at": utcOrNil(k.UsedAt), "used_from": storable(k.UsedFrom, addressLimit)}
			if err := query.Updates(changes).Error; err != nil {
				return err
			}
		}
		return nil
	})
}
