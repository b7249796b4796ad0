package origin

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

func proxies(t *testing.T, all ...string) Proxies {
	t.Helper()
	var found Proxies
	for _, text := range all {
		found = append(found, netip.MustParsePrefix(text))
	}
	return found
}

func request(peer string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://backup.example:8080/", nil)
	r.RemoteAddr = peer
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestTheAddressOfAClient(t *testing.T) {
	const forwarded = "X-Forwarded-For"
	for name, c := range map[string]struct {
		trusted []string
		peer    string
		headers []string
		want    string
	}{
		"no proxy":                       {nil, "203.0.113.9:4711", nil, "203.0.113.9"},
		"a header of nobody":             {nil, "203.0.113.9:4711", []string{forwarded, "198.51.100.1"}, "203.0.113.9"},
		"a header of a stranger":         {[]string{"10.0.0.0/8"}, "203.0.113.9:4711", []string{forwarded, "198.51.100.1"}, "203.0.113.9"},
		"behind a proxy":                 {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "198.51.100.1"}, "198.51.100.1"},
		"a proxy that says nothing":      {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", nil, "10.0.0.1"},
		"forged before the proxy":        {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "192.0.2.66, 198.51.100.1"}, "198.51.100.1"},
		"forged as a trusted proxy":      {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "192.0.2.66, 10.0.0.7, 198.51.100.1"}, "198.51.100.1"},
		"two proxies":                    {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"two headers":                    {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "192.0.2.66", forwarded, "198.51.100.1"}, "198.51.100.1"},
		"all are proxies":                {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"something that is no address":   {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "198.51.100.1, unknown"}, "10.0.0.1"},
		"an empty entry":                 {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "198.51.100.1,"}, "10.0.0.1"},
		"with a port":                    {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "198.51.100.1:5000"}, "198.51.100.1"},
		"IPv6 with a port":               {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{forwarded, "[2001:db8::1]:5000"}, "2001:db8::1"},
		"IPv6 without one":               {[]string{"::1/128"}, "[::1]:4711", []string{forwarded, "2001:db8::1"}, "2001:db8::1"},
		"IPv4 written as IPv6":           {[]string{"10.0.0.0/8"}, "[::ffff:10.0.0.1]:4711", []string{forwarded, "::ffff:198.51.100.1"}, "198.51.100.1"},
		"other headers say nothing":      {[]string{"10.0.0.0/8"}, "10.0.0.1:4711", []string{"X-Real-Ip", "192.0.2.66", "Forwarded", "for=192.0.2.66"}, "10.0.0.1"},
		"a zone":                         {nil, "[fe80::1%eth0]:4711", nil, "fe80::1"},
		"a connection without addresses": {[]string{"0.0.0.0/0", "::/0"}, "@", []string{forwarded, "192.0.2.66"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Client(request(c.peer, c.headers...), proxies(t, c.trusted...)).Address; got != c.want {
				t.Errorf("the address is %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhatAProgramSaysThatItIs(t *testing.T) {
	for name, c := range map[string]struct{ said, want string }{
		"short":        {"curl/8", "curl/8"},
		"long":         {strings.Repeat("a", 300), strings.Repeat("a", 255)},
		"a rune's cut": {"a" + strings.Repeat("é", 200), "a" + strings.Repeat("é", 127)},
		"not UTF-8":    {"a\xffb", "ab"},
		"controls":     {"a\x1b[31mb\tc", "a[31mbc"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Client(request("203.0.113.9:1", "User-Agent", c.said), nil).Agent
			if got != c.want || !utf8.ValidString(got) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestTheAddressThatPeopleUse(t *testing.T) {
	const proto = "X-Forwarded-Proto"
	for name, c := range map[string]struct {
		appURL  string
		trusted []string
		peer    string
		tls     bool
		headers []string
		of      string
		secure  bool
	}{
		"plain":                               {"", nil, "127.0.0.1:1", false, nil, "http://backup.example:8080", false},
		"TLS":                                 {"", nil, "127.0.0.1:1", true, nil, "https://backup.example:8080", true},
		"forged":                              {"", nil, "127.0.0.1:1", false, []string{proto, "https"}, "http://backup.example:8080", false},
		"forged by a stranger":                {"", []string{"10.0.0.1/32"}, "127.0.0.1:1", false, []string{proto, "https"}, "http://backup.example:8080", false},
		"a proxy":                             {"", []string{"10.0.0.1/32"}, "10.0.0.1:1", false, []string{proto, "https"}, "https://backup.example:8080", true},
		"a proxy after a forged one":          {"", []string{"10.0.0.1/32"}, "10.0.0.1:1", false, []string{proto, "https, http"}, "http://backup.example:8080", false},
		"configured":                          {"https://b.example/", nil, "127.0.0.1:1", false, nil, "https://b.example", true},
		"configured without TLS":              {"http://b.example", nil, "127.0.0.1:1", false, nil, "http://b.example", false},
		"configured, and the proxy is silent": {"https://b.example", []string{"10.0.0.1/32"}, "10.0.0.1:1", false, nil, "https://b.example", true},
		"configured, and the proxy disagrees": {"https://b.example", []string{"10.0.0.1/32"}, "10.0.0.1:1", false, []string{proto, "http"}, "https://b.example", false},
		"configured, and past the proxy":      {"https://b.example", []string{"10.0.0.1/32"}, "127.0.0.1:1", false, []string{proto, "https"}, "https://b.example", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(c.peer, c.headers...)
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if got := Of(r, c.appURL, proxies(t, c.trusted...)); got != c.of {
				t.Errorf("the address is %q, want %q", got, c.of)
			}
			if got := Secure(r, c.appURL, proxies(t, c.trusted...)); got != c.secure {
				t.Errorf("secure is %v", got)
			}
		})
	}
}
