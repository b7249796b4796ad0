package source

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readSize is how much is read from a tool at once, and pipeSize how much
	// the pipe holds: with the usual 64 KiB both sides spend their time waking
	// each other.
	readSize = 512 << 10
	pipeSize = 1 << 20
	// fillTime is how long an emptied pipe is left alone: it takes longer to
	// fill as long as the tool writes less than 512 MiB/s.
	fillTime = 2 * time.Millisecond
	// lookTime is how often a silent tool's reader looks at its context.
	lookTime = 100 * time.Millisecond
)

// toolPipe is the reading end of a tool's output. It stays out of the Go
// runtime's poller, which is woken by every single write of the tool.
type toolPipe struct {
	fd int
	// large says that the pipe holds pipeSize.
	large bool
}

// newToolPipe returns the reading end, and the writing end for the tool.
func newToolPipe() (*toolPipe, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	p := &toolPipe{large: enlargePipe(w)}
	conn, err := r.SyscallConn()
	if err == nil {
		var dupErr error
		err = conn.Control(func(fd uintptr) { p.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
		err = errors.Join(err, dupErr)
	}
	if err != nil {
		_ = w.Close()
		return nil, nil, err
	}
	return p, w, nil
}

func (p *toolPipe) close() { _ = unix.Close(p.fd) }

// pump copies until the tool closes its output. Tools write 4 KiB at a time,
// and being woken for each costs more than all else here; so after a read that
// found little it lets a large pipe fill.
func (p *toolPipe) pump(ctx context.Context, outs []io.Writer) error {
	buf := make([]byte, readSize)
	for {
		n, err := p.read(ctx, buf)
		for _, out := range outs {
			if n == 0 {
				break
			}
			if _, err := out.Write(buf[:n]); err != nil {
				return err
			}
		}
		if n == 0 || err != nil {
			return err
		}
		if p.large && n < pipeSize/8 {
			time.Sleep(fillTime)
		}
	}
}

// read waits for bytes and returns 0 at the end. The descriptor is not
// blocking, so that a context that ends is noticed.
func (p *toolPipe) read(ctx context.Context, buf []byte) (int, error) {
	for ctx.Err() == nil {
		n, err := unix.Read(p.fd, buf)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, unix.EAGAIN):
			_, err = unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, int(lookTime/time.Millisecond))
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return 0, err
		}
	}
	return 0, context.Cause(ctx)
}
