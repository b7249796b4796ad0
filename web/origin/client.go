package origin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backupman/backupman/models"
)

// agentLength bounds what is kept of what a program says that it is.
const agentLength = 255

// Client returns who asks: the machine at the other end of the connection or, where that is
// a trusted proxy, the last one in X-Forwarded-For that is not a trusted proxy itself.
func Client(r *http.Request, proxies Proxies) models.Client {
	return models.Client{Address: address(r, proxies), Agent: agent(r.UserAgent())}
}

func address(r *http.Request, proxies Proxies) string {
	nearest := peer(r)
	if !nearest.IsValid() {
		return "" // a connection that has no address, such as a socket in a folder
	}
	hops := entries(r.Header.Values("X-Forwarded-For"))
	for i := len(hops) - 1; i >= 0 && proxies.Trust(nearest); i-- {
		hop, ok := parse(hops[i])
		if !ok {
			break
		}
		nearest = hop
	}
	return nearest.String()
}

// peer is the other end of the connection; the zero Addr when it has no address.
func peer(r *http.Request) netip.Addr {
	found, _ := parse(r.RemoteAddr)
	return found
}

// parse reads an address with or without a port, the way proxies write it.
func parse(text string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	found, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return found.Unmap().WithZone(""), err == nil
}

func agent(said string) string {
	said = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(said, ""))
	if len(said) <= agentLength {
		return said
	}
	cut := agentLength
	for !utf8.RuneStart(said[cut]) {
		cut--
	}
	return said[:cut]
}
