package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// InsertOwnerInvitation adds an invitation that makes the first owner; it names no user.
// It returns models.ErrConflict when there is an owner.
func (s *Store) InsertOwnerInvitation(ctx context.Context, i models.Invitation) error {
	i.UserID = ""
	return s.changeUsers(ctx, "invite the first owner", func(tx *gorm.DB) error {
		if err := noOwner(tx); err != nil {
			return err
		}
		i.CreatedAt, i.ExpiresAt = utcOrNow(i.CreatedAt), utcOrNil(i.ExpiresAt)
		return tx.Create(&i).Error
	})
}

func noOwner(tx *gorm.DB) error {
	claimed, err := hasOwner(tx)
	if err != nil || !claimed {
		return err
	}
	return models.Conflictf("there is an owner already: sign in, or ask an owner for an invitation")
}

// Reinvite replaces the invitations of a user, changes the user and ends the user's
// sessions, in one transaction. Errors are those of ChangeUser.
func (s *Store) Reinvite(ctx context.Context, i models.Invitation, change func(*models.User) error) (models.User, error) {
	var u models.User
	err := s.changeUsers(ctx, "invite the account "+i.UserID, func(tx *gorm.DB) (err error) {
		if u, err = changeUser(tx, i.UserID, change); err != nil {
			return err
		}
		if err := endSessions(tx, i.UserID, ""); err != nil {
			return err
		}
		return replaceInvitation(tx, i)
	})
	return u, err
}

func replaceInvitation(tx *gorm.DB, i models.Invitation) error {
	if err := dropInvitations(tx, i.UserID); err != nil {
		return err
	}
	i.CreatedAt, i.ExpiresAt = utcOrNow(i.CreatedAt), utcOrNil(i.ExpiresAt)
	return tx.Create(&i).Error
}

// dropInvitations removes the invitations of a user; without an id those that make the
// first owner.
func dropInvitations(tx *gorm.DB, userID string) error {
	return tx.Where("user_id = ?", userID).Delete(&models.Invitation{}).Error
}

// Invitation returns the invitation whose token has a SHA-256, or models.ErrNotFound.
func (s *Store) Invitation(ctx context.Context, tokenHash string, now time.Time) (models.Invitation, error) {
	i, err := invitation(s.read(ctx), tokenHash, now)
	return i, s.fault("read an invitation", err)
}

func invitation(tx *gorm.DB, tokenHash string, now time.Time) (models.Invitation, error) {
	var i models.Invitation
	err := tx.Where("expires_at IS NULL OR expires_at > ?", utc(now)).Take(&i, "token_hash = ?", tokenHash).Error
	if isMissing(err) {
		return i, models.NotFoundf("this invitation was used, was replaced or has expired: ask an owner for a new one")
	}
	return i, err
}

// ClaimOwner makes the first owner by an invitation, and begins the owner's session. Of
// many that race exactly one does; the others get models.ErrConflict.
func (s *Store) ClaimOwner(ctx context.Context, tokenHash string, u models.User, begun models.Session) error {
	return s.changeUsers(ctx, "make the first owner", func(tx *gorm.DB) error {
		if err := noOwner(tx); err != nil {
			return err
		}
		i, err := invitation(tx, tokenHash, begun.CreatedAt)
		if err != nil {
			return err
		}
		if i.UserID != "" {
			return models.Conflictf("this invitation is for somebody who has an account")
		}
		if err := insertUser(tx, u); err != nil {
			return err
		}
		if err := dropInvitations(tx, ""); err != nil {
			return err
		}
		return insertSession(tx, begun)
	})
}

// AcceptInvitation uses an invitation up: it changes the user whom it is for, ends the
// user's sessions and begins another. It returns models.ErrNotFound when the invitation
// is not good any more.
func (s *Store) AcceptInvitation(ctx context.Context, tokenHash string, begun models.Session, change func(*models.User) error) (models.User, error) {
	var u models.User
	err := s.changeUsers(ctx, "use an invitation of the account "+begun.UserID, func(tx *gorm.DB) error {
		i, err := invitation(tx, tokenHash, begun.CreatedAt)
		if err != nil {
			return err
		}
		if u, err = changeUser(tx, i.UserID, change); err != nil {
			return err
		}
		if err := endSessions(tx, i.UserID, ""); err != nil {
			return err
		}
		if err := dropInvitations(tx, i.UserID); err != nil {
			return err
		}
		begun.UserID = i.UserID
		return insertSession(tx, begun)
	})
	return u, err
}
