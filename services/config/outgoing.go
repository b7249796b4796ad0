package config

import "net/netip"

// outgoing reads which addresses are connected to.
func (l *loader) outgoing(t *table) Outgoing {
	o := Outgoing{Private: true}
	if s := t.text("private"); s.set {
		value, ok := truth(s.text)
		if o.Private = value; !ok {
			l.problem(s.line, "%s must be true or false, not %s", t.path("private"), quote(s.text))
		}
	}
	for _, s := range t.texts("allow") {
		if !s.set {
			continue
		}
		network, ok := parseNetwork(s.text)
		if !ok {
			l.problem(s.line, "an element of %s must be a network such as 10.0.0.0/8 or an address, not %s", t.path("allow"), quote(s.text))
			continue
		}
		o.Allow = append(o.Allow, network)
	}
	t.end()
	return o
}

// parseNetwork reads a network in the form of RFC 4632, or one address. An address of IPv4
// that is written as one of IPv6 is taken for what it is.
func parseNetwork(text string) (netip.Prefix, bool) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if network.Addr().Is4In6() {
		if network.Bits() < 96 {
			return netip.Prefix{}, false
		}
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network.Masked(), true
}
