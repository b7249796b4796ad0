package drive

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// s3Answer is what an answer says beside what minio-go passes on.
type s3Answer struct {
	// after is how long the service asks to wait.
	after time.Duration
}

type s3AnswerKey struct{}

// s3Watch looks at answers before minio-go does.
type s3Watch struct{ next http.RoundTripper }

// RoundTrip carries out a request.
func (w *s3Watch) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := w.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if heard, ok := request.Context().Value(s3AnswerKey{}).(*s3Answer); ok {
		heard.after = s3RetryAfter(answer.Header.Get("Retry-After"))
	}
	if answer.StatusCode/100 == 2 && s3MayHideError(request) {
		unhide(answer)
	}
	return answer, nil
}

// s3Stall ends a request in which nothing moves for the limit, so that a connection
// that died in silence costs one part and not the whole upload. A limit of 0 watches
// nothing.
type s3Stall struct {
	limit  time.Duration
	cancel context.CancelFunc
	timer  *time.Timer // nil without a limit
	fired  atomic.Bool
}

// newS3Stall returns the context of the request that is watched.
func newS3Stall(ctx context.Context, limit time.Duration) (context.Context, *s3Stall) {
	ctx, cancel := context.WithCancel(ctx)
	s := &s3Stall{limit: limit, cancel: cancel}
	if limit > 0 {
		s.timer = time.AfterFunc(limit, s.fire)
	}
	return ctx, s
}

func (s *s3Stall) fire() {
	s.fired.Store(true)
	s.cancel()
}

// moved begins the limit anew.
func (s *s3Stall) moved() {
	if s.timer != nil {
		s.timer.Reset(s.limit)
	}
}

// rest stops the clock until something moves.
func (s *s3Stall) rest() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *s3Stall) end() {
	s.rest()
	s.cancel()
}

// s3RetryAfter reads RFC 9110, section 10.2.3.
func s3RetryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// s3MayHideError reports whether an answer that is called a success may hold an
// error nevertheless, which minio-go would take for an empty result. It looks for
// that itself where an upload is put together.
func s3MayHideError(request *http.Request) bool {
	query := request.URL.Query()
	switch request.Method {
	case http.MethodPut, http.MethodDelete:
		return true
	case http.MethodPost:
		return query.Has("uploads")
	case http.MethodGet:
		return query.Has("list-type") || query.Has("uploads") || query.Has("uploadId") || query.Has("retention")
	}
	return false
}

// unhide gives an answer with an error in it the status of one.
func unhide(answer *http.Response) {
	body := bufio.NewReader(answer.Body)
	start, _ := body.Peek(256)
	if i := bytes.Index(start, []byte("<Error")); i >= 0 && strings.TrimSpace(s3AfterProlog(start[:i])) == "" {
		answer.StatusCode, answer.Status = http.StatusInternalServerError, "500 Error in a success"
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{body, answer.Body}
}

func s3AfterProlog(start []byte) string {
	if _, rest, ok := strings.Cut(string(start), "?>"); ok {
		return rest
	}
	return string(start)
}

// call carries out one request, and puts its fault into words.
func (d *S3) call(ctx context.Context, doing string, request func(ctx context.Context) error) error {
	heard := &s3Answer{}
	err := request(context.WithValue(ctx, s3AnswerKey{}, heard))
	if err == nil {
		return nil
	}
	return d.fault(doing, heard.after, err)
}
