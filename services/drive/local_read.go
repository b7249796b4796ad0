package drive

import (
	"context"
	"io"
	"os"

	"github.com/backupman/backupman/models"
)

// localReader reads one copy, as long as a context lasts.
type localReader struct {
	ctx   context.Context
	file  *os.File
	drive *Local
	key   string
	// size is how long the copy was when it was opened, and read how much of it
	// has been read.
	size, read int64
}

// Read fails once the context has ended, and when the file ends too early.
func (r *localReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.file.Read(p)
	r.read += int64(n)
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		return n, r.drive.fault("read "+r.key, err)
	case r.read < r.size:
		return n, models.Conflictf("drive %q: the copy %s became shorter while it was read: find out which program changes files in %s", r.drive.label, r.key, r.drive.folder)
	}
	return n, io.EOF
}

// Close lets go of the file.
func (r *localReader) Close() error { return r.file.Close() }
