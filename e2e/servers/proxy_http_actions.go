package servers

import (
	"errors"
	"io"
	"net/http"
	"strconv"
)

// Answer takes the whole request and answers it without asking the server.
func Answer(status int, header http.Header, body string) HTTPAction {
	return func(x *HTTPExchange) {
		_, _ = io.Copy(io.Discard, x.r.Body)
		for name, values := range header {
			x.w.Header()[name] = values
		}
		x.w.WriteHeader(status)
		if x.r.Method != http.MethodHead {
			_, _ = io.WriteString(x.w, body)
		}
	}
}

// Busy answers that the client shall come back after so many seconds; 0 leaves
// open when.
func Busy(status, seconds int) HTTPAction {
	header := http.Header{}
	if seconds > 0 {
		header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return Answer(status, header, "")
}

// ErrorIn200 answers with success, and with an error in the form of S3's in the
// body, as servers do that begin an answer before they know how it ends.
func ErrorIn200() HTTPAction {
	return Answer(http.StatusOK, http.Header{"Content-Type": {"application/xml"}}, errorBody)
}

const errorBody = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message><RequestId>0</RequestId></Error>`

// CutUpload passes so many bytes of the request's body on and then resets the
// connections to both sides.
func CutUpload(after int64) HTTPAction {
	return func(x *HTTPExchange) {
		x.r.Body = &cutBody{ReadCloser: x.r.Body, left: after, end: errCut}
		x.forward(nil)
	}
}

// CutDownload breaks the connection to the client after so many bytes of the
// answer's body.
func CutDownload(after int64) HTTPAction {
	return func(x *HTTPExchange) {
		x.forward(func(r *http.Response) error {
			r.Body = &cutBody{ReadCloser: r.Body, left: after, end: errCut}
			return nil
		})
	}
}

// Truncate makes the answer's body so many bytes long, in good form: only who
// knows the whole length can tell.
func Truncate(length int64) HTTPAction {
	return func(x *HTTPExchange) {
		x.forward(func(r *http.Response) error {
			if r.ContentLength > length {
				r.ContentLength = length
				r.Header.Set("Content-Length", strconv.FormatInt(length, 10))
			}
			r.Body = &cutBody{ReadCloser: r.Body, left: length, end: io.EOF}
			return nil
		})
	}
}

// LoseAnswer lets the server do what is asked, and resets the client's connection
// in the place of the answer.
func LoseAnswer() HTTPAction {
	return func(x *HTTPExchange) {
		x.forward(func(r *http.Response) error {
			_, err := io.Copy(io.Discard, r.Body)
			return errors.Join(errCut, err, r.Body.Close())
		})
	}
}

// Hang takes nothing and answers nothing until the test ends; a client that sends
// no body may leave before.
func Hang() HTTPAction {
	return func(x *HTTPExchange) {
		x.hang()
		abortHTTP(x.w)
	}
}

func (x *HTTPExchange) hang() {
	select {
	case <-x.r.Context().Done():
	case <-x.proxy.closed:
	}
}

// HangUpload passes so many bytes of the request's body on and then takes no more
// until the test ends.
func HangUpload(after int64) HTTPAction {
	return func(x *HTTPExchange) {
		x.r.Body = &cutBody{ReadCloser: x.r.Body, left: after, before: x.hang, end: errCut}
		x.forward(nil)
	}
}

// HangDownload gives so many bytes of the answer's body and then no more until the
// client leaves or the test ends.
func HangDownload(after int64) HTTPAction {
	return func(x *HTTPExchange) {
		x.forward(func(r *http.Response) error {
			r.Body = &cutBody{ReadCloser: r.Body, left: after, before: x.hang, end: errCut}
			return nil
		})
	}
}

// cutBody ends a body after so many bytes, in its own way.
type cutBody struct {
	io.ReadCloser
	left   int64
	before func()
	end    error
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if b.before != nil {
			b.before()
		}
		return 0, b.end
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
