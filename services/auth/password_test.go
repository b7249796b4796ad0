package auth

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// reference is of "password", from the tests of the reference implementation:
// https://github.com/P-H-C/phc-winner-argon2/blob/master/src/test.c
const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestHash(t *testing.T) {
	ctx := t.Context()
	h := newHasher(cheap)
	one, two := value(h.hash(ctx, goodPassword, nil))(t), value(h.hash(ctx, goodPassword, nil))(t)
	if one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("the hashes are %s and %s", one, two)
	}
	for name, c := range map[string]struct {
		password, hash string
		good, old      bool
	}{
		"the password":     {good, one, true, false},
		"another":          {good + ".", one, false, false},
		"none":             {"", one, false, false},
		"an older cost":    {"password", reference, true, true},
		"no password kept": {"", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			same, old, err := h.verify(ctx, models.NewSecret(c.password), c.hash)
			must(t, err)
			equal(t, "being the password", same, c.good)
			equal(t, "being of another cost", old, c.old)
		})
	}
	still := errors.New("it is over")
	if _, err := h.hash(ctx, goodPassword, func() error { return still }); !errors.Is(err, still) {
		t.Errorf("hashing what is over ended in %v", err)
	}
}

func TestBrokenHash(t *testing.T) {
	whole := newHasher(cheap).nobody
	for name, text := range map[string]string{
		"a word": "x", "another kind": strings.Replace(whole, "argon2id", "argon2i", 1), "another version": strings.Replace(whole, "v=19", "v=16", 1),
		"no rounds": strings.Replace(whole, "t=1", "t=0", 1), "no threads": strings.Replace(whole, "p=1", "p=0", 1),
		"much memory": strings.Replace(whole, "m=64", "m=99999999", 1), "no hash": whole[:strings.LastIndex(whole, "$")+1],
		"no base64": whole + "!", "a short hash": whole[:strings.LastIndex(whole, "$")+9],
	} {
		t.Run(name, func(t *testing.T) {
			if same, _, err := newHasher(cheap).verify(t.Context(), goodPassword, text); same || err == nil {
				t.Errorf("%q was taken: %v, %v", text, same, err)
			}
		})
	}
}

// TestTurns: what waits for its turn is bounded, and waits no longer than its request.
func TestTurns(t *testing.T) {
	h := newHasher(cheap)
	var leave []func()
	for range atOnce {
		leave = append(leave, value(h.turn(t.Context()))(t))
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.turn(over); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that is over got %v", err)
	}
	for range waiting {
		h.queue <- struct{}{}
	}
	wants(t, errorOf(h.turn(t.Context())), models.ErrTooMany)
	<-h.queue
	for _, done := range leave {
		done()
	}
	value(h.turn(t.Context()))(t)
}

func TestCheckPassword(t *testing.T) {
	for password, ok := range map[string]bool{
		good: true, "elevenchars": false, "twelve chars": true, strings.Repeat("abcdef", 42) + "abcd": true, strings.Repeat("abcdef", 42) + "abcde": false,
		"annaannaanna": false, "AnnaAnnaAnna": false, "anna-12345678": true, "aaaaaaaaaaaaaaaa": false, "абвгдежзийк": false, "абвгдежзийкл": true, "": false,
	} {
		if err := checkPassword("anna", models.NewSecret(password)); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		} else if err != nil {
			wants(t, err, models.ErrInvalid)
		}
	}
}
