package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestClaim(t *testing.T) {
	ctx := t.Context()
	b := newBench(t)
	equal(t, "being claimed", value(b.Claimed(ctx))(t), false)
	one, two := value(b.OwnerInvitation(ctx))(t), value(b.OwnerInvitation(ctx))(t)
	equal(t, "for whom the link is", value(b.Invited(ctx, one.Reveal()))(t).ID, "")
	wants(t, errorOf(b.Invited(ctx, "guessed")), models.ErrNotFound)
	for name, c := range map[string][2]string{
		"no name": {"", good}, "a strange name": {"<b>", good}, "a short password": {"anna", "short"}, "the name as password": {"anna.annason", "Anna.Annason"},
	} {
		if _, err := b.Accept(ctx, one.Reveal(), c[0], models.NewSecret(c[1]), home); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s ended in %v", name, err)
		}
	}
	equal(t, "being claimed", value(b.Claimed(ctx))(t), false)
	in := value(b.Accept(ctx, one.Reveal(), " Anna", goodPassword, home))(t)
	equal(t, "the name", in.User.Name, "anna")
	equal(t, "the role", in.User.Role, models.RoleOwner)
	equal(t, "the way", in.Session.Method, byLink)
	equal(t, "what the token opens", b.opens(t, in.Token), true)
	equal(t, "being claimed", value(b.Claimed(ctx))(t), true)
	for _, link := range []models.Secret{one, two} {
		if err := errorOf(b.Accept(ctx, link.Reveal(), "eve", goodPassword, home)); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a link that was used ended in %v", err)
		}
	}
	wants(t, errorOf(b.OwnerInvitation(ctx)), models.ErrConflict)
}

