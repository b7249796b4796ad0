package drive_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

func TestPassing(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":                 {nil, false},
		"a mark":                  {&drive.PassingError{Cause: models.Invalidf("busy")}, true},
		"a sentence":              {models.Invalidf("wrong"), false},
		"the content's own":       {&drive.PassingError{Cause: &drive.SourceError{Cause: io.ErrUnexpectedEOF}}, false},
		"a reset":                 {fmt.Errorf("send: %w", syscall.ECONNRESET), true},
		"no route":                {fmt.Errorf("connect: %w", dial), true},
		"a timeout":               {os.ErrDeadlineExceeded, true},
		"a broken answer":         {io.ErrUnexpectedEOF, true},
		"a context that ended":    {context.Canceled, false},
		"not a folder":            {&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOTDIR}, false},
		"an input-output error":   {&fs.PathError{Op: "read", Path: "/x", Err: syscall.EIO}, false},
		"a read-only file system": {syscall.EROFS, false},
		"an unknown certificate":  {&url.Error{Op: "Put", URL: "https://x", Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, false},
		"a server that hung up":   {&url.Error{Op: "Put", URL: "https://x", Err: io.EOF}, true},
		"anything else":           {errors.New("boom"), false},
	} {
		if got := drive.Passing(c.err); got != c.want {
			t.Errorf("%s: %v passes: %v", name, c.err, got)
		}
	}
}

func TestAttemptsDoNotMultiply(t *testing.T) {
	p := drive.Policy{Attempts: 4, First: time.Microsecond, Most: time.Microsecond}
	tries := 0
	err := p.Do(t.Context(), func(ctx context.Context) error {
		return p.Do(ctx, func(context.Context) error { tries++; return syscall.ECONNRESET })
	})
	if tries != 4 || !errors.Is(err, syscall.ECONNRESET) || !drive.Passing(err) {
		t.Errorf("tried %d times, %v", tries, err)
	}
}

func TestAProviderThatAsksForTooLongAPauseIsGivenUp(t *testing.T) {
	p := drive.Policy{Attempts: 4, First: time.Microsecond, Most: time.Millisecond}
	tries := 0
	_ = p.Do(t.Context(), func(context.Context) error {
		tries++
		return &drive.PassingError{Cause: errors.New("busy"), After: time.Hour}
	})
	if tries != 1 {
		t.Errorf("tried %d times", tries)
	}
}

func TestPausesAreTold(t *testing.T) {
	p := drive.Policy{Attempts: 3, First: time.Microsecond, Most: time.Microsecond}
	var told []error
	ctx := drive.WithPauses(t.Context(), func(fault error) { told = append(told, fault) })
	_ = p.Do(ctx, func(context.Context) error { return syscall.ECONNRESET })
	if len(told) != 2 || !errors.Is(told[0], syscall.ECONNRESET) {
		t.Errorf("told of %v", told)
	}
}
