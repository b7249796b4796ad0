package pages

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"sync"
	"time"
)

const (
	// signInLife is how long a person may take on the provider's page.
	signInLife = 10 * time.Minute
	// signInsAtOnce bounds how many sign-ins are kept in memory; the oldest go first.
	signInsAtOnce = 100
)

var (
	errNoSignIn     = errors.New("no such sign-in")
	errOtherBrowser = errors.New("begun in another browser")
)

// SignIns remembers the sign-ins that were begun and not completed. They end with
// the process, and nothing of them is written down.
type SignIns struct {
	now func() time.Time

	mu    sync.Mutex
	begun map[string]signInBegun
}

// signInBegun is one sign-in.
type signInBegun struct {
	driveID, redirect string
	// next is the page of ours that it leads back to; empty for that of drives.
	next string
	// state comes back with the person, verifier proves to the provider that the code
	// is traded by whoever asked for it (RFC 7636), and browser stays in a cookie.
	state, verifier, browser string
	at                       time.Time
}

// NewSignIns returns none.
func NewSignIns(now func() time.Time) *SignIns {
	return &SignIns{now: now, begun: map[string]signInBegun{}}
}

func (s *SignIns) begin(driveID, redirect, next string) signInBegun {
	b := signInBegun{driveID: driveID, redirect: redirect, next: next, state: rand.Text(), verifier: rand.Text() + rand.Text(), browser: rand.Text(), at: s.now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.begun) >= signInsAtOnce {
		delete(s.begun, s.oldest())
	}
	s.begun[b.state] = b
	return b
}

func (s *SignIns) oldest() string {
	found := ""
	for state, b := range s.begun {
		if found == "" || b.at.Before(s.begun[found].at) {
			found = state
		}
	}
	return found
}

// take returns the sign-in of a state and forgets it. It returns errNoSignIn when it
// was never begun, was taken before or is too old, and errOtherBrowser, without
// forgetting it, when another browser shows the state.
func (s *SignIns) take(state, browser string) (signInBegun, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, known := s.begun[state]
	if !known {
		return signInBegun{}, errNoSignIn
	}
	if s.now().Sub(b.at) >= signInLife {
		delete(s.begun, state)
		return signInBegun{}, errNoSignIn
	}
	if !same(b.browser, browser) {
		return signInBegun{}, errOtherBrowser
	}
	delete(s.begun, state)
	return b, nil
}

// same compares in a time that tells nothing about the two.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
