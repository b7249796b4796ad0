// Package outgoing decides which addresses this server connects to. Whoever may write an
// address into the configuration would otherwise reach through this server what only the
// server reaches: the metadata service of its cloud, with the credentials of the machine,
// or what listens on the networks behind it. The decision is made over the address of each
// connection, when it is made: what a name stood for a moment before does not count.
package outgoing

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/backupman/backupman/models"
)

// Policy says which addresses are connected to. A nil policy is Default.
type Policy struct {
	// Private lets addresses of private networks and of this machine through.
	Private bool
	// Allow are networks that are let through where Private is not set. They do not open
	// what is never connected to.
	Allow []netip.Prefix
}

// Default lets everything through but what is never connected to: people keep their
// drives at home.
func Default() *Policy { return &Policy{Private: true} }

// Refusal is an address that is not connected to. It is a models.ErrInvalid.
type Refusal struct {
	Address netip.Addr
	// Why is the sentence without its subject, such as a drive.
	Why string
}

// Error names the address and the way out.
func (r *Refusal) Error() string { return r.Why }

// Unwrap returns the sentence as one for people.
func (r *Refusal) Unwrap() error { return &models.Fault{Kind: models.ErrInvalid, Sentence: r.Why} }

// Check returns a Refusal when the address is not connected to.
func (p *Policy) Check(address netip.Addr) error {
	if p == nil {
		p = Default()
	}
	forms := formsOf(address)
	for _, form := range forms {
		if what := neverReached(form); what != "" {
			return &Refusal{Address: address, Why: address.String() + " is " + what +
				", which this server never connects to, whatever outgoing says in its configuration: correct the address"}
		}
	}
	if p.Private || !slices.ContainsFunc(forms, isPrivate) || slices.ContainsFunc(forms, p.allowed) {
		return nil
	}
	return &Refusal{Address: address, Why: address.String() + " is an address of this machine or of a private network" +
		", and outgoing.private is false in the configuration: add its network to outgoing.allow, or correct the address"}
}

func (p *Policy) allowed(address netip.Addr) bool {
	return slices.ContainsFunc(p.Allow, func(n netip.Prefix) bool { return n.Contains(address) })
}

// Dialer returns a dialer that asks the policy before each connection, with the address
// that the name was just looked up to.
func (p *Policy) Dialer(d net.Dialer) *net.Dialer {
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return models.Invalidf("%s is not an address on a network, which is all that this server connects to", address)
		}
		return p.Check(at.Addr())
	}
	return &d
}
