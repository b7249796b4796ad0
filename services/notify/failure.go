package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/backupman/backupman/services/outgoing"
)

// Failure is why something was not sent.
type Failure struct {
	// Sentence says it for people. What the other side said is not in it.
	Sentence string
	// Final says that trying again by itself is of no use.
	Final bool
	// Wait is how long the other side asked to be left alone; 0 when it did not.
	Wait time.Duration
}

func (f *Failure) Error() string { return f.Sentence }

func passing(format string, args ...any) *Failure {
	return &Failure{Sentence: fmt.Sprintf(format, args...)}
}

func final(format string, args ...any) *Failure {
	return &Failure{Sentence: fmt.Sprintf(format, args...), Final: true}
}

// unreachable says why there was no conversation with a host. The error itself may quote
// an address with a key in it, or what the other side sent, and is not told.
func unreachable(host string, err error) *Failure {
	var refused *outgoing.Refusal
	var noName *net.DNSError
	var badName x509.HostnameError
	var noCertificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refused):
		return final("%s", refused.Why)
	case errors.As(err, &noName):
		return passing("%s is not found: check the name, and whether this machine can look names up", host)
	case errors.As(err, &badName):
		return passing("%s shows a certificate for another name: check the name", host)
	case errors.As(err, &noCertificate):
		return passing("%s shows a certificate that this machine does not trust: check the name, or add the authority to the machine's", host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return passing("%s refuses connections: check host and port, and whether it runs", host)
	case timedOut(err):
		return passing("%s did not answer within %s", host, sendTime)
	}
	return passing("the connection to %s broke, or what answers there speaks another protocol: check host, port and encryption", host)
}

func timedOut(err error) bool {
	var slow net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &slow) && slow.Timeout()
}
