package drive

import (
	"context"
	"errors"
	"io"

	gdrive "google.golang.org/api/drive/v3"

	"github.com/backupman/backupman/models"
)

// download reads the content of a file.
func (d *GoogleDrive) download(ctx context.Context, name string, f *gdrive.File) (io.ReadCloser, error) {
	res, err := d.api.Files.Get(f.Id).SupportsAllDrives(true).Context(ctx).Download()
	if err != nil {
		return nil, d.fault(ctx, "open "+name, err)
	}
	if res.ContentLength >= 0 && res.ContentLength != f.Size {
		return nil, errors.Join(&PassingError{Cause: models.Conflictf("drive %q: %s has %d bytes, and Google sends %d: try again", d.label, name, f.Size, res.ContentLength)}, res.Body.Close())
	}
	return &googleReader{body: res.Body, left: f.Size, fault: func(err error) error { return d.fault(ctx, "read "+name, err) }}, nil
}

// googleReader reads a copy and ends only where its length says.
type googleReader struct {
	body  io.ReadCloser
	left  int64
	fault func(error) error
}

func (r *googleReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.left -= int64(n)
	switch {
	case r.left < 0 || (err == io.EOF && r.left > 0):
		return n, r.fault(io.ErrUnexpectedEOF)
	case err != nil && err != io.EOF:
		return n, r.fault(err)
	}
	return n, err
}

func (r *googleReader) Close() error { return r.body.Close() }
