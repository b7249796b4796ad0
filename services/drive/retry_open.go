package drive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/backupman/backupman/models"
)

// Open returns a reader that outlives passing faults: it opens the copy again and
// skips what was read already, which reads that once more from the drive, because
// a drive has no way to open a copy in its middle. The copy must keep the length
// that it had at first. Whoever needs more than that compares checksums.
func (d *retrying) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	stored, err := d.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	c := &retriedCopy{ctx: ctx, drive: d, key: key, size: stored.Size}
	if err := d.do(ctx, c.open); err != nil {
		return nil, err
	}
	return c, nil
}

// retriedCopy reads one copy through several readers.
type retriedCopy struct {
	ctx   context.Context
	drive *retrying
	key   string
	// size is how long the copy is, and read how much of it was given.
	size, read int64
	// faults counts what broke since the copy was opened, and fault is what the
	// next Read has to deal with.
	faults int
	fault  error
	now    io.ReadCloser
}

// open opens the copy at what has been read so far.
func (c *retriedCopy) open(ctx context.Context) error {
	r, err := c.drive.Drive.Open(ctx, c.key)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, r, c.read); err != nil {
		return errors.Join(c.early(err), r.Close())
	}
	c.now = r
	return nil
}

// early puts an end before the whole length was read into words.
func (c *retriedCopy) early(err error) error {
	if err != io.EOF { //nolint:errorlint // only a bare io.EOF is the end of a reader
		return err
	}
	return &PassingError{Cause: fmt.Errorf("the copy %s ended before its %d bytes were read: %w", c.key, c.size, io.ErrUnexpectedEOF)}
}

func (c *retriedCopy) Read(p []byte) (int, error) {
	for {
		if err := c.mend(); err != nil {
			return 0, err
		}
		n, err := c.now.Read(p)
		c.read += int64(n)
		if c.read > c.size {
			return 0, models.Conflictf("the copy %s became longer than its %d bytes while it was read: find out what changes files on its drive", c.key, c.size)
		}
		if err == nil || err == io.EOF && c.read == c.size {
			return n, err
		}
		if c.fault = c.early(err); n > 0 {
			return n, nil
		}
	}
}

// mend opens the copy again after a fault, when that is of use; else it returns
// the fault, now and later.
func (c *retriedCopy) mend() error {
	if c.fault == nil {
		return nil
	}
	if c.ctx.Err() != nil || !Passing(c.fault) {
		return c.fault
	}
	if c.faults++; c.faults >= c.drive.policy.Attempts || !c.drive.policy.Pause(c.ctx, c.faults, c.fault) {
		return c.fault
	}
	broken := c.now
	if err := c.drive.do(c.ctx, c.open); err != nil {
		return err
	}
	c.fault = nil
	_ = broken.Close()
	return nil
}

// Close lets go of the reader at work.
func (c *retriedCopy) Close() error { return c.now.Close() }
