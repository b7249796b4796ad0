// Package origin tells where requests come from, and the address that people and programs
// reach this server at.
package origin

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Proxies are the addresses of proxies whose headers are believed. Headers of anybody
// else are not looked at, because whoever asks can write anything into them.
type Proxies []netip.Prefix

// Trust reports whether an address is one of the proxies.
func (p Proxies) Trust(address netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// Of returns the configured address, or the one the request was sent to when none
// is configured, without a slash at its end.
func Of(r *http.Request, appURL string, proxies Proxies) string {
	if appURL != "" {
		return strings.TrimRight(appURL, "/")
	}
	scheme := "http"
	if Secure(r, "", proxies) {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// Secure reports whether whoever asks speaks https: to this server, or to a proxy that is
// trusted and says so. Where no proxy says anything the configured address decides, except
// for a request that did not come through one of the proxies that there are.
func Secure(r *http.Request, appURL string, proxies Proxies) bool {
	if r.TLS != nil {
		return true
	}
	trusted := proxies.Trust(peer(r))
	if scheme := lastOf(r.Header.Values("X-Forwarded-Proto")); trusted && scheme != "" {
		return strings.EqualFold(scheme, "https")
	}
	if len(proxies) > 0 && !trusted {
		return false
	}
	u, err := url.Parse(appURL)
	return err == nil && strings.EqualFold(u.Scheme, "https")
}

// lastOf returns the last entry of a header that is a list. It is the nearest proxy's; what
// stands before it may be made up.
func lastOf(values []string) string {
	all := entries(values)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

func entries(values []string) []string {
	if len(values) == 0 {
		return nil
	}
	all := strings.Split(strings.Join(values, ","), ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}
