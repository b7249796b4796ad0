package pages

import (
	"net/url"
	"strings"
)

// nextLength bounds the address of a page that is wanted after a sign-in.
const nextLength = 2000

// localPath returns the address of a page of this server, as somebody wants it after a
// sign-in, and the overview's for anything else. Browsers read "//host", "/\host" and
// either with tabs in between as the address of another server.
func localPath(next string) string {
	const home = "/"
	if len(next) > nextLength || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsFunc(next, strange) {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) {
		return home
	}
	for _, around := range []string{"/sign-in", "/sign-out", "/claim"} {
		if u.Path == around || strings.HasPrefix(u.Path, around+"/") {
			return home
		}
	}
	return next
}

// strange reports what no address of a page has in it as it is.
func strange(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }

// withNext returns an address that carries on to a page; the overview needs no saying.
func withNext(path, next string) string {
	if next = localPath(next); next == "/" {
		return path
	}
	return path + "?" + url.Values{"next": {next}}.Encode()
}
