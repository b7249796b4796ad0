package drivetest

import (
	"context"
	"io"
	"sync"

	"github.com/backupman/backupman/services/drive"
)

// faultyPut breaks the content of one Put in the drive's place: for the driver it is
// the content that fails, so it clears up, and the caller is told of the fault.
type faultyPut struct {
	plan *Plan
	ctx  context.Context

	mu       sync.Mutex
	injected error
}

func (p *faultyPut) hint(h drive.Hint) drive.Hint {
	if again := h.Again; again != nil {
		h.Again = func(ctx context.Context, offset int64) (io.ReadCloser, error) {
			r, err := again(ctx, offset)
			if err != nil {
				return nil, err
			}
			return struct {
				io.Reader
				io.Closer
			}{p.reader(ctx, r, offset), r}, nil
		}
	}
	if h.Local != nil {
		h.Local = p.local(*h.Local)
	}
	return h
}

// local breaks a link, of which no byte is read, when it is about to be published.
func (p *faultyPut) local(l drive.LocalFile) *drive.LocalFile {
	wait := l.Wait
	l.Wait = func(ctx context.Context) error {
		if err := wait(ctx); err != nil {
			return err
		}
		for _, stage := range []Stage{DuringPut, BeforePublish} {
			if f := p.plan.next(stage); f != nil {
				return p.keep(f.happen(ctx))
			}
		}
		return nil
	}
	return &l
}

func (p *faultyPut) reader(ctx context.Context, r io.Reader, offset int64) io.Reader {
	return &faultyContent{r: r, ctx: ctx, put: p, at: offset}
}

func (p *faultyPut) keep(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.injected = err
	return err
}

func (p *faultyPut) fault() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.injected
}

type faultyContent struct {
	r   io.Reader
	ctx context.Context
	put *faultyPut
	at  int64
}

func (c *faultyContent) Read(p []byte) (int, error) {
	most, fault := c.put.plan.due(DuringPut, c.at, len(p))
	if fault != nil {
		return 0, c.end(fault)
	}
	n, err := c.r.Read(p[:most])
	c.at += int64(n)
	if err != io.EOF {
		return n, err
	}
	if fault := c.put.plan.next(BeforePublish); fault != nil {
		return n, c.end(fault)
	}
	return n, err
}

// end is how the content ends for the driver.
func (c *faultyContent) end(f *Fault) error {
	if f.Kind == Truncate {
		return io.EOF
	}
	return c.put.keep(f.happen(c.ctx))
}
