package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestAllowance(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := allowance{free: 3, first: time.Minute, longest: 5 * time.Minute}
	var l models.SignInLimit
	now := start
	for i, c := range []struct {
		pass, wait time.Duration
		failures   int
	}{
		{0, 0, 1}, {0, 0, 2}, {0, 0, 3}, // the third begins a wait
		{0, time.Minute, 3}, {59 * time.Second, time.Second, 3}, {time.Second, 0, 4},
		{0, 2 * time.Minute, 4}, {2 * time.Minute, 0, 5},
		{0, 4 * time.Minute, 5}, {4 * time.Minute, 0, 6},
		{0, 5 * time.Minute, 6}, {5 * time.Minute, 0, 7},
		{5*time.Minute + forgotten, 0, 8}, {5*time.Minute + forgotten + time.Second, 0, 1},
	} {
		now = now.Add(c.pass)
		wait := a.try(&l, now)
		if wait != c.wait || l.Failures != c.failures {
			t.Fatalf("step %d: wait %s with %d failures, want %s with %d", i, wait, l.Failures, c.wait, c.failures)
		}
	}
	l = models.SignInLimit{Failures: 3, BlockedUntil: &now}
	a.giveBack(&l)
	if l.Failures != 2 || l.BlockedUntil != nil {
		t.Errorf("what was given back left %+v", l)
	}
	a.giveBack(&models.SignInLimit{})
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::1%eth0": "2001:db8:1:2::/64", "": "", "a pipe": "a pipe",
	} {
		equal(t, "the network of "+address, network(address), want)
	}
}

func TestInWords(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		time.Millisecond: "1 seconds", 30 * time.Second: "30 seconds", time.Minute: "60 seconds", 61 * time.Second: "2 minutes", 15 * time.Minute: "15 minutes",
	} {
		equal(t, "the words", inWords(wait), want)
	}
}

// tries makes n wrong sign-ins at once, and returns how many were looked at.
func (b *bench) tries(t *testing.T, n int, name func(i int) string, address func(i int) string) int {
	t.Helper()
	var lookedAt atomic.Int32
	var wg sync.WaitGroup
	next := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range next {
				_, err := b.SignIn(t.Context(), name(i), models.NewSecret("wrong"), models.Client{Address: address(i)})
				switch {
				case errors.Is(err, models.ErrTooMany):
				case errors.Is(err, models.ErrUnauthorized):
					lookedAt.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return int(lookedAt.Load())
}

// TestThousandTries: a thousand tries are limited, wherever they come from and whatever
// they are for.
func TestThousandTries(t *testing.T) {
	same := func(text string) func(int) string { return func(int) string { return text } }
	other := func(i int) string { return fmt.Sprintf("10.1.%d.%d", i/250, i%250) }
	for name, c := range map[string]struct {
		name, address func(int) string
		most          int
	}{
		"one account from many addresses":                 {same("anna"), other, perAccount.free},
		"an account that there is not, from many":         {same("nobody"), other, perAccount.free},
		"one account, spelled in many ways":               {func(i int) string { return strings.Repeat(" ", i%3) + "ANna"[:4] }, other, perAccount.free},
		"many accounts from one address":                  {func(i int) string { return fmt.Sprint("user", i) }, same("192.0.2.1"), perAddress.free},
		"many accounts from one network of IPv6":          {func(i int) string { return fmt.Sprint("user", i) }, func(i int) string { return fmt.Sprintf("2001:db8::%x", i) }, perAddress.free},
		"many accounts from one address in two notations": {func(i int) string { return fmt.Sprint("user", i) }, func(i int) string { return []string{"192.0.2.1", "::ffff:192.0.2.1"}[i%2] }, perAddress.free},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := claimed(t)
			equal(t, "how many were looked at", b.tries(t, 1000, c.name, c.address), c.most)
		})
	}
}

func TestBlockedAndForgiven(t *testing.T) {
	ctx := t.Context()
	b, _ := claimed(t)
	wrong := func() error { return errorOf(b.SignIn(ctx, "anna", models.NewSecret("wrong"), home)) }
	for range perAccount.free {
		wants(t, wrong(), models.ErrUnauthorized)
	}
	// The right password is not looked at, either.
	_, err := b.SignIn(ctx, "anna", goodPassword, home)
	wants(t, err, models.ErrTooMany)
	wants(t, err, models.ErrUnauthorized)
	if !strings.Contains(err.Error(), "60 seconds") {
		t.Errorf("%q does not say how long to wait", err)
	}
	b.pass(time.Minute)
	b.signedIn(t, "anna")
	for range perAccount.free {
		if err := wrong(); errors.Is(err, models.ErrTooMany) {
			t.Fatal("a sign-in has not forgotten what failed before")
		}
	}
	wants(t, wrong(), models.ErrTooMany)
	// The command line lets a locked-out owner try at once.
	must(t, b.SetPassword(ctx, value(b.UserByName(ctx, "Anna"))(t).ID, goodPassword))
	b.signedIn(t, "anna")
}

