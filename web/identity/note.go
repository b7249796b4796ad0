package identity

import "github.com/gin-gonic/gin"

const (
	notedKey  = "backupman.noted"
	recordKey = "backupman.record"
)

// Noted is what handlers said about a request for the audit log.
type Noted struct {
	// Action replaces that of the route where one route does two things.
	Action string
	// Subject is what it is about, in words, and ID its id.
	Subject, ID string
	// Detail is a sentence: what changed.
	Detail string
	// Looked says that nothing was done but to look.
	Looked bool
	// Refused is the sentence that the answer was refused with; the error door notes it.
	Refused string
}

// Note says what a request is about. What is empty leaves what was noted before, and where
// nothing was the audit log says what the route and its address tell.
func Note(c *gin.Context, subject, id, detail string) {
	note(c, func(n *Noted) {
		n.Subject, n.ID, n.Detail = or(subject, n.Subject), or(id, n.ID), or(detail, n.Detail)
	})
}

// NoteAction says that a request does something else than its route usually does.
func NoteAction(c *gin.Context, action string) {
	note(c, func(n *Noted) { n.Action = action })
}

// NoteLook says that a request only looks, although its route can do more: it is recorded
// only when it is refused.
func NoteLook(c *gin.Context) { note(c, func(n *Noted) { n.Looked = true }) }

// NoteRefusal keeps the sentence that a request is refused with.
func NoteRefusal(c *gin.Context, sentence string) {
	note(c, func(n *Noted) { n.Refused = sentence })
}

// NotedOf returns what was noted.
func NotedOf(c *gin.Context) Noted {
	if known, ok := c.Get(notedKey); ok {
		if n, ok := known.(Noted); ok {
			return n
		}
	}
	return Noted{}
}

func note(c *gin.Context, change func(*Noted)) {
	n := NotedOf(c)
	change(&n)
	c.Set(notedKey, n)
}

func or(word, otherwise string) string {
	if word == "" {
		return otherwise
	}
	return word
}

// OnRecord says how it is recorded that a request was begun. The middleware of the audit log
// does it.
func OnRecord(c *gin.Context, record func() error) { c.Set(recordKey, record) }

// Record writes down that what is asked for is begun, before it is: restores, deletions and
// what hands out dumps are not done when that can't be written down. It does nothing where
// nothing is recorded.
func Record(c *gin.Context) error {
	if known, ok := c.Get(recordKey); ok {
		if record, ok := known.(func() error); ok {
			return record()
		}
	}
	return nil
}
