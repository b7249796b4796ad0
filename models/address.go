package models

import (
	"net/url"
	"strings"
)

// WithoutUser leaves the name and the password out of an address, which may then be shown
// to anybody. What is no address stays as it is.
func WithoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil { // such as for a password with a percent sign
		scheme, rest, _ := strings.Cut(address, "://")
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			return scheme + "://" + rest[at+1:]
		}
		return address
	}
	if u.User == nil {
		return address
	}
	u.User = nil
	return u.String()
}
