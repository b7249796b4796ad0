package drive

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// webdavContent is what an upload reads. net/http may read on for a moment after it
// has returned, so each Read is under a lock.
type webdavContent struct {
	guard *Guard
	close func()

	mu   sync.Mutex
	r    io.Reader
	read atomic.Int64
}

func newWebDAVContent(r io.Reader, closing func()) *webdavContent {
	guard := NewGuard(r)
	return &webdavContent{guard: guard, r: guard, close: closing}
}

func (c *webdavContent) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.r.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// rest waits until nothing reads the content any more, so that its owner may do with
// it what he likes; when ctx has ended, not for long.
func (c *webdavContent) rest(ctx context.Context) {
	free := make(chan struct{})
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		close(free)
	}()
	select {
	case <-free:
		return
	case <-ctx.Done():
	}
	timer := time.NewTimer(webdavGrace)
	defer timer.Stop()
	select {
	case <-free:
	case <-timer.C:
	}
}

// head reads as much as is looked at, and reports whether that is all.
func (c *webdavContent) head() (head []byte, all bool, err error) {
	head = make([]byte, webdavHead)
	n, err := io.ReadFull(c.guard, head)
	head = head[:n]
	c.r = io.MultiReader(bytes.NewReader(head), c.guard)
	if c.guard.Err() != nil {
		return nil, false, c.guard.Err()
	}
	return head, err != nil, nil // io.ReadFull says io.EOF in two ways
}

// length reads to the end and returns how long all of it is.
func (c *webdavContent) length() (int64, error) {
	if _, err := io.Copy(io.Discard, struct{ io.Reader }{c}); err != nil {
		return 0, err
	}
	return c.read.Load(), nil
}

// webdavBody is content on its way. One whose length was not told is broken off by
// ending it in good form: its server then answers when it has let go of the file,
// which is never given its final name.
type webdavBody struct {
	ctx      context.Context
	content  *webdavContent
	unsized  bool
	closed   atomic.Bool
	progress func(int64)
	sent     int64
}

func (b *webdavBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := 0, b.ctx.Err()
	if err == nil {
		n, err = b.content.Read(p)
	}
	if b.sent += int64(n); n > 0 && b.progress != nil {
		b.progress(b.sent)
	}
	if err != nil && b.unsized {
		err = io.EOF
	}
	return n, err
}

func (b *webdavBody) Close() error {
	b.closed.Store(true)
	return nil
}
