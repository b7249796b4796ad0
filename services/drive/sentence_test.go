package drive_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

func TestConnectionsThatFailAreSentences(t *testing.T) {
	dialing := func(err error) error {
		return &url.Error{Op: "Put", URL: "https://box.test:8443/secret?upload=key", Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	sys := func(n syscall.Errno) error { return dialing(os.NewSyscallError("connect", n)) }
	for name, c := range map[string]struct {
		err     error
		says    string
		passing bool
	}{
		"refused":      {sys(syscall.ECONNREFUSED), "box.test:8443 refuses the connection", true},
		"no way":       {sys(syscall.EHOSTUNREACH), "no way to box.test:8443", true},
		"reset":        {sys(syscall.ECONNRESET), "box.test:8443 broke off", true},
		"ended early":  {&url.Error{Op: "Put", URL: "https://box.test/a", Err: io.EOF}, "box.test broke off", true},
		"cut short":    {io.ErrUnexpectedEOF, "its server broke off", true},
		"silent":       {dialing(os.ErrDeadlineExceeded), "does not answer in time", true},
		"no name":      {dialing(&net.DNSError{Name: "box.test", IsNotFound: true}), "no machine is known by the name box.test", true},
		"no look-up":   {dialing(&net.DNSError{Name: "box.test", IsTimeout: true}), "cannot be looked up", true},
		"something":    {dialing(errors.New("strange")), "box.test:8443 failed", true},
		"proxy":        {&url.Error{Op: "Put", URL: "https://box.test/a", Err: &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}}, "the proxy", true},
		"no authority": {&url.Error{Op: "Put", URL: "https://box.test/a", Err: x509.UnknownAuthorityError{}}, "nobody whom this machine trusts vouches for the certificate of box.test", false},
		"expired":      {x509.CertificateInvalidError{Reason: x509.Expired}, "not valid at this time", false},
	} {
		t.Run(name, func(t *testing.T) {
			err := drive.Unreachable("cloud", "store a/file", c.err)
			var fault *models.Fault
			if !errors.As(err, &fault) || fault.Sentence != err.Error() {
				t.Fatalf("%v is no sentence", err)
			}
			if said := err.Error(); !strings.HasPrefix(said, `drive "cloud" could not store a/file: `) || !strings.Contains(said, c.says) || strings.Contains(said, "secret") {
				t.Errorf("it says %s", said)
			}
			if drive.Passing(err) != c.passing {
				t.Errorf("passing is %t", !c.passing)
			}
			if !errors.Is(err, c.err) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestOtherErrorsStayAsTheyAre(t *testing.T) {
	for _, err := range []error{nil, errors.New("other"), models.NotFoundf("gone"), &drive.SourceError{Cause: io.ErrUnexpectedEOF},
		&url.Error{Op: "Get", URL: "http://box.test", Err: context.Canceled}, fmt.Errorf("file: %w", os.ErrNotExist), syscall.ENOSPC} {
		if got := drive.Unreachable("cloud", "store", err); got != err { //nolint:errorlint // the very same is meant
			t.Errorf("%v became %v", err, got)
		}
	}
}

// The words of net/http are matched as they really come.
func TestRealConnectionsThatFail(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	defer plain.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	for address, says := range map[string]string{
		secure.URL: "vouches for the certificate",
		"https" + strings.TrimPrefix(plain.URL, "http"): "does not speak TLS",
		gone.URL: "refuses the connection",
		cut.URL:  "broke off",
	} {
		client := &http.Client{Transport: &http.Transport{}}
		answer, err := client.Get(address)
		if err == nil {
			_ = answer.Body.Close()
		}
		said := fmt.Sprint(drive.Unreachable("cloud", "connect", err))
		if !strings.Contains(said, says) || strings.Contains(said, "tcp") {
			t.Errorf("%v: it says %s", err, said)
		}
	}
}
