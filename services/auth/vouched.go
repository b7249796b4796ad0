package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/backupman/backupman/models"
)

// vouched signs in whom the identity provider vouches for. The role is what the person's
// groups give, at each sign-in anew.
func (s *Service) vouched(ctx context.Context, p person, from models.Client) (models.SignedIn, error) {
	config := s.provider.config
	role := config.role(p.groups)
	if role == "" {
		return models.SignedIn{}, s.inNoGroup(ctx, p)
	}
	u, fresh, err := s.person(ctx, p, role)
	if err != nil {
		return models.SignedIn{}, err
	}
	in, err := s.enter(ctx, u, role, from)
	if err == nil && fresh {
		s.note(ctx, in, "user.add", fmt.Sprintf("signed in by %s for the first time, as %s", s.Provider(), role))
	}
	return in, err
}

// inNoGroup refuses somebody whom the groups let nothing do, and ends what sessions are
// left of a time when they did.
func (s *Service) inNoGroup(ctx context.Context, p person) error {
	u, err := s.Store.UserByExternal(ctx, external(s.provider.config.Issuer, p.subject))
	if err == nil {
		err = s.Store.EndSessions(ctx, u.ID, "")
	}
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	return &models.Fault{Kind: models.ErrForbidden, Sentence: "you are in none of the groups that may use this server: ask an owner which one you need"}
}

// enter begins a session of somebody with the role that the groups give.
func (s *Service) enter(ctx context.Context, u models.User, role models.Role, from models.Client) (models.SignedIn, error) {
	b := begin{user: u, method: byProvider, from: from}
	before := u.Role
	in, err := s.begin(ctx, b, func(u *models.User) error {
		before, u.Role = u.Role, role
		return nil
	})
	if err == nil && before != role {
		s.note(ctx, in, "user.role", fmt.Sprintf("from %s to %s, as the groups at %s say", before, role, s.Provider()))
	}
	if !errors.Is(err, models.ErrConflict) {
		return in, err
	}
	// The last owner stays one, rather than nobody.
	s.Log.Warn("the last owner keeps the role although the groups at the identity provider do not give it", "user", u.Name, "role", role)
	return s.begin(ctx, b, func(*models.User) error { return nil })
}

// note writes down what a sign-in has changed by itself. Somebody is signed in already:
// that it can't be written down is logged, and no reason to refuse.
func (s *Service) note(ctx context.Context, in models.SignedIn, action, detail string) {
	err := s.Record(ctx, models.AuditEntry{
		Kind: models.ActorUser, Actor: in.User.Name, ActorID: in.User.ID, Action: action, Subject: in.User.Name, SubjectID: in.User.ID,
		Outcome: models.AuditDone, Detail: detail, Address: in.Session.Address, Agent: in.Session.Agent,
	})
	if err != nil {
		s.Log.Warn("the audit log could not be written", "action", action, "user", in.User.Name, "error", err)
	}
}

// person returns the account of somebody, which is made at the first sign-in, and whether
// this one is it.
func (s *Service) person(ctx context.Context, p person, role models.Role) (u models.User, fresh bool, err error) {
	key := external(s.provider.config.Issuer, p.subject)
	u, err = s.Store.UserByExternal(ctx, key)
	if !errors.Is(err, models.ErrNotFound) {
		return u, false, err
	}
	if p.name == "" {
		return u, false, models.Unauthorizedf("%s tells no name that an account here can have: have it tell preferred_username or email", s.Provider())
	}
	u = models.User{ID: models.NewID(), Name: p.name, Role: role, Issuer: s.provider.config.Issuer, External: &key, CreatedAt: s.Now()}
	err = s.Store.InsertUser(ctx, u, nil)
	if !errors.Is(err, models.ErrConflict) {
		return u, true, err
	}
	// Another tab of the same person may have been faster.
	if u, err := s.Store.UserByExternal(ctx, key); !errors.Is(err, models.ErrNotFound) {
		return u, false, err
	}
	return u, false, models.Conflictf("there is an account %s already that is somebody else's, or signs in with a password: ask an owner to remove it, or have your name changed at %s", p.name, s.Provider())
}
