package drive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

// unclear is the fault of an answer that says neither yes nor no.
func (d *WebDAV) unclear(doing, why string) error {
	return &PassingError{Cause: models.Conflictf("drive %q could not %s: %s: try again, and ask who runs the server if it happens again", d.place.Label, doing, why)}
}

// fault puts an error that came in the place of an answer into words that name the
// drive.
func (d *WebDAV) fault(doing string, err error) error {
	var content *SourceError
	var fault *models.Fault
	var address *url.Error
	if errors.Is(err, context.Canceled) {
		return context.Canceled // without the address
	}
	if err = unreachable(d.place.Label, doing, err); errors.As(err, &content) || errors.As(err, &fault) {
		return err
	}
	if errors.As(err, &address) {
		err = address.Err
	}
	return d.unclear(doing, err.Error())
}

// answered puts an answer that is no success into words.
func (d *WebDAV) answered(doing string, answer *http.Response) error {
	label, said := d.place.Label, webdavSaid(answer.StatusCode)
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound, status == http.StatusGone:
		return models.NotFoundf("drive %q could not %s: it is not there in %s", label, doing, d.root)
	case status == http.StatusInsufficientStorage:
		return models.NoSpacef("drive %q is full: delete old copies from %s, or raise its quota", label, d.root)
	case status == http.StatusUnauthorized:
		return d.unauthorized(answer)
	case status == http.StatusForbidden:
		return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf("drive %q may not %s (%s): let its user write in %s", label, doing, said, d.root)}
	case webdavPassing(status):
		return &PassingError{After: webdavAfter(answer.Header.Get("Retry-After")), Cause: models.Conflictf("drive %q could not %s: the server answered %s: it may be busy; try again later", label, doing, said)}
	case status/100 == 3:
		return models.Invalidf("drive %q could not %s: its server sends on to another address: set url to the one it has%s", label, doing, webdavMoved(answer))
	case status == http.StatusRequestEntityTooLarge:
		return models.Invalidf("drive %q could not %s: its server takes no files of that length: raise its limit, or that of the proxy before it", label, doing)
	case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		return models.Invalidf("drive %q could not %s (%s): there is no WebDAV folder at %s: correct the setting url", label, doing, said, d.root)
	}
	return models.Conflictf("drive %q could not %s: the server answered %s: ask who runs it", label, doing, said)
}

func webdavSaid(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

func (d *WebDAV) unauthorized(answer *http.Response) error {
	sentence := "its user or password is refused: correct user and password"
	offered := strings.ToLower(strings.Join(answer.Header.Values("WWW-Authenticate"), ","))
	switch s := d.place.Settings; {
	case s["token"] != "":
		sentence = "its token is refused: set a new one"
	case s["user"]+s["password"] == "":
		sentence = "its server wants to know who signs in: set user and password, or token"
	case strings.Contains(offered, "digest") && !strings.Contains(offered, "basic"):
		sentence = "its server asks for a digest of the password, which this version cannot give: let it take Basic authentication over https"
	}
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf("drive %q: %s", d.place.Label, sentence)}
}

// webdavPassing reports whether a status says that the server is busy or broken. A
// conflict is a folder that was removed a moment ago.
func webdavPassing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusLocked, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	}
	return status >= 500
}

// webdavAfter is how long a server asks to wait, in seconds or until a time.
func webdavAfter(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// webdavMoved names the host and path that a server sends on to, without what may be
// secret in it.
func webdavMoved(answer *http.Response) string {
	to, err := answer.Location()
	if err != nil {
		return ""
	}
	return ", which begins with " + (&url.URL{Scheme: to.Scheme, Host: to.Host}).String()
}
