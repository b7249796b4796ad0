package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestSignIn(t *testing.T) {
	ctx := t.Context()
	b, first := claimed(t)
	one, two := b.signedIn(t, " ANNA "), b.signedIn(t, "anna")
	if len(one.Token.Reveal()) != 43 || one.Token.Equal(two.Token) || one.Token.Equal(first.Token) {
		t.Errorf("the tokens are not of 256 bits each: %s %s", one.Token.Reveal(), two.Token.Reveal())
	}
	u, session, err := b.Session(ctx, one.Token.Reveal(), home)
	must(t, err)
	equal(t, "the user", u.Name, "anna")
	equal(t, "the session", session.ID, one.Session.ID)
	equal(t, "the way", session.Method, byPassword)
	equal(t, "the address", session.Address, home.Address)
	if u.SignedIn == nil || !u.SignedIn.Equal(b.clock()) {
		t.Errorf("the newest sign-in is %v", u.SignedIn)
	}
	if session.TokenHash == one.Token.Reveal() || session.TokenHash != hashed(one.Token.Reveal()) {
		t.Error("the token is kept as it is")
	}

	invited, _, err := b.InviteUser(ctx, "ida", models.RoleViewer)
	must(t, err)
	equal(t, "the password of who is invited", invited.PasswordHash, "")
	sentences := map[string]bool{}
	for name, password := range map[string]string{
		"anna": good + ".", "ida": "", "nobody": good, "not a name": good, "\xff": good, "": "",
	} {
		_, err := b.SignIn(ctx, name, models.NewSecret(password), models.Client{Address: "198.51.100.1"})
		wants(t, err, models.ErrUnauthorized)
		sentences[err.Error()] = true
	}
	if len(sentences) != 1 {
		t.Errorf("the sentences tell which accounts there are: %v", sentences)
	}
	for _, token := range []string{"", "x", session.TokenHash} {
		wants(t, errorOf2(b.Session(ctx, token, home)), models.ErrUnauthorized)
	}
}

// TestUnknownAccountIsHashed: the time tells nothing, because as much is hashed.
func TestUnknownAccountIsHashed(t *testing.T) {
	known, _, hash, err := parse(newHasher(usual).nobody)
	must(t, err)
	equal(t, "the cost of an account that there is not", known, usual)
	equal(t, "the length of its hash", len(hash), hashBytes)
}

func TestRehash(t *testing.T) {
	ctx := t.Context()
	b := newBench(t)
	u := b.added(t, "anna", models.RoleOwner)
	b.hasher = newHasher(cost{time: 2, memory: 128, threads: 1})
	b.signedIn(t, "anna")
	hash := value(b.User(ctx, u.ID))(t).PasswordHash
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=128,t=2,p=1$") {
		t.Errorf("the hash is still %s", hash)
	}
	b.signedIn(t, "anna")
	equal(t, "the hash after one more sign-in", value(b.User(ctx, u.ID))(t).PasswordHash, hash)
}

// TestFixation: no token that was there before a sign-in is good after it.
func TestFixation(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	codes := b.withTOTP(t, in.User.ID)
	half := b.signedIn(t, "anna")
	equal(t, "being half a session", half.Session.Half, true)
	whole := value(b.SecondFactor(ctx, half.Token.Reveal(), models.NewSecret(codes.recovery[0]), home))(t)
	if whole.Token.Equal(half.Token) || whole.Session.ID == half.Session.ID {
		t.Error("the half session became the whole one")
	}
	equal(t, "what the token of the half opens", b.opens(t, half.Token), false)
	equal(t, "what the new token opens", b.opens(t, whole.Token), true)
	// Nor does it make another session.
	wants(t, errorOf(b.SecondFactor(ctx, half.Token.Reveal(), models.NewSecret(codes.recovery[1]), home)), models.ErrUnauthorized)
	// What a browser was made to show is not taken over.
	wants(t, errorOf(b.SecondFactor(ctx, "chosen by another", models.NewSecret(codes.recovery[1]), home)), models.ErrUnauthorized)
	wants(t, errorOf(b.SecondFactor(ctx, whole.Token.Reveal(), models.NewSecret(codes.recovery[1]), home)), models.ErrUnauthorized)
}

func TestSignOut(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	other := b.signedIn(t, "anna")
	must(t, b.SignOut(ctx, in.Token.Reveal()))
	equal(t, "what the token opens after signing out", b.opens(t, in.Token), false)
	equal(t, "what another opens", b.opens(t, other.Token), true)
	must(t, b.SignOut(ctx, in.Token.Reveal()))
	must(t, b.Flush(ctx))
	equal(t, "what the token opens after a flush", b.opens(t, in.Token), false)
}

