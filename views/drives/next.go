package drives

import "net/url"

const (
	// OwnPage is the name of the parameter that says that a card is on the drive's own page.
	OwnPage = "own"
	// NextField is the name of the field, and of the parameter, with the page that a sign-in
	// or the trust in a key leads back to.
	NextField = "next"
)

// PathBackTo is the page of a drive, from where people come back to another page when they
// have seen to it.
func PathBackTo(id, next string) string { return Path(id) + with(false, next) }

// with are the parameters of what begins at a card.
func with(own bool, next string) string {
	q := url.Values{}
	if own {
		q.Set(OwnPage, "true")
	}
	if next != "" {
		q.Set(NextField, next)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}
