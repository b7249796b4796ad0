package drive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/backupman/backupman/services/outgoing"
)

const (
	// googleStall is how long nothing may move where a place does not say.
	googleStall = 2 * time.Minute
	// googleSmall is the longest body that is kept to be sent a second time.
	googleSmall = 1 << 20
)

// googlePools are the connections of all drives that may reach the same addresses.
var googlePools sync.Map

// googleConnections are shared by all drives of a policy. Uploads go over HTTP/1.1, each
// over a connection of its own: a break or a stall of one is none of another's.
func googleConnections(reach *outgoing.Policy) *http.Transport {
	if known, ok := googlePools.Load(reach); ok {
		return known.(*http.Transport)
	}
	t := reach.Transport()
	t.ResponseHeaderTimeout = 0 // a request is watched over as a whole
	t.Protocols = &http.Protocols{}
	t.Protocols.SetHTTP1(true)
	t.ForceAttemptHTTP2 = false
	t.WriteBufferSize = 256 << 10
	t.ReadBufferSize = 64 << 10
	t.MaxIdleConnsPerHost = 8
	t.DisableCompression = true // what is stored comes back as it is
	kept, _ := googlePools.LoadOrStore(reach, t)
	return kept.(*http.Transport)
}

// googleTransport signs requests, once more with a new token when Google does not
// know the first any more, and ends those in which nothing moves.
type googleTransport struct {
	// account is nil where nothing is signed.
	account *googleAccount
	stall   time.Duration
	reach   *outgoing.Policy
}

// RoundTrip sends a request and keeps watch over it until its answer is closed.
func (t *googleTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.account == nil {
		return t.send(req, "")
	}
	req, err := googleRepeatable(req)
	if err != nil {
		return nil, err
	}
	token, err := t.account.access(req.Context())
	if err != nil {
		return nil, errors.Join(err, googleCloseBody(req))
	}
	res, err := t.send(req, token)
	if err != nil || res.StatusCode != http.StatusUnauthorized || (req.Body != nil && req.GetBody == nil) {
		return res, err
	}
	t.account.drop(token)
	return t.sendAgain(req, res)
}

// sendAgain repeats a request whose token was refused.
func (t *googleTransport) sendAgain(req *http.Request, refused *http.Response) (*http.Response, error) {
	_ = refused.Body.Close() // nothing was wanted of it
	token, err := t.account.access(req.Context())
	if err != nil {
		return nil, err
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.send(again, token)
}

func (t *googleTransport) send(req *http.Request, token string) (*http.Response, error) {
	ctx, w := googleWatching(req.Context(), cmp.Or(t.stall, googleStall))
	out := req.Clone(ctx)
	if token != "" {
		out.Header.Set("Authorization", "Bearer "+token)
	}
	if req.Body != nil && req.Body != http.NoBody {
		out.Body = &googleWatched{ReadCloser: req.Body, w: w, content: true}
	}
	res, err := googleConnections(t.reach).RoundTrip(out)
	if err != nil {
		w.end()
		return nil, w.blame(err)
	}
	w.moved()
	res.Body = &googleWatched{ReadCloser: res.Body, w: w}
	return res, nil
}

// googleRepeatable makes a request with a small body one that can be sent twice.
func googleRepeatable(req *http.Request) (*http.Request, error) {
	if req.Body == nil || req.GetBody != nil || req.ContentLength <= 0 || req.ContentLength > googleSmall {
		return req, nil
	}
	text, err := io.ReadAll(req.Body)
	if err := errors.Join(err, req.Body.Close()); err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	req.Body, err = req.GetBody()
	return req, err
}

func googleCloseBody(req *http.Request) error {
	if req.Body == nil {
		return nil
	}
	return req.Body.Close()
}

// googleWatch ends a request when nothing has moved for a while.
type googleWatch struct {
	limit  time.Duration
	cause  func() error
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func googleWatching(ctx context.Context, limit time.Duration) (context.Context, *googleWatch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &googleWatch{limit: limit, cancel: cancel, cause: func() error { return context.Cause(ctx) }}
	w.timer = time.AfterFunc(limit, func() {
		cancel(&PassingError{Cause: errors.New("Google has taken nothing and said nothing for " + limit.String() + ": see whether the network in between works")})
	})
	return ctx, w
}

func (w *googleWatch) moved() { w.timer.Reset(w.limit) }
func (w *googleWatch) rest()  { w.timer.Stop() }

func (w *googleWatch) end() {
	w.timer.Stop()
	w.cancel(nil)
}

// blame returns what ended the request in the place of how that looked.
func (w *googleWatch) blame(err error) error {
	var stalled *PassingError
	if errors.As(w.cause(), &stalled) {
		return stalled
	}
	return err
}

// googleWatched is the body of a request or of an answer.
type googleWatched struct {
	io.ReadCloser
	w *googleWatch
	// content says that reading it takes as long as making it does, which is not
	// Google's fault.
	content bool
}

func (b *googleWatched) Read(p []byte) (int, error) {
	if b.content {
		b.w.rest()
	}
	n, err := b.ReadCloser.Read(p)
	b.w.moved()
	if err != nil && err != io.EOF && !b.content { //nolint:errorlint // only a bare io.EOF is the end of a reader
		err = b.w.blame(err)
	}
	return n, err
}

func (b *googleWatched) Close() error {
	err := b.ReadCloser.Close()
	if !b.content {
		b.w.end()
	}
	return err
}
