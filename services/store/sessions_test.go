package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

func testSessions(t *testing.T, s *Store) {
	ctx := t.Context()
	anna, otto := added(t, s, person("anna", models.RoleOwner)), added(t, s, person("otto", models.RoleViewer))
	begun := session(anna.ID, "a1")
	begun.Agent = strings.Repeat("Mozilla\xff", 100)
	signedIn := models.Now()
	u := value(s.BeginSession(ctx, begun, "", func(u *models.User) error { u.SignedIn = &signedIn; return nil }))(t)
	sameTime(t, "when the user signed in", u.SignedIn, signedIn)
	for _, token := range []string{"a2", "a3"} {
		value(s.BeginSession(ctx, session(anna.ID, token), "", keep))(t)
	}
	value(s.BeginSession(ctx, session(otto.ID, "o1"), "", keep))(t)

	found, u, err := s.Session(ctx, "a1")
	must(t, err)
	equal(t, "the session", found.ID, begun.ID)
	equal(t, "its user", u.Name, "anna")
	equal(t, "the end", found.ExpiresAt, begun.ExpiresAt)
	wants(t, errorOf2(s.Session(ctx, "a0")), models.ErrUnauthorized)
	wants(t, errorOf(s.BeginSession(ctx, session(models.NewID(), "x"), "", keep)), models.ErrNotFound)

	wants(t, s.EndSession(ctx, otto.ID, begun.ID), models.ErrNotFound)
	value(s.Sessions(ctx, anna.ID))(t)
	must(t, s.EndSession(ctx, anna.ID, begun.ID))
	wants(t, s.EndSession(ctx, anna.ID, begun.ID), models.ErrNotFound)
	must(t, s.EndSessionOf(ctx, "a2"))
	must(t, s.EndSessionOf(ctx, "a2"))
	wants(t, errorOf2(s.Session(ctx, "a2")), models.ErrUnauthorized)

	spared := value(s.BeginSession(ctx, session(anna.ID, "a4"), "", keep))(t)
	kept := value(s.Sessions(ctx, spared.ID))(t)[0]
	must(t, s.EndSessions(ctx, anna.ID, kept.ID))
	left := value(s.Sessions(ctx, anna.ID))(t)
	if len(left) != 1 || left[0].ID != kept.ID {
		t.Errorf("the sessions that are left are %+v", left)
	}
	value(s.ChangeUserEndingSessions(ctx, anna.ID, "", keep))(t)
	equal(t, "the sessions after a change that ends them", len(value(s.Sessions(ctx, anna.ID))(t)), 0)
	equal(t, "the sessions of others", len(value(s.Sessions(ctx, otto.ID))(t)), 1)
}

// testSessionOfAFullAccount: what a session's account is read with is all that it has, as when
// the account is read by itself.
func testSessionOfAFullAccount(t *testing.T, s *Store) {
	ctx := t.Context()
	at, external := models.Now(), "a person elsewhere"
	full := person("anna", models.RoleOperator)
	full.TOTPSecret, full.TOTPAt, full.TOTPStep, full.RecoveryCodes = "sealed", &at, 7, []string{"one", "two"}
	full.Issuer, full.External, full.SignedIn, full.DisabledAt = "https://id.example", &external, &at, &at
	for name, u := range map[string]models.User{"everything": full, "nothing": person("otto", models.RoleViewer)} {
		u = added(t, s, u)
		begun := session(u.ID, "token of "+name)
		begun.Half, begun.Address, begun.Agent, begun.Method = name == "everything", "10.0.0.7", "a browser", "link"
		value(s.BeginSession(ctx, begun, "", keep))(t)
		found, of, err := s.Session(ctx, begun.TokenHash)
		must(t, err)
		if want := value(s.Sessions(ctx, u.ID))(t)[0]; !reflect.DeepEqual(found, want) {
			t.Errorf("%s: the session is %+v, not %+v", name, found, want)
		}
		if want := value(s.User(ctx, u.ID))(t); !reflect.DeepEqual(of, want) {
			t.Errorf("%s: its account is %+v, not %+v", name, of, want)
		}
		must(t, s.write(ctx, "remove the account alone", func(tx *gorm.DB) error { return tx.Delete(&models.User{}, "id = ?", u.ID).Error }))
		wants(t, errorOf2(s.Session(ctx, begun.TokenHash)), models.ErrUnauthorized)
	}
}

