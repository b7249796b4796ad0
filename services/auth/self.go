package auth

import (
	"context"

	"github.com/backupman/backupman/models"
)

// User returns a user.
func (s *Service) User(ctx context.Context, id string) (models.User, error) {
	return s.Store.User(ctx, id)
}

// again asks somebody who is signed in for the password once more: an open browser is no
// reason to let whoever sits there change how one signs in. Wrong ones count.
func (s *Service) again(ctx context.Context, userID string, password models.Secret) (models.User, error) {
	u, err := s.Store.User(ctx, userID)
	if err != nil {
		return u, err
	}
	if u.PasswordHash == "" {
		return u, models.Conflictf("%s has no password here, but signs in with the identity provider: this is changed there", u.Name)
	}
	account := accountLimit(u.Name)
	if err := s.try(ctx, account); err != nil {
		return u, err
	}
	good, _, err := s.hasher.verify(ctx, password, u.PasswordHash)
	s.unlooked(ctx, account, err)
	if err != nil {
		return u, err
	}
	if !good {
		return u, models.Invalidf("the password is wrong: type the one that you sign in with")
	}
	s.forget(ctx, account)
	return u, nil
}

// ChangePassword gives a user another password and ends all other sessions, and
// invitations that could change it again.
func (s *Service) ChangePassword(ctx context.Context, userID, keepSessionID string, old, fresh models.Secret) error {
	u, err := s.again(ctx, userID, old)
	if err != nil {
		return err
	}
	if old.Equal(fresh) {
		return models.Invalidf("the new password is the old one: choose another")
	}
	if err := checkPassword(u.Name, fresh); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, fresh, nil)
	if err != nil {
		return err
	}
	_, err = s.Store.ChangeUserEndingSessions(ctx, userID, keepSessionID, func(now *models.User) error {
		if now.PasswordHash != u.PasswordHash {
			return models.Conflictf("the password of %s was changed meanwhile: sign in with the new one", u.Name)
		}
		now.PasswordHash = hash
		return nil
	})
	return err
}
