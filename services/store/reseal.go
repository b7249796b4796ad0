package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// signingKeyFact names the fact that holds the sealed key of download links.
const signingKeyFact = "signing_key"

// Reseal hands every sealed text to seal, with the row and the field that it is bound to,
// and keeps what seal returns in its place: all of them in one transaction, or none when
// seal fails. It returns how many have changed. seal may be called several times for one
// text and must have no effect of its own.
func (s *Store) Reseal(ctx context.Context, seal func(row, field, sealed string) (string, error)) (int, error) {
	changed := 0
	err := s.changeUsers(ctx, "seal what is secret anew", func(tx *gorm.DB) error {
		changed = 0
		for _, part := range []func(*gorm.DB) ([]sealedText, error){sealedUsers, sealedSecrets, sealedFacts} {
			texts, err := part(tx)
			if err != nil {
				return err
			}
			n, err := resealAll(tx, texts, seal)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return changed, nil
}

// sealedText is one text that was sealed for a row and a field.
type sealedText struct {
	row, field, sealed string
	// model, column and key say where it is kept.
	model       any
	column, key string
}

func resealAll(tx *gorm.DB, texts []sealedText, seal func(row, field, sealed string) (string, error)) (int, error) {
	changed := 0
	for _, t := range texts {
		sealed, err := seal(t.row, t.field, t.sealed)
		if err != nil {
			return 0, fmt.Errorf("%s of %s: %w", t.field, t.row, err)
		}
		if sealed == t.sealed {
			continue
		}
		if err := tx.Model(t.model).Where(t.column+" = ?", t.key).UpdateColumn(t.field, sealed).Error; err != nil {
			return 0, err
		}
		changed++
	}
	return changed, nil
}

func sealedUsers(tx *gorm.DB) ([]sealedText, error) {
	var users []models.User
	err := forUpdate(tx).Where("totp_secret <> ''").Order("id").Find(&users).Error
	texts := make([]sealedText, len(users))
	for i, u := range users {
		texts[i] = sealedText{"users/" + u.ID, "totp_secret", u.TOTPSecret, &models.User{}, "id", u.ID}
	}
	return texts, err
}

func sealedSecrets(tx *gorm.DB) ([]sealedText, error) {
	var secrets []models.StoredSecret
	err := forUpdate(tx).Order("name").Find(&secrets).Error
	texts := make([]sealedText, len(secrets))
	for i, s := range secrets {
		texts[i] = sealedText{"stored_secrets/" + s.Name, "sealed", s.Sealed, &models.StoredSecret{}, "name", s.Name}
	}
	return texts, err
}

func sealedFacts(tx *gorm.DB) ([]sealedText, error) {
	var facts []models.Fact
	err := forUpdate(tx).Where("name = ? AND value <> ''", signingKeyFact).Find(&facts).Error
	texts := make([]sealedText, len(facts))
	for i, f := range facts {
		texts[i] = sealedText{"facts/" + f.Name, "value", f.Value, &models.Fact{}, "name", f.Name}
	}
	return texts, err
}
