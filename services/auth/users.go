package auth

import (
	"context"

	"github.com/backupman/backupman/models"
)

// Users returns all users, by name.
func (s *Service) Users(ctx context.Context) ([]models.User, error) { return s.Store.Users(ctx) }

// UserByName returns the user of a name.
func (s *Service) UserByName(ctx context.Context, name string) (models.User, error) {
	kept, err := checkName(name)
	if err != nil {
		return models.User{}, err
	}
	return s.Store.UserByName(ctx, kept)
}

// InviteUser adds a user without a password, and returns the token of an invitation.
func (s *Service) InviteUser(ctx context.Context, name string, role models.Role) (models.User, models.Secret, error) {
	u, err := s.newUser(name, role)
	if err != nil {
		return u, models.Secret{}, err
	}
	i, token := s.newInvitation(u.ID)
	if err := s.Store.InsertUser(ctx, u, &i); err != nil {
		return models.User{}, models.Secret{}, err
	}
	return u, token, nil
}

func (s *Service) newUser(name string, role models.Role) (models.User, error) {
	kept, err := checkName(name)
	if err != nil {
		return models.User{}, err
	}
	return models.User{ID: models.NewID(), Name: kept, Role: role, CreatedAt: s.Now()}, checkRole(role)
}

// AddUser adds a user with a password, at the command line.
func (s *Service) AddUser(ctx context.Context, name string, role models.Role, password models.Secret) (models.User, error) {
	u, err := s.newUser(name, role)
	if err != nil {
		return u, err
	}
	if err := checkPassword(u.Name, password); err != nil {
		return u, err
	}
	if u.PasswordHash, err = s.hasher.hash(ctx, password, nil); err != nil {
		return u, err
	}
	return u, s.Store.InsertUser(ctx, u, nil)
}

// SetPassword gives a user another password without asking for the old one, at the
// command line. It ends the user's sessions and invitations, and lets the user try at once.
func (s *Service) SetPassword(ctx context.Context, userID string, password models.Secret) error {
	u, err := s.Store.User(ctx, userID)
	if err != nil {
		return err
	}
	if err := checkPassword(u.Name, password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password, nil)
	if err != nil {
		return err
	}
	_, err = s.Store.ChangeUserEndingSessions(ctx, userID, "", func(u *models.User) error {
		u.PasswordHash = hash
		return nil
	})
	if err == nil {
		s.forget(ctx, accountLimit(u.Name), codeLimit(u.ID))
	}
	return err
}

// Reinvite makes a new invitation for a user, which replaces the password when it is
// used, and ends the user's sessions.
func (s *Service) Reinvite(ctx context.Context, userID string, dropTOTP bool) (models.User, models.Secret, error) {
	i, token := s.newInvitation(userID)
	u, err := s.Store.Reinvite(ctx, i, func(u *models.User) error {
		if u.External != nil && u.PasswordHash == "" {
			return models.Conflictf("%s signs in with the identity provider and needs no invitation: send the address of the sign-in page", u.Name)
		}
		if dropTOTP {
			withoutTOTP(u)
		}
		return nil
	})
	if err != nil {
		return models.User{}, models.Secret{}, err
	}
	if dropTOTP {
		s.forget(ctx, codeLimit(userID)) // what failed was about another second factor
	}
	return u, token, nil
}

// SetRole gives a user another role. Sessions go on, with the new role.
func (s *Service) SetRole(ctx context.Context, userID string, role models.Role) (models.User, error) {
	if err := checkRole(role); err != nil {
		return models.User{}, err
	}
	return s.Store.ChangeUser(ctx, userID, func(u *models.User) error {
		if u.External != nil && s.provider != nil && u.Issuer == s.provider.config.Issuer {
			return models.Conflictf("the identity provider says which role %s has, at each sign-in: change the person's groups there", u.Name)
		}
		u.Role = role
		return nil
	})
}

// SetDisabled keeps a user from signing in and ends the user's sessions and invitations, or
// lets the user sign in again.
func (s *Service) SetDisabled(ctx context.Context, userID string, disabled bool) (models.User, error) {
	if !disabled {
		return s.Store.ChangeUser(ctx, userID, func(u *models.User) error {
			u.DisabledAt = nil
			return nil
		})
	}
	now := s.Now()
	return s.Store.ChangeUserEndingSessions(ctx, userID, "", func(u *models.User) error {
		if u.DisabledAt == nil {
			u.DisabledAt = &now
		}
		return nil
	})
}

// RemoveUser removes a user.
func (s *Service) RemoveUser(ctx context.Context, userID string) (models.User, error) {
	return s.Store.RemoveUser(ctx, userID)
}
