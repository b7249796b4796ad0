package pages

import (
	"errors"
	"testing"
	"time"
)

func TestSignInsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := NewSignIns(func() time.Time { now = now.Add(time.Second); return now })
	first := s.begin("a", "", "")
	for range signInsAtOnce {
		s.begin("b", "", "")
	}
	if len(s.begun) != signInsAtOnce {
		t.Errorf("%d are kept", len(s.begun))
	}
	if _, err := s.take(first.state, first.browser); !errors.Is(err, errNoSignIn) {
		t.Errorf("the oldest is still there: %v", err)
	}
}

func TestEverySignInIsItsOwn(t *testing.T) {
	s := NewSignIns(time.Now)
	a, b := s.begin("a", "here", ""), s.begin("a", "here", "")
	if a.state == b.state || a.verifier == b.verifier || a.browser == b.browser || a.state == a.browser {
		t.Error("two sign-ins share a secret")
	}
	if got, err := s.take(b.state, b.browser); err != nil || got != b {
		t.Errorf("took %v, %v", got, err)
	}
	if _, err := s.take(a.state, b.browser); !errors.Is(err, errOtherBrowser) {
		t.Errorf("another browser took it: %v", err)
	}
}
