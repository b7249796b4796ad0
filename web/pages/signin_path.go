package pages

import "net/url"

// SignInPath is the page on which people sign in, from where they come back to an address.
// It may be a whole one, of which only what is on this server counts.
func SignInPath(wanted string) string {
	u, err := url.Parse(wanted)
	if err != nil || u.Opaque != "" {
		return signInPath
	}
	return withNext(signInPath, u.RequestURI())
}
