package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/backupman/backupman/models"
)

// Open reads a copy.
func (d *Rclone) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	stored, err := d.stat(ctx, key)
	if err != nil {
		return nil, err
	}
	p, err := d.command(ctx, "cat", "--", d.path(key))
	if err != nil {
		return nil, err
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		return nil, fmt.Errorf("connect to rclone: %w", err)
	}
	if err := d.start(p); err != nil {
		return nil, err
	}
	return &rcloneReader{ctx: ctx, drive: d, process: p, key: key, size: stored.Size}, nil
}

// rcloneReader reads what rclone prints. The end counts only when rclone says that
// all went well and the length is the one that the remote told.
type rcloneReader struct {
	ctx     context.Context
	drive   *Rclone
	process *rcloneProcess
	key     string
	size    int64
	read    int64
	err     error
	once    sync.Once
}

func (r *rcloneReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.process.stdout.Read(p)
	r.read += int64(n)
	if err != nil {
		r.err = r.end()
	}
	if n > 0 {
		return n, nil
	}
	return 0, r.err
}

// end returns io.EOF when all was read, and why not otherwise.
func (r *rcloneReader) end() error {
	var err error
	r.once.Do(func() { err = r.process.wait(r.ctx) })
	doing := fmt.Sprintf("read %s behind %d of %d bytes", r.key, r.read, r.size)
	switch {
	case err != nil:
		return r.drive.fault(doing, err)
	case r.read != r.size:
		return &PassingError{Cause: models.Conflictf("drive %q could not %s: rclone says that this is all: try again, and find out what changes files in %s if it happens again", r.drive.place.Label, doing, r.drive.remote)}
	default:
		return io.EOF
	}
}

// Close ends rclone when it still runs.
func (r *rcloneReader) Close() error {
	r.once.Do(r.process.end)
	if r.err == nil {
		r.err = errors.New("the reader is closed")
	}
	return nil
}
