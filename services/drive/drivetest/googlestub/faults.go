package googlestub

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
)

// Op is an operation that a fault can be put on.
type Op string

// The operations.
const (
	OpToken    Op = "token"
	OpAbout    Op = "about"
	OpList     Op = "list"
	OpGet      Op = "get"
	OpIDs      Op = "generateIds"
	OpCreate   Op = "create"
	OpUpdate   Op = "update"
	OpDelete   Op = "delete"
	OpDownload Op = "download"
	// OpBegin begins an upload, OpChunk sends a part of it, OpAsk asks how far it is,
	// OpCancel ends it.
	OpBegin  Op = "begin"
	OpChunk  Op = "chunk"
	OpAsk    Op = "ask"
	OpCancel Op = "cancel"
	// OpStored is the end of an upload, where only Corrupt has a meaning.
	OpStored Op = "stored"
)

// Fault is what goes wrong with one request. One of the kinds is set.
type Fault struct {
	// Skip is how many requests go well before.
	Skip int
	// After is how many bytes of the request's or of the answer's content pass
	// before a Reset, a Stall or a Truncate.
	After int64

	// Status, with Reason and Message as Google tells them and RetryAfter in
	// seconds, is an answer that says no.
	Status          int
	Reason, Message string
	RetryAfter      int
	// Reset breaks the connection.
	Reset bool
	// Stall answers nothing until the test ends.
	Stall bool
	// ErrorBody answers with status 200 and the description of an error.
	ErrorBody bool
	// Lost does what was asked for, and breaks the connection before the answer.
	Lost bool
	// ExpireToken ends all access tokens before the request is looked at.
	ExpireToken bool
	// Truncate ends a download early.
	Truncate bool
	// Corrupt changes a byte of what was stored, as the checksum then tells.
	Corrupt bool
}

// injected is a fault that waits.
type injected struct {
	op    Op
	times int
	fault Fault
}

// Inject makes the next requests of an operation fail.
func (s *Stub) Inject(op Op, times int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &injected{op: op, times: times, fault: f})
}

// Pending is how many injected faults have not happened yet.
func (s *Stub) Pending() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.faults {
		n += i.times
	}
	return n
}

// next takes the fault for a request that is about to be served.
func (s *Stub) next(op Op) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[op]++
	for _, i := range s.faults {
		if i.op != op || i.times == 0 {
			continue
		}
		if i.fault.Skip > 0 {
			i.fault.Skip--
			return Fault{}, false
		}
		i.times--
		return i.fault, true
	}
	return Fault{}, false
}

// opOf tells what a request is for.
func opOf(r *http.Request) Op {
	switch {
	case r.URL.Path == "/token":
		return OpToken
	case r.URL.Path == "/drive/v3/about":
		return OpAbout
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		return uploadOp(r)
	case r.URL.Path == "/drive/v3/files/generateIds":
		return OpIDs
	case r.Method == http.MethodPost:
		return OpCreate
	case r.Method == http.MethodPatch:
		return OpUpdate
	case r.Method == http.MethodDelete:
		return OpDelete
	case r.URL.Path == "/drive/v3/files":
		return OpList
	case r.URL.Query().Get("alt") == "media":
		return OpDownload
	}
	return OpGet
}

func uploadOp(r *http.Request) Op {
	switch {
	case r.Method == http.MethodPost:
		return OpBegin
	case r.Method == http.MethodDelete:
		return OpCancel
	case r.Header.Get("Content-Range") == "bytes */*":
		return OpAsk
	}
	return OpChunk
}

// faulty puts the injected faults around what answers.
func (s *Stub) faulty(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := s.next(opOf(r))
		switch {
		case !ok:
			h.ServeHTTP(w, r)
		case f.Status != 0:
			tell(w, refusal{Code: f.Status, Reason: f.Reason, Message: f.Message, RetryAfter: f.RetryAfter})
		case f.ErrorBody:
			answerJSON(w, 200, errorBody(refusal{Code: 503, Reason: "backendError", Message: "Backend Error"}))
		case f.ExpireToken:
			s.ExpireTokens()
			h.ServeHTTP(w, r)
		case f.Lost:
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			s.forget(answer.Header().Get("Location"))
			reset(w)
		case r.Method == http.MethodGet:
			h.ServeHTTP(&brokenWriter{ResponseWriter: w, stub: s, r: r, fault: f, left: f.After}, r)
		case f.After == 0:
			if f.Stall {
				s.wait(r, r.Body)
			}
			reset(w)
		default:
			r.Body = &brokenBody{ReadCloser: r.Body, stub: s, r: r, fault: f, left: f.After}
			h.ServeHTTP(&silent{header: http.Header{}}, r)
			reset(w)
		}
	})
}

// forget takes note of an upload whose address nobody has learned, so that nobody can
// end it: it is as good as gone.
func (s *Stub) forget(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, id, _ := strings.Cut(address, "upload_id=")
	if u := s.sessions[id]; u != nil {
		u.end(http.StatusNotFound)
	}
}

// reset breaks the connection of a request without a good-bye.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

var errBroken = errors.New("the connection is broken")

// wait holds a request until the test, or who asked, ends. It swallows what is still
// sent, for only then is it told that who asked is gone.
func (s *Stub) wait(r *http.Request, body io.Reader) {
	_, _ = io.Copy(io.Discard, body) // it breaks off when who asked is gone
	select {
	case <-s.closed:
	case <-r.Context().Done():
	}
}

// silent swallows an answer.
type silent struct{ header http.Header }

func (q *silent) Header() http.Header         { return q.header }
func (q *silent) Write(p []byte) (int, error) { return len(p), nil }
func (q *silent) WriteHeader(int)             {}

// brokenBody is content of which only the beginning comes.
type brokenBody struct {
	io.ReadCloser
	stub  *Stub
	r     *http.Request
	fault Fault
	left  int64
}

func (b *brokenBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		if b.fault.Stall {
			b.stub.wait(b.r, b.ReadCloser)
		}
		return 0, errBroken
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// brokenWriter passes only the beginning of an answer on.
type brokenWriter struct {
	http.ResponseWriter
	stub  *Stub
	r     *http.Request
	fault Fault
	left  int64
}

func (b *brokenWriter) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil || b.left > 0 {
		return n, err
	}
	_ = http.NewResponseController(b.ResponseWriter).Flush()
	if b.fault.Stall {
		b.stub.wait(b.r, http.NoBody)
	}
	if !b.fault.Truncate {
		reset(b.ResponseWriter)
	}
	return n, errBroken
}

// Unwrap lets the connection be had.
func (b *brokenWriter) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// spoil changes a byte of a file when that was asked for.
func (s *Stub) spoil(f *file) error {
	for _, i := range s.faults {
		if i.op != OpStored || i.times == 0 || f.size == 0 {
			continue
		}
		i.times--
		s.calls[OpStored]++
		content, err := os.OpenFile(f.content, os.O_RDWR, 0)
		if err != nil {
			return errors.Join(errSpoiled, err)
		}
		var first [1]byte
		_, readErr := content.ReadAt(first[:], 0)
		first[0] ^= 0xff
		_, writeErr := content.WriteAt(first[:], 0)
		f.sum = strings.Repeat("0", 64)
		return errors.Join(readErr, writeErr, content.Close())
	}
	return nil
}
