package outgoing_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

var strict = &outgoing.Policy{}

func TestNeverReached(t *testing.T) {
	everything := &outgoing.Policy{Private: true, Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	for name, address := range map[string]string{
		"instance metadata":                 "169.254.169.254",
		"credentials of containers":         "169.254.170.2",
		"any link-local":                    "169.254.3.4",
		"link-local of IPv6":                "fe80::1",
		"with a zone":                       "fe80::a9fe:a9fe%eth0",
		"AWS by IPv6":                       "fd00:ec2::254",
		"pods of EKS":                       "fd00:ec2::23",
		"Google by IPv6":                    "fd20:ce::254",
		"Alibaba":                           "100.100.100.200",
		"Oracle":                            "192.0.0.192",
		"Azure's platform":                  "168.63.129.16",
		"unspecified":                       "0.0.0.0",
		"its block":                         "0.1.2.3",
		"unspecified of IPv6":               "::",
		"broadcast":                         "255.255.255.255",
		"multicast":                         "224.0.0.251",
		"multicast of IPv6":                 "ff02::1",
		"multicast with a zone":             "ff02::1%lo",
		"mapped":                            "::ffff:169.254.169.254",
		"mapped with a zone":                "::ffff:169.254.169.254%eth0",
		"compatible":                        "::169.254.169.254",
		"translated":                        "::ffff:0:169.254.169.254",
		"NAT64":                             "64:ff9b::a9fe:a9fe",
		"NAT64 of a network's own":          "64:ff9b:1::a9fe:a9fe",
		"NAT64 of a network's own, its /48": "64:ff9b:1:a9fe:a9:fe00::",
		"6to4":                              "2002:a9fe:a9fe::1",
		"Teredo's client":                   "2001:0:c000:201::5601:5601",
		"ISATAP":                            "2001:db8::5efe:169.254.169.254",
		"ISATAP, global":                    "2001:db8::200:5efe:169.254.169.254",
		"Alibaba behind NAT64":              "64:ff9b::6464:64c8",
		"unspecified, mapped":               "::ffff:0.0.0.0",
	} {
		t.Run(name, func(t *testing.T) {
			for policy, p := range map[string]*outgoing.Policy{"default": nil, "everything allowed": everything, "strict": strict} {
				err := p.Check(netip.MustParseAddr(address))
				var fault *models.Fault
				if !errors.As(err, &fault) || !errors.Is(err, models.ErrInvalid) {
					t.Fatalf("%s: %s gave %v, want a fault", policy, address, err)
				}
				if !strings.HasPrefix(fault.Sentence, netip.MustParseAddr(address).String()) || !strings.Contains(fault.Sentence, "outgoing") {
					t.Errorf("%s: the sentence names not both address and key: %s", policy, fault.Sentence)
				}
			}
		})
	}
}

func TestPrivate(t *testing.T) {
	for name, address := range map[string]string{
		"this machine":           "127.0.0.1",
		"its block":              "127.8.9.10",
		"this machine by IPv6":   "::1",
		"10":                     "10.1.2.3",
		"172":                    "172.31.255.255",
		"192":                    "192.168.1.2",
		"a provider's NAT":       "100.64.0.1",
		"a network of one's own": "fd12:3456::1",
		"mapped":                 "::ffff:10.0.0.1",
		"NAT64":                  "64:ff9b::a00:1",
		"NAT64 of its own":       "64:ff9b:1:a00:5:100::",
		"6to4":                   "2002:7f00:1::1",
		"ISATAP":                 "2001:db8::5efe:192.168.0.1",
	} {
		t.Run(name, func(t *testing.T) {
			at := netip.MustParseAddr(address)
			if err := (*outgoing.Policy)(nil).Check(at); err != nil {
				t.Errorf("by default: %v", err)
			}
			err := strict.Check(at)
			var fault *models.Fault
			if !errors.As(err, &fault) || !strings.Contains(fault.Sentence, "outgoing.private") || !strings.Contains(fault.Sentence, "outgoing.allow") {
				t.Errorf("without private: %v, want a fault that names the keys", err)
			}
			allowing := &outgoing.Policy{Allow: []netip.Prefix{netip.PrefixFrom(at, at.BitLen()).Masked()}}
			if at.Is4In6() {
				allowing.Allow = []netip.Prefix{netip.PrefixFrom(at.Unmap(), 32)}
			}
			if err := allowing.Check(at); err != nil {
				t.Errorf("allowed: %v", err)
			}
		})
	}
}

func TestPublic(t *testing.T) {
	for _, address := range []string{"52.216.1.1", "2a00:1450:4001::1", "172.32.0.1", "100.128.0.1", "169.253.1.1", "64:ff9b::34d8:101", "2002:34d8:101::1", "::ffff:52.216.1.1", "168.63.129.15"} {
		for _, p := range []*outgoing.Policy{nil, strict} {
			if err := p.Check(netip.MustParseAddr(address)); err != nil {
				t.Errorf("%s: %v", address, err)
			}
		}
	}
}
