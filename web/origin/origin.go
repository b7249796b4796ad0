// Package origin tells the address that people and programs reach this server at.
package origin

import (
	"net/http"
	"strings"
)

// Of returns the configured address, or the one the request was sent to when none
// is configured, without a slash at its end.
func Of(r *http.Request, appURL string) string {
	if appURL != "" {
		return strings.TrimRight(appURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
