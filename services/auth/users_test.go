package auth

import (
	"errors"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestChangePassword(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	other := b.signedIn(t, "anna")
	id, fresh := in.User.ID, models.NewSecret("another four words")
	for name, c := range map[string][2]models.Secret{
		"a wrong old one": {models.NewSecret("wrong"), fresh}, "a short one": {goodPassword, models.NewSecret("short")}, "the same": {goodPassword, goodPassword},
	} {
		if err := b.ChangePassword(ctx, id, in.Session.ID, c[0], c[1]); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s ended in %v", name, err)
		}
	}
	equal(t, "what another token opens", b.opens(t, other.Token), true)
	must(t, b.ChangePassword(ctx, id, in.Session.ID, goodPassword, fresh))
	equal(t, "what the own token opens", b.opens(t, in.Token), true)
	equal(t, "what another token opens then", b.opens(t, other.Token), false)
	wants(t, errorOf(b.SignIn(ctx, "anna", goodPassword, home)), models.ErrUnauthorized)
	value(b.SignIn(ctx, "anna", fresh, home))(t)

	// Who sits at an open browser can't guess the password there.
	for range perAccount.free {
		_ = b.ChangePassword(ctx, id, in.Session.ID, models.NewSecret("wrong"), fresh)
	}
	wants(t, b.ChangePassword(ctx, id, in.Session.ID, fresh, goodPassword), models.ErrTooMany)
}

func TestUsers(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	id := in.User.ID
	for name, err := range map[string]error{
		"another role": errorOf(b.SetRole(ctx, id, models.RoleViewer)),
		"disabling":    errorOf(b.SetDisabled(ctx, id, true)),
		"removing":     errorOf(b.RemoveUser(ctx, id)),
	} {
		if !errors.Is(err, models.ErrConflict) {
			t.Errorf("%s of the last owner ended in %v", name, err)
		}
	}
	equal(t, "what the owner's token opens", b.opens(t, in.Token), true)
	wants(t, errorOf(b.SetRole(ctx, id, "king")), models.ErrInvalid)
	wants(t, errorOf(b.AddUser(ctx, "zoe", models.RoleOwner, models.NewSecret("short"))), models.ErrInvalid)
	b.added(t, "zoe", models.RoleOwner)
	value(b.RemoveUser(ctx, id))(t)
	wants(t, errorOf(b.User(ctx, id)), models.ErrNotFound)
	wants(t, errorOf(b.UserByName(ctx, "anna")), models.ErrNotFound)
	equal(t, "the name", value(b.UserByName(ctx, " Zoe"))(t).Name, "zoe")
	wants(t, b.SetPassword(ctx, models.NewID(), goodPassword), models.ErrNotFound)
}
