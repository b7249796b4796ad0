package drive

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
)

// contentStream is one reader of a Put's content: the one that Put was given, or
// one that Hint.Again opened.
type contentStream struct {
	io.Reader
	ctx    context.Context
	closed atomic.Bool
}

// breaks reports whether an error of a Read is the content's own: not its end, and
// not the consequence of a context that ended or of a reader that was closed.
func (s *contentStream) breaks(err error) bool {
	return err != nil && err != io.EOF && s.ctx.Err() == nil && !s.closed.Load() //nolint:errorlint // only a bare io.EOF is the end of a reader
}

// wrapReaders puts wrap around every reader of a Put's content.
func wrapReaders(ctx context.Context, r io.Reader, hint Hint, wrap func(*contentStream) io.Reader) (io.Reader, Hint) {
	if again := hint.Again; again != nil {
		hint.Again = func(ctx context.Context, offset int64) (io.ReadCloser, error) {
			opened, err := again(ctx, offset)
			if err != nil {
				return nil, err
			}
			s := &contentStream{Reader: opened, ctx: ctx}
			return &wrappedStream{Reader: wrap(s), stream: s, closer: opened}, nil
		}
	}
	return wrap(&contentStream{Reader: r, ctx: ctx}), hint
}

// wrappedStream is a reader that Hint.Again opened, with something around it.
type wrappedStream struct {
	io.Reader
	stream *contentStream
	closer io.Closer
}

func (w *wrappedStream) Close() error {
	w.stream.closed.Store(true)
	return w.closer.Close()
}

// wrapWait puts wrap around the wait for a linked file.
func wrapWait(hint Hint, wrap func(ctx context.Context, wait func(context.Context) error) error) Hint {
	if hint.Local == nil {
		return hint
	}
	local := *hint.Local
	wait := local.Wait
	local.Wait = func(ctx context.Context) error { return wrap(ctx, wait) }
	hint.Local = &local
	return hint
}

// contentTrace remembers whether a Put's content was touched, and whether it broke.
type contentTrace struct {
	mu      sync.Mutex
	touched bool
	err     error
}

// follow returns the content with the trace on all of it.
func (c *contentTrace) follow(ctx context.Context, r io.Reader, hint Hint) (io.Reader, Hint) {
	r, hint = wrapReaders(ctx, r, hint, func(s *contentStream) io.Reader { return &tracedReader{s, c} })
	return r, wrapWait(hint, func(ctx context.Context, wait func(context.Context) error) error {
		err := wait(ctx)
		c.note(err, err != nil && ctx.Err() == nil)
		return err
	})
}

func (c *contentTrace) note(err error, broke bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched = true
	if broke && c.err == nil {
		c.err = err
	}
}

// broken returns the content's own error, or nil.
func (c *contentTrace) broken() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *contentTrace) wasTouched() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.touched
}

type tracedReader struct {
	stream *contentStream
	trace  *contentTrace
}

func (t *tracedReader) Read(p []byte) (int, error) {
	n, err := t.stream.Read(p)
	t.trace.note(err, t.stream.breaks(err))
	return n, err
}
