package drive

import (
	"context"
	"fmt"
	"io"
	"time"
)

// finishing is how many times longer than usual a drive may take, with nothing seen
// to move, for what is not a stream: to publish what it has got, to list, to check,
// to sweep.
const finishing = 5

// Watched ends operations of the named drive in which nothing moves for the limit,
// with a PassingError. What moves is the content that Put reads, or the progress it
// tells, and the copy that is read. Time in which Put waits for its content, or in
// which nobody reads the copy, does not count, nor does a pause of a Policy: that
// is not the drive's fault. A limit of 0 watches nothing.
//
// A drive promises to come back soon after its context ended. The watchdog ends the
// context and then waits for that: a Put that was given up while it still ran could
// leave something behind.
func Watched(d Drive, label string, limit time.Duration) Drive {
	if limit <= 0 {
		return d
	}
	return &watched{Drive: d, label: label, limit: limit}
}

type watched struct {
	Drive
	label string
	limit time.Duration
}

// Unwrap returns the drive that is watched.
func (d *watched) Unwrap() Drive { return d.Drive }

func (d *watched) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	var trace contentTrace
	r, hint = trace.follow(ctx, r, hint)
	ctx, clock := startStallClock(ctx, d.limit)
	r, hint = wrapReaders(ctx, r, hint, func(s *contentStream) io.Reader { return &clockedReader{s, clock} })
	hint = wrapWait(hint, func(ctx context.Context, wait func(context.Context) error) error {
		clock.hold()
		defer clock.release(finishing)
		return wait(ctx)
	})
	hint.Progress = clock.following(hint.Progress)
	stored, err := d.Drive.Put(ctx, key, r, hint)
	if err = d.verdict(clock.stop(), "took nothing", err); err != nil {
		if own := trace.broken(); own != nil {
			return Stored{}, own
		}
		return Stored{}, err
	}
	return stored, nil
}

// verdict puts what the driver says of a context that the clock ended into words.
func (d *watched) verdict(fired bool, did string, err error) error {
	if err == nil || !fired {
		return err
	}
	return &PassingError{Cause: fmt.Errorf("drive %q %s for %s: its server may be overloaded, or the network between may be down", d.label, did, d.limit)}
}

func (d *watched) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	ctx, clock := startStallClock(ctx, d.limit)
	r, err := d.Drive.Open(ctx, key)
	if err != nil {
		return nil, d.verdict(clock.stop(), "gave nothing", err)
	}
	clock.hold()
	return &watchedCopy{drive: d, copy: r, clock: clock}, nil
}

func (d *watched) Stat(ctx context.Context, key string) (s Stored, err error) {
	err = d.during(ctx, 1, func(ctx context.Context, _ *stallClock) error {
		s, err = d.Drive.Stat(ctx, key)
		return err
	})
	return s, err
}

func (d *watched) Delete(ctx context.Context, key string) error {
	return d.during(ctx, 1, func(ctx context.Context, _ *stallClock) error { return d.Drive.Delete(ctx, key) })
}

func (d *watched) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	return d.during(ctx, finishing, func(ctx context.Context, clock *stallClock) error {
		return d.Drive.List(ctx, prefix, func(s Stored) error {
			clock.hold()
			defer clock.release(finishing)
			return fn(s)
		})
	})
}

func (d *watched) Check(ctx context.Context) (report Report, err error) {
	err = d.during(ctx, finishing, func(ctx context.Context, _ *stallClock) error {
		report, err = d.Drive.Check(ctx)
		return err
	})
	return report, err
}

func (d *watched) Sweep(ctx context.Context, key string) error {
	return d.during(ctx, finishing, func(ctx context.Context, _ *stallClock) error { return d.Drive.Sweep(ctx, key) })
}

// during watches something that is not a stream.
func (d *watched) during(ctx context.Context, patience int, do func(context.Context, *stallClock) error) error {
	ctx, clock := startStallClock(ctx, d.limit)
	clock.release(patience)
	err := do(ctx, clock)
	return d.verdict(clock.stop(), "did not answer", err)
}

// clockedReader stops the clock while the drive waits for content.
type clockedReader struct {
	stream *contentStream
	clock  *stallClock
}

func (r *clockedReader) Read(p []byte) (int, error) {
	r.clock.hold()
	n, err := r.stream.Read(p)
	if err == io.EOF { //nolint:errorlint // only a bare io.EOF is the end of a reader
		r.clock.release(finishing)
	} else {
		r.clock.release(1)
	}
	return n, err
}

// watchedCopy lets the clock run only while somebody waits for the drive.
type watchedCopy struct {
	drive *watched
	copy  io.ReadCloser
	clock *stallClock
}

func (c *watchedCopy) Read(p []byte) (int, error) {
	c.clock.release(1)
	n, err := c.copy.Read(p)
	c.clock.hold()
	if err != nil && err != io.EOF {
		return n, c.drive.verdict(c.clock.hasFired(), "gave nothing", err)
	}
	return n, err
}

func (c *watchedCopy) Close() error {
	c.clock.stop()
	return c.copy.Close()
}
