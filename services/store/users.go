package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// usersFact names the row that whoever changes accounts locks first. Accounts change
// seldom, and one lock for all of them leaves nothing to deadlock: neither two owners who
// take each other's role away, nor a hundred who want to be the first.
const usersFact = "users"

// changeUsers runs a transaction that no other of accounts runs beside.
func (s *Store) changeUsers(ctx context.Context, doing string, change func(tx *gorm.DB) error) error {
	if err := s.makeRow(ctx, usersFact); err != nil {
		return err
	}
	return s.write(ctx, doing, func(tx *gorm.DB) error {
		if err := lockRow(tx, usersFact); err != nil {
			return err
		}
		return change(tx)
	})
}

// HasOwner reports whether there is an owner.
func (s *Store) HasOwner(ctx context.Context) (bool, error) {
	found, err := hasOwner(s.read(ctx))
	return found, s.fault("ask whether there is an owner", err)
}

func hasOwner(tx *gorm.DB) (bool, error) {
	var owners []models.User
	err := tx.Select("id").Where("role = ?", models.RoleOwner).Limit(1).Find(&owners).Error
	return len(owners) > 0, err
}

// User returns a user, or models.ErrNotFound.
func (s *Store) User(ctx context.Context, id string) (models.User, error) {
	return first[models.User](s, s.read(ctx).Where("id = ?", id), "read the account "+id, noSuchUser(id))
}

// UserByName returns the user of a name, in lower case, or models.ErrNotFound.
func (s *Store) UserByName(ctx context.Context, name string) (models.User, error) {
	return first[models.User](s, s.read(ctx).Where("name = ?", name), "read the account "+name, noSuchUser(name))
}

// UserByExternal returns the user whom an identity provider vouches for, or
// models.ErrNotFound.
func (s *Store) UserByExternal(ctx context.Context, external string) (models.User, error) {
	const doing = "read an account of the identity provider"
	return first[models.User](s, s.read(ctx).Where("external_id = ?", external), doing, noSuchUser("of that person"))
}

func noSuchUser(name string) error {
	return models.NotFoundf("there is no account %s: Settings, Users and backupman user list show those there are", name)
}

// Users returns all users, by name.
func (s *Store) Users(ctx context.Context) ([]models.User, error) {
	users := []models.User{}
	err := s.read(ctx).Order("name").Find(&users).Error
	return users, s.fault("list the accounts", err)
}

// InsertUser adds a user, with an invitation unless that is nil. It returns
// models.ErrConflict when the name, or the person at the identity provider, has an account.
func (s *Store) InsertUser(ctx context.Context, u models.User, invitation *models.Invitation) error {
	return s.changeUsers(ctx, "add the account "+u.Name, func(tx *gorm.DB) error {
		if err := insertUser(tx, u); err != nil || invitation == nil {
			return err
		}
		return replaceInvitation(tx, *invitation)
	})
}

func insertUser(tx *gorm.DB, u models.User) error {
	u.ID, u.CreatedAt = idOr(u.ID), utcOrNow(u.CreatedAt)
	u.TOTPAt, u.SignedIn, u.DisabledAt = utcOrNil(u.TOTPAt), utcOrNil(u.SignedIn), utcOrNil(u.DisabledAt)
	err := tx.Create(&u).Error
	if isDuplicate(err) {
		return models.Conflictf("there is an account %s already: choose another name", u.Name)
	}
	return err
}

// ChangeUser changes a user in a transaction and returns what became of it. An error of
// change, which may be called several times, is returned, and changes nothing. It returns
// models.ErrNotFound when there is no such user, and models.ErrConflict when nobody would
// be left who may do everything and can sign in.
func (s *Store) ChangeUser(ctx context.Context, id string, change func(*models.User) error) (models.User, error) {
	var changed models.User
	err := s.changeUsers(ctx, "change the account "+id, func(tx *gorm.DB) (err error) {
		changed, err = changeUser(tx, id, change)
		return err
	})
	return changed, err
}

// changeUser changes a user in a transaction that holds the lock of accounts.
func changeUser(tx *gorm.DB, id string, change func(*models.User) error) (models.User, error) {
	before, err := userRow(tx, id)
	if err != nil {
		return before, err
	}
	u := before
	if err := change(&u); err != nil {
		return before, err
	}
	if keepsOwning(before) && !keepsOwning(u) {
		if err := anotherOwner(tx, before); err != nil {
			return before, err
		}
	}
	now := models.Now()
	u.ID, u.CreatedAt, u.UpdatedAt = before.ID, before.CreatedAt, &now
	u.TOTPAt, u.SignedIn, u.DisabledAt = utcOrNil(u.TOTPAt), utcOrNil(u.SignedIn), utcOrNil(u.DisabledAt)
	err = tx.Model(&models.User{}).Where("id = ?", id).Select("*").Updates(&u).Error
	if isDuplicate(err) {
		return before, models.Conflictf("there is an account %s already: choose another name", u.Name)
	}
	return u, err
}

func userRow(tx *gorm.DB, id string) (models.User, error) {
	var u models.User
	err := tx.Take(&u, "id = ?", id).Error
	if isMissing(err) {
		return u, noSuchUser(id)
	}
	return u, err
}

// keepsOwning reports whether a user is an owner who can sign in.
func keepsOwning(u models.User) bool {
	return u.Role == models.RoleOwner && u.DisabledAt == nil && (u.PasswordHash != "" || u.External != nil)
}

// anotherOwner returns models.ErrConflict unless there is an owner who can sign in beside
// a user.
func anotherOwner(tx *gorm.DB, u models.User) error {
	var others []models.User
	query := tx.Select("id").Where("role = ? AND disabled_at IS NULL AND id <> ?", models.RoleOwner, u.ID)
	err := query.Where("password_hash <> '' OR external_id IS NOT NULL").Limit(1).Find(&others).Error
	if err != nil || len(others) > 0 {
		return err
	}
	return models.Conflictf("%s is the last owner who can sign in: make somebody else an owner first", u.Name)
}

// RemoveUser removes a user, the user's sessions and invitations, and returns who it was.
// It returns models.ErrNotFound and models.ErrConflict as ChangeUser does.
func (s *Store) RemoveUser(ctx context.Context, id string) (models.User, error) {
	var u models.User
	err := s.changeUsers(ctx, "remove the account "+id, func(tx *gorm.DB) (err error) {
		if u, err = userRow(tx, id); err != nil {
			return err
		}
		if keepsOwning(u) {
			if err := anotherOwner(tx, u); err != nil {
				return err
			}
		}
		for _, rows := range []any{&models.Session{}, &models.Invitation{}} {
			if err := tx.Where("user_id = ?", id).Delete(rows).Error; err != nil {
				return err
			}
		}
		return tx.Where("id = ?", id).Delete(&models.User{}).Error
	})
	return u, err
}