func TestExpiry(t *testing.T) {
	for name, c := range map[string]struct {
		pauses []time.Duration
		opens  bool
		flush  bool
	}{
		"a moment before idle":     {[]time.Duration{time.Hour - time.Second}, true, false},
		"idle":                     {[]time.Duration{time.Hour}, false, false},
		"busy":                     {[]time.Duration{50 * time.Minute, 50 * time.Minute, 50 * time.Minute}, true, false},
		"busy, and written down":   {[]time.Duration{50 * time.Minute, 50 * time.Minute}, true, true},
		"idle after being busy":    {[]time.Duration{50 * time.Minute, time.Hour}, false, true},
		"busy for longer than may": {repeated(49, 30*time.Minute), false, false},
		"busy until it is over":    {append(repeated(47, 30*time.Minute), 29*time.Minute), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			b, in := claimed(t)
			opens := false
			for _, pause := range c.pauses {
				b.pass(pause)
				opens = b.opens(t, in.Token)
				if c.flush {
					must(t, b.Flush(t.Context()))
				}
			}
			equal(t, "what the token opens", opens, c.opens)
			listed := len(value(b.Sessions(t.Context(), in.User.ID))(t)) == 1
			equal(t, "being listed", listed, c.opens)
		})
	}
}

func repeated(n int, d time.Duration) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}

// TestStricterLongest: a configuration that is made stricter ends sessions that it
// does not let go on.
func TestStricterLongest(t *testing.T) {
	b, in := claimed(t)
	b.pass(30 * time.Minute)
	equal(t, "what the token opens", b.opens(t, in.Token), true)
	b.Longest = 20 * time.Minute
	equal(t, "what it opens then", b.opens(t, in.Token), false)
}

func TestHalfSessions(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	codes := b.withTOTP(t, in.User.ID)
	half := b.signedIn(t, "anna")
	equal(t, "what half a session opens", b.opens(t, half.Token), false)
	equal(t, "who is asked for the code", value(b.Half(ctx, half.Token.Reveal()))(t).ID, in.User.ID)
	wants(t, errorOf(b.Half(ctx, in.Token.Reveal())), models.ErrUnauthorized)
	equal(t, "the sessions that are listed", len(value(b.Sessions(ctx, in.User.ID))(t)), 1)
	b.pass(halfFor)
	wants(t, errorOf(b.Half(ctx, half.Token.Reveal())), models.ErrUnauthorized)
	wants(t, errorOf(b.SecondFactor(ctx, half.Token.Reveal(), models.NewSecret(codes.recovery[0]), home)), models.ErrUnauthorized)
}

// TestChangesAtOnce: what an owner does to an account holds for sessions that go on.
func TestChangesAtOnce(t *testing.T) {
	ctx := t.Context()
	b, _ := claimed(t)
	otto := b.added(t, "otto", models.RoleOperator)
	in := b.signedIn(t, "otto")
	value(b.SetRole(ctx, otto.ID, models.RoleViewer))(t)
	u, _, err := b.Session(ctx, in.Token.Reveal(), home)
	must(t, err)
	equal(t, "the role", u.Role, models.RoleViewer)

	// Even where a session was left: what is read is the account.
	at := b.clock()
	value(b.store.ChangeUser(ctx, otto.ID, func(u *models.User) error { u.DisabledAt = &at; return nil }))(t)
	equal(t, "what the token of somebody disabled opens", b.opens(t, in.Token), false)
	value(b.SetDisabled(ctx, otto.ID, true))(t)
	_, err = b.SignIn(ctx, "otto", goodPassword, home)
	wants(t, err, models.ErrUnauthorized)
	if !strings.Contains(err.Error(), "disabled") {
		t.Errorf("who has the right password is told %q", err)
	}
	value(b.SetDisabled(ctx, otto.ID, false))(t)
	equal(t, "what the old token opens", b.opens(t, in.Token), false)
	in = b.signedIn(t, "otto")
	value(b.RemoveUser(ctx, otto.ID))(t)
	equal(t, "what the token of somebody removed opens", b.opens(t, in.Token), false)
}

func TestEndSessions(t *testing.T) {
	ctx := t.Context()
	b, one := claimed(t)
	b.added(t, "otto", models.RoleViewer)
	other := b.signedIn(t, "otto")
	two, three := b.signedIn(t, "anna"), b.signedIn(t, "anna")
	wants(t, b.EndSession(ctx, one.User.ID, other.Session.ID), models.ErrNotFound)
	must(t, b.EndSession(ctx, one.User.ID, two.Session.ID))
	must(t, b.EndSessions(ctx, one.User.ID, three.Session.ID))
	got := fmt.Sprint(b.opens(t, one.Token), b.opens(t, two.Token), b.opens(t, three.Token), b.opens(t, other.Token))
	equal(t, "what the tokens open", got, "false false true true")
}
