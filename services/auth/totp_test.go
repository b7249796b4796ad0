package auth

import (
	"bytes"
	"encoding/base32"
	"errors"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// TestRFC6238 has the vectors of the RFC's appendix B, to six digits.
func TestRFC6238(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		equal(t, fmt.Sprintf("the code at %d", at), totpCode(secret, at/totpStep), want)
	}
}

func TestTOTPMatch(t *testing.T) {
	secret, now := random(totpBytes), time.Unix(1_800_000_015, 0)
	step := now.Unix() / totpStep
	for d := int64(-3); d <= 3; d++ {
		got, ok := totpMatch(secret, totpCode(secret, step+d), now, 0)
		equal(t, fmt.Sprintf("taking the code of step %d", d), ok, d >= -1 && d <= 1)
		if ok {
			equal(t, "the step", got, step+d)
		}
	}
	for name, used := range map[string]int64{"the same": step, "a later one": step + 1} {
		if _, ok := totpMatch(secret, totpCode(secret, step), now, used); ok {
			t.Errorf("a code was taken after %s", name)
		}
	}
}

// secondFactor is what a person has of it.
type secondFactor struct {
	secret   []byte
	recovery []string
}

func (b *bench) code(f secondFactor) models.Secret {
	return models.NewSecret(totpCode(f.secret, b.clock().Unix()/totpStep))
}

// withTOTP sets a second factor up.
func (b *bench) withTOTP(t *testing.T, userID string) secondFactor {
	t.Helper()
	must(t, b.StartTOTP(t.Context(), userID, goodPassword))
	pending := value(b.PendingTOTP(t.Context(), userID))(t)
	f := secondFactor{secret: value(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(pending.Secret))(t)}
	f.recovery = value(b.ConfirmTOTP(t.Context(), userID, b.code(f)))(t)
	b.pass(time.Minute) // the code that confirmed is used up
	return f
}

func TestSetUpTOTP(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	id := in.User.ID
	wants(t, errorOf(b.PendingTOTP(ctx, id)), models.ErrNotFound)
	wants(t, errorOf(b.ConfirmTOTP(ctx, id, models.NewSecret("000000"))), models.ErrNotFound)
	wants(t, b.StartTOTP(ctx, id, models.NewSecret("wrong")), models.ErrInvalid)
	must(t, b.StartTOTP(ctx, id, goodPassword))
	first := value(b.PendingTOTP(ctx, id))(t)
	must(t, b.StartTOTP(ctx, id, goodPassword))
	pending := value(b.PendingTOTP(ctx, id))(t)
	if first.Secret == pending.Secret {
		t.Error("beginning anew gives the same secret")
	}

	address := value(url.Parse(pending.URL))(t)
	equal(t, "the account in the address", address.Path, "/Backupman:anna")
	equal(t, "the secret in the address", address.Query().Get("secret"), pending.Secret)
	picture := value(png.Decode(bytes.NewReader(pending.Image)))(t)
	if r, _, _, _ := picture.At(0, 0).RGBA(); picture.Bounds().Dx() < 150 || r != 0xffff {
		t.Errorf("the picture is %v", picture.Bounds())
	}

	// Until the code has come, the password alone signs in.
	equal(t, "being half a session", b.signedIn(t, "anna").Session.Half, false)
	wants(t, errorOf(b.ConfirmTOTP(ctx, id, models.NewSecret("12345"))), models.ErrInvalid)
	f := b.withTOTP(t, id)
	equal(t, "the number of recovery codes", len(f.recovery), recoveryCodes)
	wants(t, errorOf(b.PendingTOTP(ctx, id)), models.ErrNotFound)
	wants(t, b.StartTOTP(ctx, id, goodPassword), models.ErrConflict)
	equal(t, "being half a session", b.signedIn(t, "anna").Session.Half, true)

	kept := value(b.User(ctx, id))(t)
	if strings.Contains(fmt.Sprint(kept), pending.Secret) || strings.Contains(fmt.Sprint(kept.RecoveryCodes), f.recovery[0][:4]+"-") {
		t.Error("a secret is kept as it is")
	}
	wants(t, b.RemoveTOTP(ctx, id, models.NewSecret("wrong")), models.ErrInvalid)
	must(t, b.RemoveTOTP(ctx, id, goodPassword))
	equal(t, "being half a session", b.signedIn(t, "anna").Session.Half, false)
	wants(t, errorOf(b.NewRecoveryCodes(ctx, id, goodPassword)), models.ErrConflict)
}

