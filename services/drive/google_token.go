package drive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

// readGoogleToken reads the file of a token, in the form in which
// golang.org/x/oauth2 writes one as JSON.
func readGoogleToken(file string) (*oauth2.Token, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	token := &oauth2.Token{}
	if err := json.Unmarshal(text, token); err != nil {
		return nil, errors.New("it is not a token as JSON") // the parser's words could quote it
	}
	return token, nil
}

// writeGoogleToken replaces the file of a token at once, also behind a symbolic
// link. Only this program's user may read it.
func writeGoogleToken(file string, token *oauth2.Token) (err error) {
	text, err := json.Marshal(token)
	if err != nil {
		return errors.New("the token has no form as JSON")
	}
	if whole, err := filepath.EvalSymlinks(file); err == nil {
		file = whole
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".google-token-*") // made with 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// googleAsking is how tokens are asked for.
type googleAsking struct {
	stall time.Duration
	reach *outgoing.Policy
}

// context lets what fetches a token end with ctx and after a time without an answer.
// Some of golang.org/x/oauth2 knows nothing of contexts.
func (a googleAsking) context(ctx context.Context) (context.Context, *googleBound) {
	bound := &googleBound{ctx: ctx, to: &googleTransport{stall: a.stall, reach: a.reach}}
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: bound, CheckRedirect: outgoing.NoRedirect}), bound
}

// googleBound makes every request end with a context, and keeps what
// golang.org/x/oauth2 may make mere words of.
type googleBound struct {
	ctx context.Context
	to  http.RoundTripper

	mu      sync.Mutex
	refused *outgoing.Refusal
}

// RoundTrip carries out a request.
func (b *googleBound) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, err := b.to.RoundTrip(req.WithContext(b.ctx))
	b.mu.Lock()
	defer b.mu.Unlock()
	errors.As(err, &b.refused)
	return answer, err
}

// blame returns that an address was refused in the place of how that looked.
func (b *googleBound) blame(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused != nil {
		return b.refused
	}
	return err
}

// googleTokenFault tells why no token was had: ended makes the sentence for a
// sign-in that Google does not accept any more.
func googleTokenFault(ctx context.Context, label string, err error, ended func(reason string) error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("drive %q could not sign in: %w", label, context.Cause(ctx))
	}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return googleNoToken(label, err)
	}
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(refused.Body, &said) // no reason is told then
	status := refused.Response.StatusCode
	word := plainWord(said.Error)
	reason := cmp.Or(word, strconv.Itoa(status))
	if slices.Contains(googleTokenSays, said.Description) {
		reason = said.Description
	}
	switch {
	case status >= 500, status == http.StatusTooManyRequests, word == "", slices.Contains(googleTokenBusy, said.Error):
		return &PassingError{After: googleAfter(refused.Response.Header),
			Cause: models.Conflictf("drive %q could not sign in: Google is busy (%s): try again later", label, reason)}
	case said.Error == "invalid_client", said.Error == "deleted_client":
		return models.Invalidf("drive %q: Google does not accept the OAuth client (%s): download the file for client_secret_file from the Google Cloud console once more, or make a new client and sign in again", label, reason)
	case strings.Contains(said.Description, "iat and exp"):
		return models.Invalidf("drive %q could not sign in: the clock of this machine is wrong: set it by NTP", label)
	}
	return ended(reason)
}

// googleTokenSays are Google's sentences about a sign-in that are repeated, for they say
// more than its words.
var googleTokenSays = []string{"Token has been expired or revoked.", "Token has been revoked.", "Account has been deleted", "Invalid JWT Signature.",
	"Invalid grant: account not found", "Invalid email or User ID", "The OAuth client was not found.", "The provided client secret is invalid."}

// googleTokenBusy are Google's words, beside a status of 4xx, for what may pass.
var googleTokenBusy = []string{"temporarily_unavailable", "server_error", "internal_failure", "rate_limit_exceeded", "slow_down"}

// googleNoToken tells of a sign-in that got no answer. Some of golang.org/x/oauth2
// makes words of what was wrong with the connection, with the address in them.
func googleNoToken(label string, err error) error {
	var known *models.Fault
	if told := unreachable(label, "sign in", err); errors.As(told, &known) {
		return told
	}
	return &PassingError{Cause: models.Conflictf("drive %q could not sign in: Google gives no answer that can be read: see whether this machine reaches oauth2.googleapis.com, and what stands in between", label)}
}

func quoted(s string) string { return strconv.Quote(s) }
