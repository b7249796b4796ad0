package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// testRaceClaim100: a hundred who have the links of several replicas make one owner.
func testRaceClaim100(t *testing.T, s *Store) {
	ctx := t.Context()
	for i := range 3 {
		must(t, s.InsertOwnerInvitation(ctx, models.Invitation{TokenHash: fmt.Sprint("link", i)}))
	}
	const n = 100
	won := race(t, n, func(i int) error {
		u := person(fmt.Sprint("first", i), models.RoleOwner)
		return s.ClaimOwner(ctx, fmt.Sprint("link", i%3), u, session(u.ID, fmt.Sprint("token", i)))
	})
	equal(t, "how many are the first owner", won, 1)
	users := value(s.Users(ctx))(t)
	equal(t, "the number of accounts", len(users), 1)
	equal(t, "the number of sessions", len(value(s.Sessions(ctx, users[0].ID))(t)), 1)
	for i := range 3 {
		wants(t, errorOf(s.Invitation(ctx, fmt.Sprint("link", i), models.Now())), models.ErrNotFound)
	}
	wants(t, s.InsertOwnerInvitation(ctx, models.Invitation{TokenHash: "late"}), models.ErrConflict)
}

func testInvitations(t *testing.T, s *Store) {
	ctx := t.Context()
	wants(t, s.ClaimOwner(ctx, "guessed", person("eve", models.RoleOwner), session("x", "x")), models.ErrNotFound)
	equal(t, "having an owner", value(s.HasOwner(ctx))(t), false)

	now := models.Now()
	until := now.Add(time.Hour)
	ida := person("ida", models.RoleOperator)
	ida.PasswordHash = ""
	must(t, s.InsertUser(ctx, ida, &models.Invitation{TokenHash: "link", UserID: ida.ID, CreatedAt: now, ExpiresAt: &until}))
	// It is for an account and makes no owner, and it ends.
	wants(t, s.ClaimOwner(ctx, "link", person("eve", models.RoleOwner), session("x", "x")), models.ErrConflict)
	wants(t, errorOf(s.Invitation(ctx, "link", until)), models.ErrNotFound)
	equal(t, "whose invitation it is", value(s.Invitation(ctx, "link", until.Add(-time.Second)))(t).UserID, ida.ID)
	late := session(ida.ID, "late")
	late.CreatedAt = until
	_, err := s.AcceptInvitation(ctx, "link", late, keep)
	wants(t, err, models.ErrNotFound)

	u := value(s.AcceptInvitation(ctx, "link", session(ida.ID, "t"), func(u *models.User) error { u.PasswordHash = "h"; return nil }))(t)
	equal(t, "the hash that was returned", u.PasswordHash, "h")
	equal(t, "the hash that is kept", value(s.User(ctx, ida.ID))(t).PasswordHash, "h")
	wants(t, errorOf(s.AcceptInvitation(ctx, "link", session(ida.ID, "t2"), keep)), models.ErrNotFound)
	equal(t, "the number of sessions", len(value(s.Sessions(ctx, ida.ID))(t)), 1)
}

func testRaceInvitation(t *testing.T, s *Store) {
	ctx := t.Context()
	ida := person("ida", models.RoleOperator)
	must(t, s.InsertUser(ctx, ida, &models.Invitation{TokenHash: "link", UserID: ida.ID}))
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := s.AcceptInvitation(ctx, "link", session(ida.ID, fmt.Sprint(i)), keep)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, models.ErrNotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "how many used the invitation", int(won.Load()), 1)
}

func testReinvite(t *testing.T, s *Store) {
	ctx := t.Context()
	anna := added(t, s, person("anna", models.RoleOwner))
	other := added(t, s, person("otto", models.RoleViewer))
	value(s.BeginSession(ctx, session(anna.ID, "a"), "", keep))(t)
	value(s.BeginSession(ctx, session(other.ID, "o"), "", keep))(t)
	value(s.Reinvite(ctx, models.Invitation{TokenHash: "one", UserID: anna.ID}, keep))(t)
	value(s.Reinvite(ctx, models.Invitation{TokenHash: "two", UserID: anna.ID}, keep))(t)
	equal(t, "the sessions that are left", len(value(s.Sessions(ctx, anna.ID))(t)), 0)
	equal(t, "the sessions of others", len(value(s.Sessions(ctx, other.ID))(t)), 1)
	wants(t, errorOf(s.Invitation(ctx, "one", models.Now())), models.ErrNotFound)
	value(s.Invitation(ctx, "two", models.Now()))(t)
	wants(t, errorOf(s.Reinvite(ctx, models.Invitation{TokenHash: "three", UserID: models.NewID()}, keep)), models.ErrNotFound)

	value(s.RemoveUser(ctx, other.ID))(t)
	wants(t, errorOf2(s.Session(ctx, "o")), models.ErrUnauthorized)
}

func errorOf2[A, B any](_ A, _ B, err error) error { return err }