// enter makes a half session and answers it.
func (b *bench) enter(t *testing.T, code models.Secret) (models.SignedIn, error) {
	t.Helper()
	half := b.signedIn(t, "anna")
	return b.SecondFactor(t.Context(), half.Token.Reveal(), code, home)
}

func TestTOTPReplay(t *testing.T) {
	b, in := claimed(t)
	f := b.withTOTP(t, in.User.ID)
	code := b.code(f)
	signed, err := b.enter(t, models.NewSecret(" "+code.Reveal()[:3]+" "+code.Reveal()[3:]))
	must(t, err)
	equal(t, "the way", signed.Session.Method, byCode)
	wants(t, errorOf(b.enter(t, code)), models.ErrUnauthorized)
	b.pass(totpStep * time.Second)
	wants(t, errorOf(b.enter(t, code)), models.ErrUnauthorized) // within the slack
	value(b.enter(t, b.code(f)))(t)
}

// TestTOTPReplayAtOnce: many who saw one code are one session.
func TestTOTPReplayAtOnce(t *testing.T) {
	b, in := claimed(t)
	f := b.withTOTP(t, in.User.ID)
	code := b.code(f)
	halves := make([]models.SignedIn, 4)
	for i := range halves {
		halves[i] = b.signedIn(t, "anna")
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for _, half := range halves {
		wg.Go(func() {
			_, err := b.SecondFactor(t.Context(), half.Token.Reveal(), code, home)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, models.ErrUnauthorized) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "how many signed in", int(won.Load()), 1)
}

func TestRecoveryCodes(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	f := b.withTOTP(t, in.User.ID)
	signed := value(b.enter(t, models.NewSecret(strings.ToUpper(f.recovery[3]))))(t)
	equal(t, "the way", signed.Session.Method, byRecovery)
	equal(t, "the codes that are left", len(signed.User.RecoveryCodes), recoveryCodes-1)
	wants(t, errorOf(b.enter(t, models.NewSecret(f.recovery[3]))), models.ErrUnauthorized)
	value(b.enter(t, models.NewSecret(strings.ReplaceAll(f.recovery[4], "-", ""))))(t)

	fresh := value(b.NewRecoveryCodes(ctx, in.User.ID, goodPassword))(t)
	wants(t, errorOf(b.enter(t, models.NewSecret(f.recovery[5]))), models.ErrUnauthorized)
	value(b.enter(t, models.NewSecret(fresh[5])))(t)
	wants(t, errorOf(b.NewRecoveryCodes(ctx, in.User.ID, models.NewSecret("wrong"))), models.ErrInvalid)
}

func TestCodesAreLimited(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	f := b.withTOTP(t, in.User.ID)
	for i := range perCode.free {
		// Each from another address, with a fresh half: the password is known.
		half := value(b.SignIn(ctx, "anna", goodPassword, models.Client{Address: fmt.Sprint("10.0.0.", i)}))(t)
		wants(t, errorOf(b.SecondFactor(ctx, half.Token.Reveal(), models.NewSecret("abcd"), models.Client{Address: fmt.Sprint("10.0.0.", i)})), models.ErrUnauthorized)
	}
	wants(t, errorOf(b.enter(t, b.code(f))), models.ErrTooMany)
	b.pass(time.Minute)
	value(b.enter(t, b.code(f)))(t)
}

// TestSwappedSecrets: what was sealed for one person is nothing in the row of another.
func TestSwappedSecrets(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t)
	b.withTOTP(t, in.User.ID)
	eve := b.added(t, "eve", models.RoleViewer)
	evil := b.withTOTP(t, eve.ID)
	sealed := value(b.User(ctx, eve.ID))(t).TOTPSecret
	value(b.store.ChangeUser(ctx, in.User.ID, func(u *models.User) error { u.TOTPSecret = sealed; return nil }))(t)
	_, err := b.enter(t, b.code(evil))
	if err == nil || errors.Is(err, models.ErrUnauthorized) {
		t.Fatalf("the secret of another row ended in %v", err)
	}
	if strings.Contains(err.Error(), sealed) {
		t.Error("the error quotes what is sealed")
	}
}