// TestSuccessesOfAnAddress: people of one office who sign in do not use its tries up, and
// somebody with an account can't set them back.
func TestSuccessesOfAnAddress(t *testing.T) {
	b, _ := claimed(t)
	for range 2 * perAddress.free {
		b.signedIn(t, "anna")
	}
	looked := 0
	for i := range 3 * perAddress.free {
		if _, err := b.SignIn(t.Context(), fmt.Sprint("user", i), models.NewSecret("wrong"), home); !errors.Is(err, models.ErrTooMany) {
			looked++
		}
		if looked < perAddress.free && i%5 == 0 {
			b.signedIn(t, "anna")
		}
	}
	equal(t, "how many tries were looked at", looked, perAddress.free)
}

// TestAFullQueueUsesNoTriesUp: what nobody looked at has not failed.
func TestAFullQueueUsesNoTriesUp(t *testing.T) {
	b, in := claimed(t)
	for range cap(b.hasher.queue) {
		b.hasher.queue <- struct{}{}
	}
	for range 2 * perAccount.free {
		_, err := b.SignIn(t.Context(), "anna", goodPassword, home)
		wants(t, err, models.ErrTooMany)
		wants(t, b.StartTOTP(t.Context(), in.User.ID, goodPassword), models.ErrTooMany)
	}
	for range cap(b.hasher.queue) {
		<-b.hasher.queue
	}
	b.signedIn(t, "anna")
}

// counting counts how often a count of sign-ins is written.
type counting struct {
	Store
	written atomic.Int32
}

func (c *counting) ChangeLimit(ctx context.Context, name string, change func(*models.SignInLimit)) error {
	c.written.Add(1)
	return c.Store.ChangeLimit(ctx, name, change)
}

// TestAFloodThatWaitsWritesNothing: who has to wait anyway keeps nobody from the database.
func TestAFloodThatWaitsWritesNothing(t *testing.T) {
	var kept counting
	b := newBench(t, func(o *Options) { kept.Store = o.Store; o.Store = &kept })
	b.tries(t, perAddress.free, func(i int) string { return fmt.Sprint("user", i) }, func(int) string { return home.Address })
	before := kept.written.Load()
	for i := range 100 {
		wants(t, errorOf(b.SignIn(t.Context(), fmt.Sprint("other", i), goodPassword, home)), models.ErrTooMany)
		wants(t, errorOf(b.Accept(t.Context(), "guessed", "eve", goodPassword, home)), models.ErrTooMany)
	}
	equal(t, "what a flood that waits has written", kept.written.Load(), before)
}

func TestWrongInvitationsAreLimited(t *testing.T) {
	b := newBench(t)
	link := value(b.OwnerInvitation(t.Context()))(t)
	for range perAddress.free {
		wants(t, errorOf(b.Accept(t.Context(), "guessed", "eve", goodPassword, home)), models.ErrNotFound)
	}
	wants(t, errorOf(b.Accept(t.Context(), link.Reveal(), "eve", goodPassword, home)), models.ErrTooMany)
	value(b.Accept(t.Context(), link.Reveal(), "anna", goodPassword, models.Client{Address: "192.0.2.99"}))(t)
}

// TestMemoryIsBounded: who has many addresses does not fill the memory.
func TestMemoryIsBounded(t *testing.T) {
	m, now := newMemoryLimits(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	blocked := limited{perAddress, "blocked", "from your address"}
	for range perAddress.free {
		m.failed(blocked, now)
	}
	for i := range mostCounted + 10 {
		m.failed(limited{perAddress, fmt.Sprint(i), "x"}, now)
	}
	if len(m.counts) > mostCounted {
		t.Errorf("%d addresses are counted", len(m.counts))
	}
	wants(t, m.blocked(blocked, now), models.ErrTooMany)
	must(t, m.blocked(blocked, now.Add(time.Minute)))
}
