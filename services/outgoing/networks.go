package outgoing

import (
	"net/netip"
	"slices"
)

// network is a block of addresses and what it is called in a sentence.
type network struct {
	netip.Prefix
	what string
}

const (
	linkLocal = "a link-local address"
	metadata  = "an address of a cloud's metadata service"
	nowhere   = "an address that no single machine has"
)

// never are the blocks that nothing is connected to. Most are of IANA's special-purpose
// address registries (RFC 6890); those of metadata services are from the documentation of
// their clouds.
var never = []network{
	// RFC 1122: this host. Linux connects 0.0.0.0 and :: to itself.
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address"},
	{netip.MustParsePrefix("::/128"), "an unspecified address"},
	// AWS, Google, Azure, DigitalOcean, Hetzner and others are at 169.254.169.254, the
	// credentials of ECS and EKS at 169.254.170.2 and .23, Scaleway at 169.254.42.42, Tencent
	// at 169.254.0.23: all in the link-local block (RFC 3927).
	{netip.MustParsePrefix("169.254.0.0/16"), linkLocal + ", where clouds have their metadata services"},
	{netip.MustParsePrefix("fe80::/10"), linkLocal}, // RFC 4291
	// AWS: instance metadata fd00:ec2::254, EKS pod identity fd00:ec2::23, in a block of
	// Amazon's own ("Access instance metadata", EC2 user guide).
	{netip.MustParsePrefix("fd00:ec2::/32"), metadata},
	// Google Compute Engine: fd20:ce::254 ("About VM metadata").
	{netip.MustParsePrefix("fd20:ce::/64"), metadata},
	// Scaleway: fd00:42::42 ("Retrieve the metadata of an Instance").
	{netip.MustParsePrefix("fd00:42::42/128"), metadata},
	// Alibaba Cloud ECS: 100.100.100.200 ("Access instance metadata").
	{netip.MustParsePrefix("100.100.100.200/32"), metadata},
	// Oracle Cloud Classic: 192.0.0.192, in a block for protocols (RFC 6890).
	{netip.MustParsePrefix("192.0.0.0/24"), metadata},
	// Azure's channel to the platform, a public address ("What is IP address 168.63.129.16?").
	{netip.MustParsePrefix("168.63.129.16/32"), metadata},
	{netip.MustParsePrefix("224.0.0.0/4"), nowhere}, // multicast, RFC 5771
	{netip.MustParsePrefix("240.0.0.0/4"), nowhere}, // reserved, and broadcast, RFC 1112, RFC 919
	{netip.MustParsePrefix("ff00::/8"), nowhere},    // multicast, RFC 4291
}

// private are the blocks of this machine and of networks that the internet does not see.
var private = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("10.0.0.0/8"), // RFC 1918, three
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598, behind a provider's NAT
	netip.MustParsePrefix("198.18.0.0/15"), // RFC 2544, benchmarks
	netip.MustParsePrefix("fc00::/7"),      // RFC 4193
	netip.MustParsePrefix("fec0::/10"),     // RFC 3879, site-local of old
	localNAT64,                             // RFC 8215
}

func isPrivate(address netip.Addr) bool {
	return slices.ContainsFunc(private, func(n netip.Prefix) bool { return n.Contains(address) })
}

// neverReached is what an address is that nothing is connected to, or nothing.
func neverReached(address netip.Addr) string {
	for _, n := range never {
		if n.Contains(address) {
			return n.what
		}
	}
	return ""
}

// The blocks of IPv6 in which an address of IPv4 stands for a machine.
var (
	compatible = netip.MustParsePrefix("::/96")           // RFC 4291, given up
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 2765
	wellKnown  = netip.MustParsePrefix("64:ff9b::/96")    // NAT64, RFC 6052
	localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")  // NAT64, RFC 8215
	sixToFour  = netip.MustParsePrefix("2002::/16")       // RFC 3056
	teredo     = netip.MustParsePrefix("2001::/32")       // RFC 4380
)

// formsOf returns an address without its zone and, where it is of IPv6 and carries one of
// IPv4 that packets end at, that, too.
func formsOf(address netip.Addr) []netip.Addr {
	address = address.WithZone("").Unmap()
	forms := []netip.Addr{address}
	if !address.Is6() {
		return forms
	}
	b := address.As16()
	add := func(a, b, c, d byte) { forms = append(forms, netip.AddrFrom4([4]byte{a, b, c, d})) }
	switch {
	case address.IsUnspecified(), address.IsLoopback():
	case compatible.Contains(address), translated.Contains(address), wellKnown.Contains(address):
		add(b[12], b[13], b[14], b[15])
	case localNAT64.Contains(address):
		if b[12] != 0 { // of a /96 below it
			add(b[12], b[13], b[14], b[15])
		}
		if b[6] != 0 { // of the /48 itself, RFC 6052, section 2.2
			add(b[6], b[7], b[9], b[10])
		}
	case sixToFour.Contains(address):
		add(b[2], b[3], b[4], b[5])
	case teredo.Contains(address):
		add(b[4], b[5], b[6], b[7]) // the server
		add(^b[12], ^b[13], ^b[14], ^b[15])
	}
	if b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe && b[8]&^2 == 0 { // ISATAP, RFC 5214
		add(b[12], b[13], b[14], b[15])
	}
	return forms
}
