package pages

import (
	"crypto/rand"
	"maps"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// typedLife is how long secrets that were typed wait for their form to be sent again.
	typedLife = 15 * time.Minute
	// typedAtOnce bounds how many forms wait at once; the oldest go first.
	typedAtOnce = 200
)

// Typed remembers, for a while, the secrets of forms that are shown again: no secret is
// ever sent back to a browser, and nobody should have to type one twice. They are held in
// memory alone, and end with the process.
type Typed struct {
	now func() time.Time

	mu   sync.Mutex
	held map[string]typedForm
}

// typedForm is what was typed into one form.
type typedForm struct {
	session, purpose string
	secrets          map[string]models.Secret
	at               time.Time
}

// NewTyped remembers nothing yet.
func NewTyped(now func() time.Time) *Typed { return &Typed{now: now, held: map[string]typedForm{}} }

// Keep remembers secrets by their names and returns the token that takes them, or nothing
// when there are none. Only the same session can take them, and only for the same purpose.
func (t *Typed) Keep(session, purpose string, secrets map[string]models.Secret) string {
	kept := map[string]models.Secret{}
	for name, s := range secrets {
		if !s.Empty() {
			kept[name] = s
		}
	}
	if len(kept) == 0 {
		return ""
	}
	token := rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	t.held[token] = typedForm{session: session, purpose: purpose, secrets: kept, at: t.now()}
	return token
}

// Look returns what a token stands for and keeps it; nothing when it was never given, is too
// old, or is shown by another session or for another purpose.
func (t *Typed) Look(token, session, purpose string) map[string]models.Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.look(token, session, purpose)
}

// Take is a Look after which the token stands for nothing.
func (t *Typed) Take(token, session, purpose string) map[string]models.Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.look(token, session, purpose)
	if found != nil {
		delete(t.held, token)
	}
	return found
}

func (t *Typed) look(token, session, purpose string) map[string]models.Secret {
	f, known := t.held[token]
	if !known || t.now().Sub(f.at) >= typedLife || !same(f.session, session) || !same(f.purpose, purpose) {
		return nil
	}
	return maps.Clone(f.secrets)
}

// sweep forgets what is too old, and makes room for one more.
func (t *Typed) sweep() {
	oldest := ""
	for token, f := range t.held {
		if t.now().Sub(f.at) >= typedLife {
			delete(t.held, token)
			continue
		}
		if oldest == "" || f.at.Before(t.held[oldest].at) {
			oldest = token
		}
	}
	if len(t.held) >= typedAtOnce {
		delete(t.held, oldest)
	}
}
