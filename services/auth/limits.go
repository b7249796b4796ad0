package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
)

// allowance is how many tries may fail before each further one has to wait, and for how
// long: first, then twice as long each time, up to longest.
type allowance struct {
	free           int
	first, longest time.Duration
}

var (
	// perAccount is for passwords, whoever tries them from wherever.
	perAccount = allowance{free: 10, first: time.Minute, longest: 15 * time.Minute}
	// perCode is for second factors: who tries codes knows the password.
	perCode = allowance{free: 5, first: time.Minute, longest: time.Hour}
	// perAddress is for everything, from one address; offices share one.
	perAddress = allowance{free: 30, first: time.Minute, longest: 15 * time.Minute}
)

// forgotten is how long after the newest try, or the end of its wait, what failed counts.
const forgotten = 24 * time.Hour

// try counts a try before it is known whether it fails. It returns how long to wait
// instead, without counting it, when it is not to be looked at.
func (a allowance) try(l *models.SignInLimit, now time.Time) (wait time.Duration) {
	if wait := left(*l, now); wait > 0 {
		return wait
	}
	last := l.TriedAt
	if l.BlockedUntil != nil {
		last = *l.BlockedUntil
	}
	if now.Sub(last) > forgotten {
		l.Failures = 0
	}
	l.Failures, l.TriedAt, l.BlockedUntil = l.Failures+1, now, nil
	if l.Failures >= a.free {
		until := now.Add(a.pause(l.Failures - a.free))
		l.BlockedUntil = &until
	}
	return 0
}

// left is how long to wait until the next try is looked at.
func left(l models.SignInLimit, now time.Time) time.Duration {
	if l.BlockedUntil == nil || !now.Before(*l.BlockedUntil) {
		return 0
	}
	return l.BlockedUntil.Sub(now)
}

// giveBack takes back a try that did not fail.
func (a allowance) giveBack(l *models.SignInLimit) {
	l.Failures = max(0, l.Failures-1)
	if l.Failures < a.free {
		l.BlockedUntil = nil
	}
}

func (a allowance) pause(further int) time.Duration {
	pause := a.first
	for range further {
		if pause *= 2; pause >= a.longest {
			return a.longest
		}
	}
	return pause
}

// limited is something that is counted.
type limited struct {
	allowance
	name, noun string
}

// The names are hashed: what people type by mistake into the field of the name may be a
// password.
func limitName(kind, what string) string {
	sum := sha256.Sum256([]byte(kind + " " + what))
	return hex.EncodeToString(sum[:])
}

func accountLimit(name string) limited {
	return limited{perAccount, limitName("account", name), "for this account"}
}

func codeLimit(userID string) limited {
	return limited{perCode, limitName("code", userID), "for the second factor of this account"}
}

func addressLimit(from models.Client) limited {
	return limited{perAddress, limitName("address", network(from.Address)), "from your address"}
}

// network is what is counted of an address: all of IPv4, and of IPv6 the half that one
// line usually has to itself.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	half, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return half.String()
}

// try counts a try under each of the names, and returns a fault with how long to wait when
// it is not to be looked at. A flood that has to wait anyway writes nothing: whatever else
// the server does writes into the same database.
func (s *Service) try(ctx context.Context, all ...limited) error {
	for _, l := range all {
		kept, err := s.Store.Limit(ctx, l.name)
		if err != nil {
			return err
		}
		wait := left(kept, s.Now())
		if wait == 0 {
			err = s.Store.ChangeLimit(ctx, l.name, func(kept *models.SignInLimit) { wait = l.try(kept, s.Now()) })
		}
		if err != nil {
			return err
		}
		if wait > 0 {
			return tooMany(l.noun, wait)
		}
	}
	return nil
}

// succeeded forgets what failed before under a name.
func (s *Service) succeeded(ctx context.Context, l limited) error {
	return s.Store.ChangeLimit(ctx, l.name, func(kept *models.SignInLimit) { kept.Failures = 0 })
}

// gaveBack takes a try back that did not fail.
func (s *Service) gaveBack(ctx context.Context, l limited) error {
	return s.Store.ChangeLimit(ctx, l.name, func(kept *models.SignInLimit) { l.giveBack(kept) })
}

func tooMany(noun string, wait time.Duration) error {
	return &models.Fault{Kind: models.ErrTooMany, Sentence: fmt.Sprintf("too many tries have failed %s: try again in %s", noun, inWords(wait))}
}

func inWords(wait time.Duration) string {
	if wait <= time.Minute {
		return fmt.Sprintf("%d seconds", max(1, int((wait+time.Second-1)/time.Second)))
	}
	return fmt.Sprintf("%d minutes", int((wait+time.Minute-1)/time.Minute))
}

// memoryLimits counts in this process what fails where nothing may be written down: keys
// of programs and links that are looked at. Both are 256 bits of chance, so that the
// count only keeps noise away.
type memoryLimits struct {
	mu     sync.Mutex
	counts map[string]models.SignInLimit
}

// mostCounted bounds the memory. Who has more addresses than that is not held up by it.
const mostCounted = 10_000

func newMemoryLimits() *memoryLimits { return &memoryLimits{counts: map[string]models.SignInLimit{}} }

// blocked returns a fault with how long to wait.
func (m *memoryLimits) blocked(l limited, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if wait := left(m.counts[l.name], now); wait > 0 {
		return tooMany(l.noun, wait)
	}
	return nil
}

// failed counts a try that failed.
func (m *memoryLimits) failed(l limited, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, known := m.counts[l.name]
	if !known && len(m.counts) >= mostCounted {
		m.makeRoom(now)
	}
	l.try(&kept, now)
	m.counts[l.name] = kept
}

// makeRoom forgets who does not wait, and everybody when all wait.
func (m *memoryLimits) makeRoom(now time.Time) {
	maps.DeleteFunc(m.counts, func(_ string, l models.SignInLimit) bool {
		return left(l, now) == 0
	})
	if len(m.counts) >= mostCounted {
		clear(m.counts)
	}
}
