package auth

import (
	"context"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
)

func notSignedIn() error { return models.Unauthorizedf("this session has ended: sign in") }

// Session returns whose session a token is. The account is read each time, so that what
// an owner changes about it holds at once. Half a session is none.
func (s *Service) Session(ctx context.Context, token string, _ models.Client) (models.User, models.Session, error) {
	if token == "" {
		return models.User{}, models.Session{}, notSignedIn()
	}
	session, u, err := s.Store.Session(ctx, hashed(token))
	if err != nil {
		return models.User{}, models.Session{}, err
	}
	now := s.Now()
	session.SeenAt = s.seen.newest(session.ID, session.SeenAt)
	if session.Half || u.DisabledAt != nil || s.over(session, now) {
		return models.User{}, models.Session{}, notSignedIn()
	}
	s.seen.note(session.ID, now)
	session.SeenAt = now
	return u, session, nil
}

// over reports whether a session has come to one of its ends. The configuration may have
// been made stricter since it began.
func (s *Service) over(session models.Session, now time.Time) bool {
	return !now.Before(session.ExpiresAt) || now.Sub(session.CreatedAt) >= s.Longest || now.Sub(session.SeenAt) >= s.Idle
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.Store.EndSessionOf(ctx, hashed(token))
}

// Sessions returns the sessions of a user that go on, the one that was seen last first.
func (s *Service) Sessions(ctx context.Context, userID string) ([]models.Session, error) {
	all, err := s.Store.Sessions(ctx, userID)
	if err != nil {
		return nil, err
	}
	going := []models.Session{}
	for _, session := range all {
		session.SeenAt = s.seen.newest(session.ID, session.SeenAt)
		if !session.Half && !s.over(session, s.Now()) {
			going = append(going, session)
		}
	}
	return going, nil
}

// EndSession ends a session of a user.
func (s *Service) EndSession(ctx context.Context, userID, sessionID string) error {
	return s.Store.EndSession(ctx, userID, sessionID)
}

// EndSessions ends all sessions of a user but one; an empty id spares none.
func (s *Service) EndSessions(ctx context.Context, userID, spareID string) error {
	return s.Store.EndSessions(ctx, userID, spareID)
}

// seen holds when sessions were seen until that is written down: no request that only
// looks at something writes.
type seen struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (n *seen) note(id string, at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at == nil {
		n.at = map[string]time.Time{}
	}
	if at.After(n.at[id]) {
		n.at[id] = at
	}
}

func (n *seen) newest(id string, written time.Time) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at := n.at[id]; at.After(written) {
		return at
	}
	return written
}

// taken returns what is to be written. It stays until wrote is told that it was.
func (n *seen) taken() map[string]time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := make(map[string]time.Time, len(n.at))
	for id, at := range n.at {
		taken[id] = at
	}
	return taken
}

// wrote forgets what was written and not noted anew since.
func (n *seen) wrote(taken map[string]time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, at := range taken {
		if n.at[id].Equal(at) {
			delete(n.at, id)
		}
	}
}
