package drive

import (
	"context"
	"io"
	"time"

	"golang.org/x/time/rate"
)

const (
	// limitBurst bounds, in bytes, how much one Read of a limited stream takes, so
	// that the line is used evenly. It is an eighth of a second where that is less.
	limitBurst = 1 << 20
	leastBurst = 512
)

// Limited holds a drive to so many bytes per second in each direction, all its
// uploads and all its downloads together; 0 is no limit. A file that the drive
// links costs nothing, and so do requests without content.
func Limited(d Drive, bytesPerSecond int64) Drive {
	if bytesPerSecond <= 0 {
		return d
	}
	return &limited{Drive: d, up: newBucket(bytesPerSecond), down: newBucket(bytesPerSecond)}
}

type limited struct {
	Drive
	up, down *rate.Limiter
}

func newBucket(bytesPerSecond int64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(bytesPerSecond), int(min(max(bytesPerSecond/8, leastBurst), limitBurst)))
}

// Unwrap returns the drive that is limited.
func (d *limited) Unwrap() Drive { return d.Drive }

func (d *limited) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	free := r
	r, hint = wrapReaders(ctx, r, hint, func(s *contentStream) io.Reader {
		return &limitedReader{ctx: s.ctx, r: s, bucket: d.up}
	})
	if _, scans := As[Scanner](d.Drive); scans && hint.Again != nil {
		r = free
	}
	return d.Drive.Put(ctx, key, r, hint)
}

func (d *limited) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := d.Drive.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{&limitedReader{ctx: ctx, r: r, bucket: d.down}, r}, nil
}

// limitedReader hands on what it reads only when its bucket allows.
type limitedReader struct {
	ctx    context.Context
	r      io.Reader
	bucket *rate.Limiter
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p[:min(len(p), l.bucket.Burst())])
	if n == 0 {
		return n, err
	}
	if ended := l.pay(n); ended != nil {
		return n, ended
	}
	return n, err
}

// pay waits until the bucket has given so many bytes, or the context ends.
func (l *limitedReader) pay(bytes int) error {
	bill := l.bucket.ReserveN(time.Now(), bytes)
	wait := bill.Delay()
	if wait == 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-l.ctx.Done():
		bill.Cancel()
		return l.ctx.Err()
	}
}
