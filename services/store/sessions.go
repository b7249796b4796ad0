package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// The widths of columns that hold what a browser says of itself.
const (
	addressLimit = 64
	agentLimit   = 255
)

// BeginSession adds a session of the user that it names, in one transaction with a change
// of that user, and returns what became of the user. With replaces, the SHA-256 of the
// token of a session of the same user, that one ends; when it has ended already,
// models.ErrUnauthorized is returned and nothing begins. Otherwise errors are those of
// ChangeUser.
func (s *Store) BeginSession(ctx context.Context, begun models.Session, replaces string, change func(*models.User) error) (models.User, error) {
	var u models.User
	err := s.changeUsers(ctx, "begin a session of the account "+begun.UserID, func(tx *gorm.DB) (err error) {
		if replaces != "" {
			ended := tx.Where("token_hash = ? AND user_id = ?", replaces, begun.UserID).Delete(&models.Session{})
			if err := changedOr(ended, sessionEnded); err != nil {
				return err
			}
		}
		if u, err = changeUser(tx, begun.UserID, change); err != nil {
			return err
		}
		return insertSession(tx, begun)
	})
	return u, err
}

func insertSession(tx *gorm.DB, begun models.Session) error {
	begun.ID, begun.CreatedAt = idOr(begun.ID), utcOrNow(begun.CreatedAt)
	begun.SeenAt, begun.ExpiresAt = utcOrNow(begun.SeenAt), utc(begun.ExpiresAt)
	begun.Address, begun.Agent = storable(begun.Address, addressLimit), storable(begun.Agent, agentLimit)
	return tx.Create(&begun).Error
}

func sessionEnded() error { return models.Unauthorizedf("this session has ended: sign in") }

// sessionQuery finds a session with its user. Every request of a page makes it, so that the
// answer is read without what a mapper would look at.
const sessionQuery = `SELECT s.id, s.user_id, s.token_hash, s.half, s.address, s.agent, s.method, s.created_at, s.seen_at, s.expires_at,
u.id, u.name, u.role, u.password_hash, u.totp_secret, u.totp_at, u.totp_step, u.recovery_codes, u.issuer, u.external_id, u.signed_in_at, u.disabled_at, u.created_at, u.updated_at
FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = ?`

// Session returns the session whose token has a SHA-256, and its user;
// models.ErrUnauthorized when there is none. Whether it has expired is not looked at.
func (s *Store) Session(ctx context.Context, tokenHash string) (models.Session, models.User, error) {
	found, u, err := s.sessionRow(ctx, tokenHash)
	if errors.Is(err, sql.ErrNoRows) {
		return found, u, sessionEnded()
	}
	return found, u, s.fault("read a session", err)
}

func (s *Store) sessionRow(ctx context.Context, tokenHash string) (found models.Session, u models.User, err error) {
	rows, err := s.rowsOften(ctx, sessionQuery, tokenHash)
	if err != nil {
		return found, u, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return found, u, cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	var secret, codes sql.NullString
	err = rows.Scan(&found.ID, &found.UserID, &found.TokenHash, &found.Half, &found.Address, &found.Agent, &found.Method, &found.CreatedAt, &found.SeenAt, &found.ExpiresAt,
		&u.ID, &u.Name, &u.Role, &u.PasswordHash, &secret, &u.TOTPAt, &u.TOTPStep, &codes, &u.Issuer, &u.External, &u.SignedIn, &u.DisabledAt, &u.CreatedAt, &u.UpdatedAt)
	if err == nil && codes.String != "" {
		err = json.Unmarshal([]byte(codes.String), &u.RecoveryCodes)
	}
	u.TOTPSecret = secret.String
	return found, u, err
}

// Sessions returns the sessions of a user, the one that was seen last first.
func (s *Store) Sessions(ctx context.Context, userID string) ([]models.Session, error) {
	sessions := []models.Session{}
	err := s.read(ctx).Where("user_id = ?", userID).Order("seen_at DESC, id DESC").Find(&sessions).Error
	return sessions, s.fault("list the sessions of the account "+userID, err)
}

// EndSessionOf ends the session whose token has a SHA-256. One that has ended already is
// no error.
func (s *Store) EndSessionOf(ctx context.Context, tokenHash string) error {
	return s.write(ctx, "end a session", func(tx *gorm.DB) error {
		return tx.Where("token_hash = ?", tokenHash).Delete(&models.Session{}).Error
	})
}

// EndSession ends a session of a user, or returns models.ErrNotFound.
func (s *Store) EndSession(ctx context.Context, userID, id string) error {
	return s.write(ctx, "end the session "+id, func(tx *gorm.DB) error {
		ended := tx.Where("id = ? AND user_id = ?", id, userID).Delete(&models.Session{})
		return changedOr(ended, func() error { return models.NotFoundf("there is no session %s: it has ended already", id) })
	})
}

// EndSessions ends all sessions of a user but one; an empty id spares none.
func (s *Store) EndSessions(ctx context.Context, userID, spareID string) error {
	return s.write(ctx, "end the sessions of the account "+userID, func(tx *gorm.DB) error {
		return endSessions(tx, userID, spareID)
	})
}

func endSessions(tx *gorm.DB, userID, spareID string) error {
	return tx.Where("user_id = ? AND id <> ?", userID, spareID).Delete(&models.Session{}).Error
}

// ChangeUserEndingSessions is ChangeUser that ends all sessions of the user but one, and
// the user's invitations, in the same transaction: what let somebody in before does not
// any more.
func (s *Store) ChangeUserEndingSessions(ctx context.Context, id, spareID string, change func(*models.User) error) (models.User, error) {
	var u models.User
	err := s.changeUsers(ctx, "change the account "+id, func(tx *gorm.DB) (err error) {
		if u, err = changeUser(tx, id, change); err != nil {
			return err
		}
		if err := dropInvitations(tx, id); err != nil {
			return err
		}
		return endSessions(tx, id, spareID)
	})
	return u, err
}

// TouchSessions notes when sessions were seen, by their ids. One that was seen later, or
// has ended, stays as it is.
func (s *Store) TouchSessions(ctx context.Context, seen map[string]time.Time) error {
	if len(seen) == 0 {
		return nil
	}
	return s.write(ctx, "note when sessions were seen", func(tx *gorm.DB) error {
		for _, id := range slices.Sorted(maps.Keys(seen)) {
			at := utc(seen[id])
			err := tx.Model(&models.Session{}).Where("id = ? AND seen_at < ?", id, at).Update("seen_at", at).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// DropExpired removes what nobody can use any more: sessions whose end has passed or that
// were not seen since a moment, invitations that have expired, and limits of sign-ins that
// were not tried since another.
func (s *Store) DropExpired(ctx context.Context, now, seenBefore, triedBefore time.Time) error {
	now = utc(now)
	return s.write(ctx, "drop what has expired", func(tx *gorm.DB) error {
		sessions := tx.Where("expires_at <= ? OR seen_at < ?", now, utc(seenBefore))
		if err := sessions.Delete(&models.Session{}).Error; err != nil {
			return err
		}
		if err := tx.Where("expires_at <= ?", now).Delete(&models.Invitation{}).Error; err != nil {
			return err
		}
		old := tx.Where("tried_at < ? AND (blocked_until IS NULL OR blocked_until <= ?)", utc(triedBefore), now)
		return old.Delete(&models.SignInLimit{}).Error
	})
}
