package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pkg/sftp"
)

// Open reads a copy, many requests ahead of its reader. The connection is the
// reader's own until it is closed.
func (d *SFTP) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	for {
		r, used, err := d.openOnce(ctx, key)
		if err == nil || !used || !sftpLost(err) || ctx.Err() != nil {
			return r, err
		}
	}
}

// openOnce reports whether the connection had been used before: such a one may have
// died unseen.
func (d *SFTP) openOnce(ctx context.Context, key string) (_ io.ReadCloser, used bool, err error) {
	c, release, err := d.acquire(ctx)
	if err != nil {
		return nil, false, err
	}
	r := &sftpReader{ctx: ctx, drive: d, key: key, conn: c, release: release, stop: make(chan struct{})}
	err = c.within(d.silence, func() error { return r.find() })
	if err != nil {
		release()
		return nil, c.used, err
	}
	go r.ask()
	return r, c.used, nil
}

// sftpReader has requests for the next parts of a file under way while the first is
// read.
type sftpReader struct {
	ctx     context.Context
	drive   *SFTP
	key     string
	conn    *sftpConn
	release func()
	file    *sftp.File
	size    int64

	// parts are asked for and come in order; free are the buffers that no part uses.
	parts chan chan sftpPart
	free  chan []byte
	stop  chan struct{}
	once  sync.Once

	// now is what is left of the part being read, whose whole buffer is whole.
	now, whole []byte
	read       int64
	err        error
}

// sftpPart is the answer to one request.
type sftpPart struct {
	data []byte
	err  error
}

// find opens the file and learns its length.
func (r *sftpReader) find() error {
	if _, err := r.drive.stat(r.conn, r.key); err != nil {
		return err
	}
	var err error
	if r.file, err = r.conn.files.Open(r.drive.remote(r.key)); err != nil {
		return r.drive.fault("open "+r.key, err)
	}
	info, err := r.file.Stat()
	if err != nil {
		return r.drive.fault("look at "+r.key, err)
	}
	r.size = info.Size()
	count := min(sftpWindow/int64(r.conn.packet), r.size/int64(r.conn.packet)+1)
	r.parts, r.free = make(chan chan sftpPart, count), make(chan []byte, count)
	for range count {
		r.free <- nil
	}
	return nil
}

// ask sends the requests, as many at a time as there are buffers.
func (r *sftpReader) ask() {
	defer close(r.parts)
	for at := int64(0); at < r.size; at += int64(r.conn.packet) {
		var buffer []byte
		select {
		case <-r.stop:
			return
		case buffer = <-r.free:
		}
		if buffer == nil {
			buffer = make([]byte, r.conn.packet)
		}
		buffer = buffer[:min(int64(r.conn.packet), r.size-at)]
		part := make(chan sftpPart, 1)
		go func() { part <- r.fetch(buffer, at) }()
		r.parts <- part
	}
}

func (r *sftpReader) fetch(buffer []byte, at int64) sftpPart {
	err := r.conn.within(r.drive.silence, func() error {
		n, err := r.file.ReadAt(buffer, at)
		switch {
		case n == len(buffer):
			return nil
		case err == nil, errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		default:
			return err
		}
	})
	return sftpPart{data: buffer, err: err}
}

// Read reads on. It returns io.EOF only behind the length that the file had when it
// was opened.
func (r *sftpReader) Read(p []byte) (int, error) {
	for len(r.now) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.err = r.next()
	}
	n := copy(p, r.now)
	r.now = r.now[n:]
	r.read += int64(n)
	return n, nil
}

// next takes the next part.
func (r *sftpReader) next() error {
	if r.whole != nil {
		r.free <- r.whole
		r.whole = nil
	}
	waiting, ok := <-r.parts
	if !ok {
		return r.end()
	}
	part := <-waiting
	if part.err != nil {
		return r.broken(part.err)
	}
	r.now, r.whole = part.data, part.data
	return nil
}

func (r *sftpReader) end() error {
	if r.read != r.size {
		return r.broken(io.ErrUnexpectedEOF)
	}
	return io.EOF
}

func (r *sftpReader) broken(err error) error {
	if e := r.ctx.Err(); e != nil {
		return e
	}
	return r.drive.fault(fmt.Sprintf("read %s behind %d of %d bytes", r.key, r.read, r.size), err)
}

// Close gives the connection back when all was read, and ends it otherwise: answers
// may still be on their way.
func (r *sftpReader) Close() error {
	r.once.Do(func() {
		close(r.stop)
		if !errors.Is(r.err, io.EOF) {
			r.conn.breakOff(io.ErrClosedPipe)
		} else {
			_ = r.conn.within(r.drive.silence, r.file.Close)
		}
		r.release()
	})
	return nil
}
