package drive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"
)

// googlePatience is how long content may take to notice that its reader's context
// has ended, before it is left to itself.
const googlePatience = 2 * time.Second

// googleContent is what a Put sends, in parts that are known to be there before
// they are sent: what has no end yet must have a length.
type googleContent interface {
	// part waits for content from an offset on.
	part(ctx context.Context, from int64) (googlePart, error)
	// digest is the length and the SHA-256 of all content, once the last part was given.
	digest() (size int64, sum string)
	// repeats says that part gives any offset, and not only one in the current part.
	repeats() bool
}

// googlePart is a run of content.
type googlePart struct {
	from, size int64
	// last says that the content ends with it, and is proven.
	last bool
	open func(ctx context.Context) (io.ReadCloser, error)
}

// googleBuffer keeps one part of content that can be read only once.
type googleBuffer struct {
	r     *bufio.Reader
	sum   hash.Hash
	chunk int64

	start int64
	kept  bytes.Buffer
	last  bool
	// readers of the part are each closed by whoever sends it.
	readers []chan struct{}
}

func newGoogleBuffer(r io.Reader, chunk int64) *googleBuffer {
	return &googleBuffer{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New(), chunk: chunk}
}

func (b *googleBuffer) repeats() bool { return false }

func (b *googleBuffer) part(ctx context.Context, from int64) (googlePart, error) {
	if end := b.end(); from == end && !b.last {
		if err := googleAwait(ctx, b.fill); err != nil {
			return googlePart{}, err
		}
	}
	if from < b.start || from > b.end() {
		return googlePart{}, &PassingError{Tried: true, Cause: errors.New("a part of the upload is lost at Google, and its content can't be read again: try again")}
	}
	left := b.kept.Bytes()[from-b.start:]
	open := func(context.Context) (io.ReadCloser, error) {
		closed := make(chan struct{})
		b.readers = append(b.readers, closed)
		return &googleKept{Reader: bytes.NewReader(left), closed: closed}, nil
	}
	return googlePart{from: from, size: int64(len(left)), last: b.last, open: open}, nil
}

func (b *googleBuffer) end() int64 { return b.start + int64(b.kept.Len()) }

// googleKept reads a part that is kept. It is closed once.
type googleKept struct {
	*bytes.Reader
	closed chan struct{}
}

func (k *googleKept) Close() error {
	close(k.closed)
	return nil
}

// googleLoose is how long the memory of a part is waited for. Where Google answers
// before it has taken all, net/http may still be sending.
const googleLoose = 100 * time.Millisecond

// released makes sure that nothing reads the memory which the next part is kept in.
func (b *googleBuffer) released() {
	late := time.After(googleLoose)
	for _, closed := range b.readers {
		select {
		case <-closed:
		case <-late:
			b.readers, b.kept = nil, bytes.Buffer{}
			return
		}
	}
	b.readers = nil
}

// fill keeps the next part. Most content is a manifest, which takes little memory.
func (b *googleBuffer) fill() error {
	b.start = b.end()
	b.released()
	b.kept.Reset()
	few := min(b.chunk, googleBlock)
	_, err := io.CopyN(&b.kept, b.r, few)
	if err == nil && b.chunk > few {
		b.kept.Grow(int(b.chunk-few) + bytes.MinRead)
		_, err = io.CopyN(&b.kept, b.r, b.chunk-few)
	}
	if err == nil {
		_, err = b.r.Peek(1)
	}
	b.sum.Write(b.kept.Bytes())
	if err == io.EOF { //nolint:errorlint // only a bare io.EOF is the end of a reader
		b.last, err = true, nil
	}
	return err
}

func (b *googleBuffer) digest() (int64, string) { return b.end(), hex.EncodeToString(b.sum.Sum(nil)) }

// googleFollowed is content that can be read again: one pass over it takes the
// digest and learns how much there is, and parts are read where it is kept.
type googleFollowed struct {
	again  func(ctx context.Context, offset int64) (io.ReadCloser, error)
	enough int64

	mu      sync.Mutex
	seen    int64
	ended   bool
	err     error
	sum     string
	wanted  int64
	changed chan struct{}
	stopped bool
	done    chan struct{}
}

// follow reads r to its end; fail is called when that can't be.
func follow(r io.Reader, again func(ctx context.Context, offset int64) (io.ReadCloser, error), enough int64, fail func()) *googleFollowed {
	f := &googleFollowed{again: again, enough: enough, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		if f.pass(r) != nil {
			fail()
		}
	}()
	return f
}

func (f *googleFollowed) pass(r io.Reader) error {
	sum, buffer := sha256.New(), make([]byte, googleBlock)
	for {
		n, err := r.Read(buffer)
		sum.Write(buffer[:n])
		if err == io.EOF {
			f.learn(n, true, hex.EncodeToString(sum.Sum(nil)), nil)
			return nil
		}
		if f.learn(n, err != nil, "", err) {
			return err
		}
	}
}

// learn takes note of what was read, and reports whether that was the last.
func (f *googleFollowed) learn(n int, ended bool, sum string, err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen, f.ended, f.sum, f.err = f.seen+int64(n), ended, sum, err
	if f.changed != nil && (ended || f.seen >= f.wanted) {
		close(f.changed)
		f.changed = nil
	}
	return ended || f.stopped
}

// stop ends the pass at its next read, and waits for that; content that does not
// follow the context of its Put is waited for only for a moment when that has ended.
func (f *googleFollowed) stop(ctx context.Context) {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
	select {
	case <-f.done:
		return
	case <-ctx.Done():
	}
	select {
	case <-f.done:
	case <-time.After(googlePatience):
	}
}

func (f *googleFollowed) repeats() bool { return true }

// part waits until there is enough from an offset on, or the end.
func (f *googleFollowed) part(ctx context.Context, from int64) (googlePart, error) {
	for {
		p, changed, err := f.there(from)
		if changed == nil {
			return p, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return googlePart{}, context.Cause(ctx)
		}
	}
}

// there is what can be sent from an offset on, or what tells that there is more.
func (f *googleFollowed) there(from int64) (p googlePart, changed <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	size := f.seen - from
	switch {
	case f.err != nil:
		return p, nil, f.err
	case size < 0:
		return p, nil, fmt.Errorf("the upload has %d bytes at Google, of %d", from, f.seen)
	case f.ended:
	case size < f.enough:
		if f.changed == nil {
			f.changed = make(chan struct{})
		}
		f.wanted = from + f.enough
		return p, f.changed, nil
	default:
		size -= size % googleBlock
	}
	return googlePart{from: from, size: size, last: f.ended, open: func(ctx context.Context) (io.ReadCloser, error) { return f.again(ctx, from) }}, nil, nil
}

func (f *googleFollowed) digest() (int64, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen, f.sum
}

// googleAwait does what may wait for content, and leaves it to itself when that does
// not end with the context.
func googleAwait(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(googlePatience):
		return context.Cause(ctx)
	}
}
