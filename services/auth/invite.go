package auth

import (
	"context"
	"time"

	"github.com/backupman/backupman/models"
)

// invitedFor is how long an invitation is good for. The one that makes the first owner is
// good until there is an owner.
const invitedFor = 3 * 24 * time.Hour

// Claimed reports whether there is an owner.
func (s *Service) Claimed(ctx context.Context) (bool, error) { return s.Store.HasOwner(ctx) }

// OwnerInvitation returns the token of an invitation that makes the first owner. Several
// may be good at once, because replicas each make one; the first that is used ends them
// all. It returns models.ErrConflict when there is an owner.
func (s *Service) OwnerInvitation(ctx context.Context) (models.Secret, error) {
	token, hash := newToken()
	err := s.Store.InsertOwnerInvitation(ctx, models.Invitation{TokenHash: hash, CreatedAt: s.Now()})
	if err != nil {
		return models.Secret{}, err
	}
	return models.NewSecret(token), nil
}

// Invited returns for whom an invitation is; the zero User for the first owner.
func (s *Service) Invited(ctx context.Context, token string) (models.User, error) {
	i, err := s.Store.Invitation(ctx, hashed(token), s.Now())
	if err != nil || i.UserID == "" {
		return models.User{}, err
	}
	return s.Store.User(ctx, i.UserID)
}

// Accept uses an invitation: it sets the password and signs the person in. Somebody who
// keeps a second factor has half a session then.
func (s *Service) Accept(ctx context.Context, token, name string, password models.Secret, from models.Client) (models.SignedIn, error) {
	address := addressLimit(from)
	if err := s.try(ctx, address); err != nil {
		return models.SignedIn{}, err
	}
	u, err := s.Invited(ctx, token)
	if err != nil {
		return models.SignedIn{}, err
	}
	// Who has the token of an invitation is no guesser, whatever is wrong with the rest.
	s.forgive(ctx, address)
	if u.ID == "" {
		return s.claim(ctx, token, name, password, from)
	}
	return s.accept(ctx, u, token, password, from)
}

// hashInvited hashes the password of somebody whose invitation is still good by then.
func (s *Service) hashInvited(ctx context.Context, token, name string, password models.Secret) (string, error) {
	if err := checkPassword(name, password); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, password, func() error {
		_, err := s.Store.Invitation(ctx, hashed(token), s.Now())
		return err
	})
}

func (s *Service) claim(ctx context.Context, token, typed string, password models.Secret, from models.Client) (models.SignedIn, error) {
	name, err := checkName(typed)
	if err != nil {
		return models.SignedIn{}, err
	}
	hash, err := s.hashInvited(ctx, token, name, password)
	if err != nil {
		return models.SignedIn{}, err
	}
	now := s.Now()
	u := models.User{ID: models.NewID(), Name: name, Role: models.RoleOwner, PasswordHash: hash, CreatedAt: now, SignedIn: &now}
	session, shown := s.newSession(begin{user: u, method: byLink, from: from})
	if err := s.Store.ClaimOwner(ctx, hashed(token), u, session); err != nil {
		return models.SignedIn{}, err
	}
	return models.SignedIn{Token: models.NewSecret(shown), User: u, Session: session}, nil
}

func (s *Service) accept(ctx context.Context, u models.User, token string, password models.Secret, from models.Client) (models.SignedIn, error) {
	if err := isDisabled(u); err != nil {
		return models.SignedIn{}, err
	}
	hash, err := s.hashInvited(ctx, token, u.Name, password)
	if err != nil {
		return models.SignedIn{}, err
	}
	session, shown := s.newSession(begin{user: u, half: u.SecondFactor(), method: byLink, from: from})
	u, err = s.Store.AcceptInvitation(ctx, hashed(token), session, s.signing(session, func(now *models.User) error {
		now.PasswordHash = hash
		return nil
	}))
	if err != nil {
		return models.SignedIn{}, err
	}
	// What failed before was about another password.
	s.forget(ctx, accountLimit(u.Name))
	return models.SignedIn{Token: models.NewSecret(shown), User: u, Session: session}, nil
}

// newInvitation returns an invitation of a user, and its token.
func (s *Service) newInvitation(userID string) (models.Invitation, models.Secret) {
	token, hash := newToken()
	now := s.Now()
	until := now.Add(invitedFor)
	return models.Invitation{TokenHash: hash, UserID: userID, CreatedAt: now, ExpiresAt: &until}, models.NewSecret(token)
}
