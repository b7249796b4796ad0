package drive

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/backupman/backupman/models"
)

// PassingError says that a drive's fault may pass by itself, so that trying again
// makes sense: a timeout, a lost connection, a server that is busy. Drivers mark
// what their provider says to be passing; what a models.Fault says is final.
type PassingError struct {
	Cause error
	// After is how long the provider asks to wait; 0 when it does not say.
	After time.Duration
	// Tried says that it has been tried again as often as Policy allows.
	Tried bool
}

func (e *PassingError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *PassingError) Unwrap() error { return e.Cause }

// Passing reports whether an error of a drive may pass by itself. A mark decides;
// without one a models.Fault is final, and so are a context that ended and a server
// whose certificate is not trusted; broken connections and timeouts pass, and anything
// else does not.
func Passing(err error) bool {
	var marked *PassingError
	var fault *models.Fault
	var source *SourceError
	var network net.Error
	var untrusted *tls.CertificateVerificationError
	var op *net.OpError
	var errno syscall.Errno
	switch {
	case err == nil, errors.As(err, &source):
		return false
	case errors.As(err, &marked):
		return true
	case errors.As(err, &fault), errors.Is(err, context.Canceled), errors.As(err, &untrusted):
		return false
	case errors.As(err, &op):
		return true
	case errors.As(err, &errno) && !errno.Timeout():
		// A syscall.Errno is a net.Error, and most of them have nothing to do with one.
	case errors.As(err, &network):
		return true
	}
	for _, broken := range []error{io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED, syscall.ECONNABORTED, syscall.ETIMEDOUT} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
}

// SourceError is an error of the content that a Put reads, and not of the drive.
// Trying again is no use: the content itself is broken. It does not unwrap, for
// some SDKs take a wrapped io.ErrUnexpectedEOF for the end of the content.
type SourceError struct{ Cause error }

func (e *SourceError) Error() string { return e.Cause.Error() }

// Guard stands between content and an SDK. The SDK sees a SourceError in the place
// of every error but io.EOF.
type Guard struct {
	r io.Reader

	mu  sync.Mutex
	err error
}

// NewGuard returns a guard over r.
func NewGuard(r io.Reader) *Guard { return &Guard{r: r} }

// Read reads on, and keeps the first error of the content.
func (g *Guard) Read(p []byte) (int, error) {
	if err := g.Err(); err != nil {
		return 0, &SourceError{Cause: err}
	}
	n, err := g.r.Read(p)
	if err != nil && err != io.EOF {
		g.keep(err)
		return n, &SourceError{Cause: err}
	}
	return n, err
}

func (g *Guard) keep(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

// Err returns the content's own error, or nil.
func (g *Guard) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// Blame returns the content's own error when there was one, else err.
func (g *Guard) Blame(err error) error {
	if own := g.Err(); err != nil && own != nil {
		return own
	}
	return err
}
