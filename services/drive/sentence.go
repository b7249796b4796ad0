package drive

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"syscall"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

// unreachable puts an error of the connection to a drive's server into a sentence that
// names the drive, what it was doing, such as "store a copy", and the way out. What may
// pass by itself is a PassingError; a certificate that nobody vouches for is final. The
// error stays in the chain, and its address out of the sentence, for that of an upload
// is as good as a key. Errors that are no connection's, or have a sentence of their own,
// and a context that was cancelled, are returned as they are.
func unreachable(label, doing string, err error) error {
	var known *models.Fault
	var content *SourceError
	if refused := notReached(err); refused != nil {
		return &reachFault{Fault: reachSentence(models.ErrInvalid, label, doing, refused.Why), cause: err}
	}
	if err == nil || errors.As(err, &known) || errors.As(err, &content) || errors.Is(err, context.Canceled) {
		return err
	}
	server := reachServer(err)
	if why := reachUntrusted(server, err); why != "" {
		return &reachFault{Fault: reachSentence(models.ErrInvalid, label, doing, why), cause: err}
	}
	why := reachBroken(server, err)
	if why == "" {
		return err
	}
	marked := &PassingError{Cause: &reachFault{Fault: reachSentence(models.ErrConflict, label, doing, why), cause: err}}
	var before *PassingError
	if errors.As(err, &before) {
		marked.After, marked.Tried = before.After, before.Tried
	}
	return marked
}

// notReached is that the configuration forbids the address of the server, where no
// sentence names the drive yet.
func notReached(err error) *outgoing.Refusal {
	var told *reachFault
	var refused *outgoing.Refusal
	if errors.As(err, &told) || !errors.As(err, &refused) {
		return nil
	}
	return refused
}

func reachSentence(kind error, label, doing, why string) *models.Fault {
	return &models.Fault{Kind: kind, Sentence: fmt.Sprintf("drive %q could not %s: %s", label, doing, why)}
}

// reachFault is a sentence about a connection, with what it was made from.
type reachFault struct {
	*models.Fault
	cause error
}

// Unwrap returns the sentence first, so that it is what people are shown.
func (f *reachFault) Unwrap() []error { return []error{f.Fault, f.cause} }

// reachNoHTTP reports whether net/http could not read the beginning of an answer, which it
// quotes.
func reachNoHTTP(err error) bool {
	var header textproto.ProtocolError
	return errors.As(err, &header) || strings.Contains(err.Error(), "malformed HTTP ")
}

// reachServer is the host and the port that an error is about.
func reachServer(err error) string {
	var request *url.Error
	var name *net.DNSError
	var op *net.OpError
	isOp := errors.As(err, &op)
	if isOp && op.Op == "proxyconnect" {
		return "the proxy that this machine's settings name"
	}
	if errors.As(err, &request) {
		if at, wrong := url.Parse(request.URL); wrong == nil && at.Host != "" {
			return at.Host
		}
	}
	switch {
	case errors.As(err, &name):
		return name.Name
	case isOp && op.Addr != nil:
		return op.Addr.String()
	}
	return "its server"
}

// reachUntrusted tells why a server's proof of its identity is not accepted, or nothing.
func reachUntrusted(server string, err error) string {
	var authority x509.UnknownAuthorityError
	var other x509.HostnameError
	var invalid x509.CertificateInvalidError
	var refused *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return "nobody whom this machine trusts vouches for the certificate of " + server + ": name the certificate of its authority in the settings or install it on this machine, or correct the address"
	case errors.As(err, &other):
		return "the certificate of " + server + " is for other names: correct the address, or the certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of " + server + " is not valid at this time: renew it, or set the clock of this machine"
	case errors.As(err, &invalid), errors.As(err, &refused):
		return "the certificate of " + server + " is not accepted: have the server show a valid one"
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return server + " does not speak TLS there: begin the address with http:// in place of https://, or correct the port"
	}
	return ""
}

// reachBroken tells how a connection failed, or nothing when it is not about one.
func reachBroken(server string, err error) string {
	is := func(causes ...error) bool {
		for _, cause := range causes {
			if errors.Is(err, cause) {
				return true
			}
		}
		return false
	}
	var name *net.DNSError
	var network net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "no machine is known by the name " + server + ": correct the address, or see whether this machine can look up names"
	case errors.As(err, &name):
		return "the name " + server + " cannot be looked up: see whether the network of this machine works"
	case is(syscall.ECONNREFUSED):
		return server + " refuses the connection: see whether the server runs, and whether its address and port are right"
	case is(syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN):
		return "there is no way to " + server + ": see whether the network of this machine works, and whether the address is right"
	case errors.As(err, &network) && network.Timeout(), is(syscall.ETIMEDOUT):
		return server + " does not answer in time: see whether the server is overloaded, or whether a firewall is in between"
	case is(syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed):
		return "the connection to " + server + " broke off: see whether the server and the network work, and try again"
	case reachNoHTTP(err):
		return "what answers at " + server + " does not speak HTTP: correct the address or the port"
	case errors.As(err, &op):
		return "the connection to " + server + " failed: see whether the server and the network work, and try again"
	}
	return ""
}
