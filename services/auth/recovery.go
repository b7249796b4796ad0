package auth

import (
	"context"
	"encoding/base32"
	"regexp"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

const (
	recoveryCodes = 10
	// recoveryBytes is 80 bits of chance, so that one pass of SHA-256 does.
	recoveryBytes = 10
)

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

// newRecoveryCodes returns codes to write down, and what is kept of them.
func newRecoveryCodes() (codes, hashes []string) {
	for range recoveryCodes {
		text := strings.ToLower(base32.StdEncoding.EncodeToString(random(recoveryBytes)))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes = append(hashes, hashed(text))
	}
	return codes, hashes
}

// withoutGaps is a code as it was made, however it was typed.
func withoutGaps(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(code)))
}

// codeOf returns the change of a user that uses a code up, and how the person signs in
// with it; models.ErrUnauthorized for a code that is not the user's.
func (s *Service) codeOf(u models.User, code models.Secret) (use func(*models.User) error, method string, err error) {
	text := withoutGaps(code.Reveal())
	if !sixDigits.MatchString(text) {
		return useRecovery(hashed(text)), byRecovery, nil
	}
	secret, err := s.totpSecret(u)
	if err != nil {
		return nil, "", err
	}
	step, ok := totpMatch(secret, text, s.Now(), u.TOTPStep)
	if !ok {
		return nil, "", wrongCode()
	}
	return func(now *models.User) error {
		if now.TOTPStep >= step || now.TOTPSecret != u.TOTPSecret {
			return wrongCode()
		}
		now.TOTPStep = step
		return nil
	}, byCode, nil
}

func useRecovery(hash string) func(*models.User) error {
	return func(u *models.User) error {
		at := slices.Index(u.RecoveryCodes, hash)
		if at < 0 || !u.SecondFactor() {
			return wrongCode()
		}
		u.RecoveryCodes = slices.Delete(slices.Clone(u.RecoveryCodes), at, at+1)
		return nil
	}
}

// NewRecoveryCodes replaces the recovery codes that are left, and returns the new ones,
// once.
func (s *Service) NewRecoveryCodes(ctx context.Context, userID string, password models.Secret) ([]string, error) {
	if _, err := s.again(ctx, userID, password); err != nil {
		return nil, err
	}
	codes, hashes := newRecoveryCodes()
	_, err := s.Store.ChangeUser(ctx, userID, func(u *models.User) error {
		if !u.SecondFactor() {
			return models.Conflictf("%s has no second factor: set one up first", u.Name)
		}
		u.RecoveryCodes = hashes
		return nil
	})
	return codes, err
}