func testReplaceSession(t *testing.T, s *Store) {
	ctx := t.Context()
	anna, otto := added(t, s, person("anna", models.RoleOwner)), added(t, s, person("otto", models.RoleViewer))
	value(s.BeginSession(ctx, session(anna.ID, "half"), "", keep))(t)
	// The half of another person is no half of this one.
	wants(t, errorOf(s.BeginSession(ctx, session(otto.ID, "stolen"), "half", keep)), models.ErrUnauthorized)
	no := errors.New("no")
	_, err := s.BeginSession(ctx, session(anna.ID, "whole"), "half", func(*models.User) error { return no })
	if !errors.Is(err, no) {
		t.Fatalf("got %v", err)
	}
	must(t, errorOf2(s.Session(ctx, "half")))
	value(s.BeginSession(ctx, session(anna.ID, "whole"), "half", keep))(t)
	wants(t, errorOf2(s.Session(ctx, "half")), models.ErrUnauthorized)
	must(t, errorOf2(s.Session(ctx, "whole")))
}

func testRaceReplaceSession(t *testing.T, s *Store) {
	ctx := t.Context()
	anna := added(t, s, person("anna", models.RoleOwner))
	value(s.BeginSession(ctx, session(anna.ID, "half"), "", keep))(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := s.BeginSession(ctx, session(anna.ID, fmt.Sprint(i)), "half", keep)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, models.ErrUnauthorized) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "how many sessions took the place of one", int(won.Load()), 1)
	equal(t, "the number of sessions", len(value(s.Sessions(ctx, anna.ID))(t)), 1)
}

func testTouchSessions(t *testing.T, s *Store) {
	ctx := t.Context()
	anna := added(t, s, person("anna", models.RoleOwner))
	one, two := session(anna.ID, "1"), session(anna.ID, "2")
	value(s.BeginSession(ctx, one, "", keep))(t)
	value(s.BeginSession(ctx, two, "", keep))(t)
	later := one.SeenAt.Add(time.Minute)
	must(t, s.TouchSessions(ctx, nil))
	must(t, s.TouchSessions(ctx, map[string]time.Time{one.ID: later, two.ID: two.SeenAt.Add(-time.Hour), models.NewID(): later}))
	sessions := value(s.Sessions(ctx, anna.ID))(t)
	equal(t, "the one that was seen last", sessions[0].ID, one.ID)
	equal(t, "when it was seen", sessions[0].SeenAt, later)
	equal(t, "when the other was seen", sessions[1].SeenAt, two.SeenAt)
}

func testDropExpired(t *testing.T, s *Store) {
	ctx := t.Context()
	anna := added(t, s, person("anna", models.RoleOwner))
	now := models.Now()
	before := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	for token, times := range map[string][2]*time.Time{
		"goes on": {before(time.Minute), before(-time.Hour)},
		"expired": {before(time.Minute), before(0)},
		"idle":    {before(3 * time.Hour), before(-time.Hour)},
	} {
		begun := session(anna.ID, token)
		begun.SeenAt, begun.ExpiresAt = *times[0], *times[1]
		value(s.BeginSession(ctx, begun, "", keep))(t)
	}
	must(t, s.InsertUser(ctx, person("ida", models.RoleViewer), &models.Invitation{TokenHash: "old", UserID: "i", ExpiresAt: before(0)}))
	must(t, s.InsertUser(ctx, person("ivo", models.RoleViewer), &models.Invitation{TokenHash: "new", UserID: "j", ExpiresAt: before(-time.Hour)}))
	for name, times := range map[string][2]*time.Time{
		"fresh": {before(time.Hour), nil}, "forgotten": {before(3 * time.Hour), before(2 * time.Hour)}, "blocked": {before(3 * time.Hour), before(-time.Hour)},
	} {
		must(t, s.ChangeLimit(ctx, name, func(l *models.SignInLimit) { l.Failures, l.TriedAt, l.BlockedUntil = 3, *times[0], times[1] }))
	}
	must(t, s.DropExpired(ctx, now, now.Add(-2*time.Hour), now.Add(-2*time.Hour)))

	sessions := value(s.Sessions(ctx, anna.ID))(t)
	if len(sessions) != 1 || sessions[0].TokenHash != "goes on" {
		t.Errorf("the sessions that are left are %+v", sessions)
	}
	wants(t, errorOf(s.Invitation(ctx, "old", now.Add(-time.Hour))), models.ErrNotFound)
	value(s.Invitation(ctx, "new", now))(t)
	equal(t, "what counts of a fresh limit", failures(t, s, "fresh"), 3)
	equal(t, "what counts of a forgotten one", failures(t, s, "forgotten"), 0)
	equal(t, "what counts of one that is blocked", failures(t, s, "blocked"), 3)
}

func failures(t *testing.T, s *Store, name string) int {
	t.Helper()
	n := 0
	must(t, s.ChangeLimit(t.Context(), name, func(l *models.SignInLimit) { n = l.Failures }))
	return n
}
