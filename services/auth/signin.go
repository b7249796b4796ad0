package auth

import (
	"context"
	"errors"
	"time"

	"github.com/backupman/backupman/models"
)

// The ways to sign in, as sessions tell them.
const (
	byPassword = "password"
	byCode     = "password and code"
	byRecovery = "recovery code"
	byProvider = "identity provider"
	byLink     = "link"
)

// halfFor is how long the second factor may take.
const halfFor = 10 * time.Minute

func wrongPassword() error {
	return models.Unauthorizedf("the name or the password is wrong: try again, or ask an owner for an invitation to choose another password")
}

func isDisabled(u models.User) error {
	if u.DisabledAt == nil {
		return nil
	}
	return models.Unauthorizedf("the account %s is disabled: ask an owner to enable it", u.Name)
}

// SignIn begins a session with a password. Where the person has a second factor it is
// half a session, which SecondFactor makes whole. Every try counts before anything is
// looked at, and an account that there is not costs as much time as one that there is.
func (s *Service) SignIn(ctx context.Context, typed string, password models.Secret, from models.Client) (models.SignedIn, error) {
	name, ok := lower(typed)
	address, account := addressLimit(from), accountLimit(name)
	if err := s.try(ctx, address, account); err != nil {
		return models.SignedIn{}, err
	}
	u, err := s.named(ctx, name, ok)
	if err != nil {
		return models.SignedIn{}, err
	}
	fresh, err := s.checked(ctx, u, password)
	s.unlooked(ctx, account, err)
	if err != nil {
		return models.SignedIn{}, err
	}
	in, err := s.begin(ctx, begin{user: u, half: u.SecondFactor(), method: byPassword, from: from}, func(now *models.User) error {
		if now.PasswordHash != u.PasswordHash {
			return wrongPassword()
		}
		now.PasswordHash = fresh
		return nil
	})
	if err == nil {
		s.forgive(ctx, address, account)
	}
	return in, err
}

// named returns the user of a name, and a user without a password when there is none.
func (s *Service) named(ctx context.Context, name string, ok bool) (models.User, error) {
	if !ok {
		return models.User{}, nil
	}
	u, err := s.Store.UserByName(ctx, name)
	if errors.Is(err, models.ErrNotFound) {
		return models.User{}, nil
	}
	return u, err
}

// checked returns what is to be kept of a user's password from now on, and
// models.ErrUnauthorized for another password.
func (s *Service) checked(ctx context.Context, u models.User, password models.Secret) (string, error) {
	good, old, err := s.hasher.verify(ctx, password, u.PasswordHash)
	if err != nil {
		return "", err
	}
	if !good {
		return "", wrongPassword()
	}
	if !old {
		return u.PasswordHash, nil
	}
	return s.hasher.hash(ctx, password, nil)
}

// forgive takes the try of an address back, and forgets what failed under the others.
// Somebody is let in already: that it can't be written down is no reason to refuse.
func (s *Service) forgive(ctx context.Context, address limited, others ...limited) {
	if err := s.gaveBack(ctx, address); err != nil {
		s.Log.Warn(notForgiven, "error", err)
	}
	s.forget(ctx, others...)
}

// unlooked takes the try of an account back when too many others were there for its
// password to be looked at: a flood of strangers must not use up its tries.
func (s *Service) unlooked(ctx context.Context, account limited, err error) {
	if !errors.Is(err, models.ErrTooMany) {
		return
	}
	if err := s.gaveBack(ctx, account); err != nil {
		s.Log.Warn(notForgiven, "error", err)
	}
}

const notForgiven = "the count of sign-ins that failed could not be set back"

func (s *Service) forget(ctx context.Context, all ...limited) {
	for _, l := range all {
		if err := s.succeeded(ctx, l); err != nil {
			s.Log.Warn(notForgiven, "error", err)
		}
	}
}

// SecondFactor makes a session of half a one, with a code of the authenticator or a
// recovery code. A code that was used is used up, and so is the token of the half.
func (s *Service) SecondFactor(ctx context.Context, token string, code models.Secret, from models.Client) (models.SignedIn, error) {
	half, u, err := s.half(ctx, token)
	if err != nil {
		return models.SignedIn{}, err
	}
	address, codes := addressLimit(from), codeLimit(u.ID)
	if err := s.try(ctx, address, codes); err != nil {
		return models.SignedIn{}, err
	}
	use, method, err := s.codeOf(u, code)
	if err != nil {
		return models.SignedIn{}, err
	}
	in, err := s.begin(ctx, begin{user: u, method: method, from: from, replaces: half.TokenHash}, use)
	if err == nil {
		s.forgive(ctx, address, codes)
	}
	return in, err
}

// Half returns whose half session a token is: who has shown the password, and not yet the
// code.
func (s *Service) Half(ctx context.Context, token string) (models.User, error) {
	_, u, err := s.half(ctx, token)
	return u, err
}

func (s *Service) half(ctx context.Context, token string) (models.Session, models.User, error) {
	again := models.Unauthorizedf("the time for the code is over: sign in again")
	session, u, err := s.Store.Session(ctx, hashed(token))
	if errors.Is(err, models.ErrUnauthorized) {
		return session, u, again
	}
	if err != nil {
		return session, u, err
	}
	if !session.Half || !s.Now().Before(session.ExpiresAt) || !u.SecondFactor() {
		return session, u, again
	}
	return session, u, isDisabled(u)
}

// begin says how a session begins.
type begin struct {
	user models.User
	half bool
	// replaces is the hash of the token of the session that ends.
	method, replaces string
	from             models.Client
}

// begin adds a session with a token of its own, which nobody knew before.
func (s *Service) begin(ctx context.Context, b begin, change func(*models.User) error) (models.SignedIn, error) {
	session, token := s.newSession(b)
	u, err := s.Store.BeginSession(ctx, session, b.replaces, s.signing(session, change))
	if err != nil {
		return models.SignedIn{}, err
	}
	return models.SignedIn{Token: models.NewSecret(token), User: u, Session: session}, nil
}

func (s *Service) newSession(b begin) (models.Session, string) {
	token, hash := newToken()
	now := s.Now()
	lasts := s.Longest
	if b.half {
		lasts = halfFor
	}
	return models.Session{
		ID: models.NewID(), UserID: b.user.ID, TokenHash: hash, Half: b.half, Address: b.from.Address, Agent: b.from.Agent,
		Method: b.method, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(lasts),
	}, token
}

// signing is a change of the user whose session begins, who may have been disabled, or
// have got a second factor, since the password was looked at.
func (s *Service) signing(session models.Session, change func(*models.User) error) func(*models.User) error {
	return func(u *models.User) error {
		if err := isDisabled(*u); err != nil {
			return err
		}
		if session.Half != u.SecondFactor() && session.Method != byCode && session.Method != byRecovery && session.Method != byProvider {
			return models.Conflictf("the account %s was changed meanwhile: sign in again", u.Name)
		}
		if !session.Half {
			u.SignedIn = &session.CreatedAt
		}
		return change(u)
	}
}
