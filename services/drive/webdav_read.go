package drive

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/backupman/backupman/models"
)

// Open reads a copy. It asks for the length first and not only together with the
// content, so that an answer which was cut short in good form is seen through.
func (d *WebDAV) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return d.get(ctx, key)
}

func (d *WebDAV) get(ctx context.Context, name string) (io.ReadCloser, error) {
	found, err := d.look(ctx, "find "+name, d.address(name))
	if err != nil {
		return nil, err
	}
	if found.folder {
		return nil, models.NotFoundf("drive %q has no copy %s: what has that name is a folder", d.place.Label, name)
	}
	r := &webdavReader{drive: d, name: name, left: found.size}
	if r.body, err = d.download(ctx, name); err != nil {
		return nil, err
	}
	return r, nil
}

func (d *WebDAV) download(ctx context.Context, name string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(d.silence, cancel)
	answer, err := d.send(ctx, webdavRequest{method: http.MethodGet, at: d.address(name), replay: true})
	inTime := late.Stop()
	switch {
	case !inTime && err == nil:
		err = errors.Join(d.fault("read "+name, os.ErrDeadlineExceeded), answer.Body.Close())
	case !inTime:
		err = d.fault("read "+name, os.ErrDeadlineExceeded)
	case err != nil:
		err = d.fault("read "+name, err)
	case answer.StatusCode != http.StatusOK:
		err = errors.Join(d.answered("read "+name, answer), answer.Body.Close())
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &webdavStream{ReadCloser: answer.Body, cancel: cancel}, nil
}

// webdavStream ends its request when it is closed.
type webdavStream struct {
	io.ReadCloser
	cancel func()
}

func (s *webdavStream) Close() error {
	s.cancel()
	return s.ReadCloser.Close()
}

// webdavReader fails when a download is not as long as the server said.
type webdavReader struct {
	drive *WebDAV
	name  string
	body  io.ReadCloser
	left  int64
}

// Read reads on.
func (r *webdavReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.left -= int64(n)
	switch {
	case r.left < 0, err == io.EOF && r.left > 0:
		return n, r.drive.unclear("read "+r.name, "it does not have the length that the server tells")
	case err == nil, err == io.EOF:
		return n, err
	}
	return n, r.drive.fault("read "+r.name, err)
}

// Close lets go of the connection.
func (r *webdavReader) Close() error { return r.body.Close() }