// TestClaimRace: a hundred who race make one owner.
func TestClaimRace(t *testing.T) {
	ctx := t.Context()
	b := newBench(t)
	link := value(b.OwnerInvitation(ctx))(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 100 {
		wg.Go(func() {
			<-start
			from := models.Client{Address: fmt.Sprint("10.0.0.", i)}
			_, err := b.Accept(ctx, link.Reveal(), fmt.Sprint("user", i), goodPassword, from)
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, models.ErrConflict), errors.Is(err, models.ErrNotFound), errors.Is(err, models.ErrTooMany):
			default:
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	equal(t, "how many are the owner", int(won.Load()), 1)
	equal(t, "how many accounts there are", len(value(b.Users(ctx))(t)), 1)
}

func TestInvite(t *testing.T) {
	ctx := t.Context()
	b, _ := claimed(t)
	ida, link, err := b.InviteUser(ctx, "Ida", models.RoleOperator)
	must(t, err)
	wants(t, errorOf2(b.InviteUser(ctx, "ida", models.RoleViewer)), models.ErrConflict)
	wants(t, errorOf2(b.InviteUser(ctx, "ivo", "king")), models.ErrInvalid)
	wants(t, errorOf2(b.InviteUser(ctx, "i v o", models.RoleViewer)), models.ErrInvalid)
	equal(t, "for whom the link is", value(b.Invited(ctx, link.Reveal()))(t).Name, "ida")
	b.pass(invitedFor - time.Second)
	in := value(b.Accept(ctx, link.Reveal(), "ignored", goodPassword, home))(t)
	equal(t, "who signed in", in.User.ID, ida.ID)
	equal(t, "the name", in.User.Name, "ida")
	wants(t, errorOf(b.Accept(ctx, link.Reveal(), "", goodPassword, home)), models.ErrNotFound)

	_, late, err := b.InviteUser(ctx, "ivo", models.RoleViewer)
	must(t, err)
	b.pass(invitedFor)
	wants(t, errorOf(b.Accept(ctx, late.Reveal(), "", goodPassword, home)), models.ErrNotFound)
	wants(t, errorOf(b.Invited(ctx, late.Reveal())), models.ErrNotFound)
}

func TestReinvite(t *testing.T) {
	ctx := t.Context()
	b, _ := claimed(t)
	otto := b.added(t, "otto", models.RoleOperator)
	in := b.signedIn(t, "otto")
	f := b.withTOTP(t, otto.ID)

	_, link, err := b.Reinvite(ctx, otto.ID, false)
	must(t, err)
	equal(t, "what the old token opens", b.opens(t, in.Token), false)
	fresh := models.NewSecret("another four words")
	half := value(b.Accept(ctx, link.Reveal(), "", fresh, home))(t)
	equal(t, "being half a session", half.Session.Half, true)
	equal(t, "what half a session opens", b.opens(t, half.Token), false)
	value(b.SecondFactor(ctx, half.Token.Reveal(), b.code(f), home))(t)
	wants(t, errorOf(b.SignIn(ctx, "otto", goodPassword, home)), models.ErrUnauthorized)

	_, link, err = b.Reinvite(ctx, otto.ID, true)
	must(t, err)
	whole := value(b.Accept(ctx, link.Reveal(), "", goodPassword, home))(t)
	equal(t, "what the token opens without a second factor", b.opens(t, whole.Token), true)

	value(b.SetDisabled(ctx, otto.ID, true))(t)
	_, link, err = b.Reinvite(ctx, otto.ID, true)
	must(t, err)
	wants(t, errorOf(b.Accept(ctx, link.Reveal(), "", goodPassword, home)), models.ErrUnauthorized)
	wants(t, errorOf2(b.Reinvite(ctx, models.NewID(), false)), models.ErrNotFound)
}

// TestANewSecondFactorHasAllItsTries: codes that failed were those of the one before.
func TestANewSecondFactorHasAllItsTries(t *testing.T) {
	ctx := t.Context()
	b, _ := claimed(t)
	otto := b.added(t, "otto", models.RoleOperator)
	b.withTOTP(t, otto.ID)
	half := b.signedIn(t, "otto")
	for range perCode.free {
		wants(t, errorOf(b.SecondFactor(ctx, half.Token.Reveal(), models.NewSecret("aaaa"), home)), models.ErrUnauthorized)
	}
	wants(t, errorOf(b.SecondFactor(ctx, half.Token.Reveal(), models.NewSecret("aaaa"), home)), models.ErrTooMany)
	_, link, err := b.Reinvite(ctx, otto.ID, true)
	must(t, err)
	value(b.Accept(ctx, link.Reveal(), "", goodPassword, home))(t)
	f := b.withTOTP(t, otto.ID)
	b.pass(totpStep * time.Second)
	value(b.SecondFactor(ctx, b.signedIn(t, "otto").Token.Reveal(), b.code(f), home))(t)
}

// TestALinkEndsWithWhatItWasFor: who has an old link gets in no more once a password was
// chosen in another way, or the account was disabled for a while.
func TestALinkEndsWithWhatItWasFor(t *testing.T) {
	for name, change := range map[string]func(ctx context.Context, b *bench, userID string) error{
		"the command line": func(ctx context.Context, b *bench, userID string) error {
			return b.SetPassword(ctx, userID, models.NewSecret("another four words"))
		},
		"the person": func(ctx context.Context, b *bench, userID string) error {
			return b.ChangePassword(ctx, userID, "", goodPassword, models.NewSecret("another four words"))
		},
		"disabling": func(ctx context.Context, b *bench, userID string) error {
			_, err := b.SetDisabled(ctx, userID, true)
			return errors.Join(err, errorOf(b.SetDisabled(ctx, userID, false)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			b, _ := claimed(t)
			otto := b.added(t, "otto", models.RoleOperator)
			_, link, err := b.Reinvite(ctx, otto.ID, false)
			must(t, err)
			must(t, change(ctx, b, otto.ID))
			wants(t, errorOf(b.Accept(ctx, link.Reveal(), "", models.NewSecret("what somebody else chose"), home)), models.ErrNotFound)
		})
	}
}

func TestEnablingWhoIsNotDisabledKeepsTheInvitation(t *testing.T) {
	ctx := t.Context()
	b, _ := claimed(t)
	ida, link, err := b.InviteUser(ctx, "ida", models.RoleViewer)
	must(t, err)
	value(b.SetDisabled(ctx, ida.ID, false))(t)
	value(b.Accept(ctx, link.Reveal(), "", goodPassword, home))(t)
}
