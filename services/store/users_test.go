package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// person is somebody who can sign in.
func person(name string, role models.Role) models.User {
	return models.User{ID: models.NewID(), Name: name, Role: role, PasswordHash: "$argon2id$of " + name, CreatedAt: models.Now()}
}

func keep(*models.User) error { return nil }

func added(t *testing.T, s *Store, u models.User) models.User {
	t.Helper()
	must(t, s.InsertUser(t.Context(), u, nil))
	return u
}

func testUsers(t *testing.T, s *Store) {
	ctx := t.Context()
	equal(t, "having an owner", value(s.HasOwner(ctx))(t), false)
	added(t, s, person("zoe", models.RoleViewer))
	equal(t, "having an owner beside a viewer", value(s.HasOwner(ctx))(t), false)
	anna := person("anna", models.RoleOwner)
	at := models.Now()
	anna.TOTPSecret, anna.TOTPAt, anna.TOTPStep, anna.RecoveryCodes = "bm1.k.s", &at, 58, []string{"a", "b"}
	added(t, s, anna)
	equal(t, "having an owner then", value(s.HasOwner(ctx))(t), true)

	read := value(s.UserByName(ctx, "anna"))(t)
	if !reflect.DeepEqual(read, anna) {
		t.Errorf("what was read is\n%+v\nand what was written\n%+v", read, anna)
	}
	wants(t, s.InsertUser(ctx, person("anna", models.RoleViewer), nil), models.ErrConflict)
	for what, err := range map[string]error{
		"by id":       errorOf(s.User(ctx, models.NewID())),
		"by name":     errorOf(s.UserByName(ctx, "nobody")),
		"by provider": errorOf(s.UserByExternal(ctx, "nobody")),
		"by change":   errorOf(s.ChangeUser(ctx, models.NewID(), keep)),
		"by removal":  errorOf(s.RemoveUser(ctx, models.NewID())),
	} {
		if !errors.Is(err, models.ErrNotFound) {
			t.Errorf("nobody was found %s: %v", what, err)
		}
	}
	names := []string{}
	for _, u := range value(s.Users(ctx))(t) {
		names = append(names, u.Name)
	}
	equal(t, "the names", strings.Join(names, " "), "anna zoe")

	changed := value(s.ChangeUser(ctx, anna.ID, func(u *models.User) error {
		u.TOTPSecret, u.TOTPAt, u.TOTPStep, u.RecoveryCodes = "", nil, 0, nil
		return nil
	}))(t)
	read = value(s.User(ctx, anna.ID))(t)
	if read.TOTPSecret != "" || read.SecondFactor() || read.TOTPStep != 0 || len(read.RecoveryCodes) > 0 || read.UpdatedAt == nil {
		t.Errorf("what was emptied reads back as %+v", read)
	}
	equal(t, "the role that was returned", changed.Role, models.RoleOwner)
	no := errors.New("no")
	_, err := s.ChangeUser(ctx, anna.ID, func(u *models.User) error { u.Role = models.RoleViewer; return no })
	if !errors.Is(err, no) || value(s.User(ctx, anna.ID))(t).Role != models.RoleOwner {
		t.Errorf("a change that failed ended in %v and changed something", err)
	}
}

func errorOf[T any](_ T, err error) error { return err }

func testExternalUsers(t *testing.T, s *Store) {
	ctx := t.Context()
	known := "the sum of issuer and subject"
	u := person("carol", models.RoleViewer)
	u.PasswordHash, u.Issuer, u.External = "", "https://id.example", &known
	added(t, s, u)
	equal(t, "the name of whom the provider vouches for", value(s.UserByExternal(ctx, known))(t).Name, "carol")
	again := person("carol2", models.RoleViewer)
	again.External = &known
	wants(t, s.InsertUser(ctx, again, nil), models.ErrConflict)
	// Of people without a provider there may be many.
	added(t, s, person("one", models.RoleViewer))
	added(t, s, person("two", models.RoleViewer))
}

func testLastOwner(t *testing.T, s *Store) {
	ctx := t.Context()
	anna := added(t, s, person("anna", models.RoleOwner))
	invited := person("ida", models.RoleOwner)
	invited.PasswordHash = ""
	added(t, s, invited)
	disabled := person("dan", models.RoleOwner)
	at := models.Now()
	disabled.DisabledAt = &at
	added(t, s, disabled)
	added(t, s, person("olga", models.RoleOperator))

	role := func(u *models.User) error { u.Role = models.RoleOperator; return nil }
	disable := func(u *models.User) error { u.DisabledAt = &at; return nil }
	refused := func(what string) {
		t.Helper()
		for way, err := range map[string]error{
			"another role": errorOf(s.ChangeUser(ctx, anna.ID, role)),
			"disabling":    errorOf(s.ChangeUserEndingSessions(ctx, anna.ID, "", disable)),
			"removing":     errorOf(s.RemoveUser(ctx, anna.ID)),
			"signing in":   errorOf(s.BeginSession(ctx, session(anna.ID, "t"), "", role)),
		} {
			if !errors.Is(err, models.ErrConflict) {
				t.Errorf("%s: %s ended in %v", what, way, err)
			}
		}
	}
	refused("beside one who is invited and one who is disabled")
	// Who can't sign in may go.
	value(s.ChangeUser(ctx, invited.ID, role))(t)
	value(s.RemoveUser(ctx, disabled.ID))(t)
	refused("alone")

	known := "somebody"
	external := person("carol", models.RoleOwner)
	external.PasswordHash, external.External = "", &known
	added(t, s, external)
	value(s.ChangeUser(ctx, anna.ID, role))(t)
	_, err := s.RemoveUser(ctx, external.ID)
	wants(t, err, models.ErrConflict)
	mentions(t, err, "carol", "last owner")
}

// testRaceLastOwner: owners who take each other's role away at the same moment leave one.
func testRaceLastOwner(t *testing.T, s *Store) {
	const n = 8
	ids := make([]string, n)
	for i := range n {
		ids[i] = added(t, s, person(fmt.Sprintf("owner%d", i), models.RoleOwner)).ID
	}
	gone := race(t, n, func(i int) error {
		if i%2 == 0 {
			return errorOf(s.RemoveUser(t.Context(), ids[i]))
		}
		return errorOf(s.ChangeUser(t.Context(), ids[i], func(u *models.User) error { u.Role = models.RoleViewer; return nil }))
	})
	equal(t, "how many owners went", gone, n-1)
	equal(t, "having an owner", value(s.HasOwner(t.Context()))(t), true)
}

func session(userID, tokenHash string) models.Session {
	now := models.Now()
	return models.Session{ID: models.NewID(), UserID: userID, TokenHash: tokenHash, Method: "password", CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour)}
}
