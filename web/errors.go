package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/faults"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/signin"
	"github.com/backupman/backupman/web/api"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/middleware"
	"github.com/backupman/backupman/web/pages"
)

var (
	errNoRoute  = errors.New("no such address")
	errNoMethod = errors.New("no such method")
)

func notFound(*gin.Context) error         { return errNoRoute }
func methodNotAllowed(*gin.Context) error { return errNoMethod }

// handler is a handler that returns its error.
type handler func(c *gin.Context) error

// do lets the one door answer what a handler could not.
func (s *server) do(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			s.refuse(c, err)
		}
	}
}

// verdict is how an error is told: its status, a title for pages, a sentence,
// and what a person can do about it.
type verdict struct {
	status   int
	title    string
	sentence string
	ways     []string
	internal bool
	// fields are mistakes by the names of fields.
	fields models.FieldErrors
	// page is shown in place of the general one; nil for the general one.
	page func(layout.Page) templ.Component
}

// kinds maps the kinds of error to statuses. The sentence is the fault's own
// when it has one.
var kinds = []struct {
	kind    error
	verdict verdict
}{
	{errNoRoute, verdict{status: http.StatusNotFound, title: "There is nothing at this address", sentence: "there is nothing at this address"}},
	{errNoMethod, verdict{status: http.StatusMethodNotAllowed, title: "This address does not take that method", sentence: "this address does not take that method"}},
	{middleware.ErrBeyondLoopback, beyondLoopback},
	{middleware.ErrUnclaimed, unclaimed},
	{middleware.ErrSignedOut, verdict{status: http.StatusUnauthorized, title: "Who are you?", sentence: "sign in first"}},
	{pages.ErrSignIn, signInFailed},
	{models.ErrNotFound, verdict{status: http.StatusNotFound, title: "Not found", sentence: "what was asked for does not exist"}},
	{models.ErrInvalid, verdict{status: http.StatusBadRequest, title: "This request cannot be understood", sentence: "the request cannot be understood"}},
	{models.ErrConflict, verdict{status: http.StatusConflict, title: "Not possible right now", sentence: "this is not possible in its present state"}},
	{models.ErrTooMany, verdict{status: http.StatusTooManyRequests, title: "Too many tries", sentence: "too many tries have failed: try again in a while"}},
	{models.ErrUnauthorized, verdict{status: http.StatusUnauthorized, title: "Who are you?", sentence: "an API key is needed"}},
	{models.ErrForbidden, verdict{status: http.StatusForbidden, title: "Not allowed", sentence: "this is not allowed"}},
	{models.ErrNoSpace, verdict{status: http.StatusInsufficientStorage, title: "A disk is full", sentence: "a disk is full: make room and try again"}},
}

var beyondLoopback = verdict{
	status: http.StatusForbidden, title: "Pages are only shown on the server itself",
	sentence: "Backupman listens beyond this machine, or http.app_url names an address that other machines use, and accounts are switched off. Anybody on the network could read and start backups here, so it shows no pages.",
	ways: []string{
		"Remove accounts: {enabled: false} from the configuration, and start it again: then people sign in.",
		"Or let it listen on 127.0.0.1 only, without an http.app_url that other machines use, and open the pages on the server itself.",
		"From elsewhere, reach it through a tunnel: ssh -L 8080:127.0.0.1:8080 SERVER, then open http://localhost:8080.",
		"Programs can use the API below /api with a key from http.api_keys.",
	},
}

var unclaimed = verdict{
	status: http.StatusForbidden, title: "This server has no owner yet",
	sentence: "nobody can sign in before somebody has opened the claim link, which makes the first owner",
	page:     signin.ShowUnclaimed,
}

// tooLong is told when the time of a request is up.
var tooLong = verdict{status: http.StatusServiceUnavailable, title: "This took too long", sentence: "this took longer than a request may: try again in a while, and see in the log what it waited for", internal: true}

var signInFailed = verdict{
	status: http.StatusBadRequest, title: "The sign-in was not completed", sentence: "the sign-in was not completed",
	ways: []string{
		"Open the Drives page in this browser and press the sign-in button there again.",
		"On a machine without a browser, use the command: backupman auth-google DRIVE.",
	},
}

// judge decides how an error is told. What is of no kind is internal and told
// in general words only.
func judge(err error) verdict {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return verdict{status: http.StatusRequestEntityTooLarge, title: "This request is too large", sentence: "the request is larger than " + strconv.FormatInt(tooLarge.Limit, 10) + " bytes"}
	}
	for _, k := range kinds {
		if !errors.Is(err, k.kind) {
			continue
		}
		v := k.verdict
		var fault *models.Fault
		if errors.As(err, &fault) {
			v.sentence = fault.Sentence
		}
		if errors.As(err, &v.fields) {
			v.sentence = fieldSentence(v.fields)
		}
		return v
	}
	return verdict{
		status: http.StatusInternalServerError, title: "Something went wrong inside Backupman", internal: true,
		sentence: "something went wrong inside Backupman: its log says what",
	}
}

// fieldSentence tells all mistakes of fields in one sentence.
func fieldSentence(fields models.FieldErrors) string {
	var all []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, strings.TrimPrefix(field+": "+fields[field], ": "))
	}
	return strings.Join(all, "; ")
}

// refuse answers a request with an error. It is the only place that does. An
// answer that has begun cannot be taken back: its connection is cut, so that
// nobody takes a part for the whole.
func (s *server) refuse(c *gin.Context, err error) {
	ended := c.Request.Context().Err()
	gone := errors.Is(ended, context.Canceled)
	v := judge(err)
	if errors.Is(ended, context.DeadlineExceeded) && v.internal {
		v = tooLong
	}
	identity.NoteRefusal(c, v.sentence)
	if c.Writer.Written() || gone {
		if !gone {
			s.log.ErrorContext(c.Request.Context(), "answer cut off", "path", c.Request.URL.Path, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	if v.internal {
		s.log.ErrorContext(c.Request.Context(), "request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "error", err)
	}
	clearBodyHeaders(c)
	switch {
	case forPrograms(c.Request.URL.Path):
		s.tellProgram(c, v)
	case errors.Is(err, middleware.ErrSignedOut):
		toSignIn(c)
	default:
		s.tellPerson(c, v)
	}
}

// clearBodyHeaders forgets what a handler said of an answer it then did not give.
func clearBodyHeaders(c *gin.Context) {
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Disposition"} {
		c.Writer.Header().Del(name)
	}
}

func forPrograms(path string) bool {
	return path == "/health" || path == "/api" || strings.HasPrefix(path, "/api/")
}

func (s *server) tellProgram(c *gin.Context, v verdict) {
	if v.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="backupman"`)
	}
	c.PureJSON(v.status, api.Failure{Error: v.sentence, Fields: v.fields})
}

func (s *server) tellPerson(c *gin.Context, v verdict) {
	view := faults.View{
		Page: layout.Page{Title: v.title, Version: s.version}, Code: strconv.Itoa(v.status),
		Title: v.title, Sentence: human.Sentence(v.sentence), Ways: v.ways, Home: v.status != http.StatusForbidden || identity.Of(c).Kind == models.ActorUser,
	}
	component := faults.Show(view)
	if v.page != nil {
		component = v.page(view.Page)
	}
	if pages.IsFragment(c) {
		c.Header("HX-Retarget", "#notices")
		c.Header("HX-Reswap", "innerHTML")
		component = faults.Notice(view)
	}
	if err := pages.Render(c, v.status, component); err != nil {
		s.log.ErrorContext(c.Request.Context(), "error page failed", "error", err)
		c.String(v.status, "%s", v.title)
	}
}
