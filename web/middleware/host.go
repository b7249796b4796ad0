package middleware

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

// Host refuses requests that name another host than this machine or the one of
// appURL. A page of a stranger could otherwise make its own name point at
// 127.0.0.1 and speak to Backupman as if it were its own server (DNS rebinding).
func Host(appURL string, refuse Refuse) gin.HandlerFunc {
	known := appHost(appURL)
	return guard(refuse, func(c *gin.Context) error {
		name := hostname(c.Request.Host)
		if loopback(name) || name != "" && name == known {
			return nil
		}
		return &models.Fault{Kind: models.ErrForbidden, Sentence: fmt.Sprintf(
			"Backupman does not answer to the host name %q: open it as http://localhost, or say in http.app_url under which address it is reached", name)}
	})
}

// BeyondLoopback reports whether appURL says that other machines can reach
// Backupman, as they do through a proxy on this one.
func BeyondLoopback(appURL string) bool {
	name := appHost(appURL)
	return name != "" && !loopback(name)
}

func appHost(appURL string) string {
	u, err := url.Parse(appURL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func loopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.IsLoopback()
}
