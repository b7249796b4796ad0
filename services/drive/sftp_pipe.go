package drive

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pkg/sftp"
)

// sftpWindow is how many bytes are on their way at one time, each way.
const sftpWindow = 2 << 20

// sftpWriter writes behind what a file has, many requests at a time.
type sftpWriter struct {
	conn     *sftpConn
	file     *sftp.File
	silence  time.Duration
	progress func(int64)
	free     chan []byte

	all sync.WaitGroup
	mu  sync.Mutex
	// acked is how many bytes the server has taken without a gap, and ahead holds
	// what it has taken behind a gap: lengths by offset.
	acked int64
	ahead map[int64]int64
	err   error
}

func newSFTPWriter(c *sftpConn, f *sftp.File, silence time.Duration, at int64, progress func(int64)) *sftpWriter {
	w := &sftpWriter{conn: c, file: f, silence: silence, acked: at, progress: progress, ahead: map[int64]int64{}}
	w.free = make(chan []byte, sftpWindow/c.packet)
	for range cap(w.free) {
		w.free <- nil
	}
	return w
}

// copy writes all of r. When it fails, acked is still true.
func (w *sftpWriter) copy(r io.Reader) error {
	err := w.feed(r)
	w.all.Wait()
	if failed := w.failed(); failed != nil {
		return failed
	}
	return err
}

func (w *sftpWriter) feed(r io.Reader) error {
	for at := w.acked; ; {
		buffer := <-w.free
		if err := w.failed(); err != nil {
			return err
		}
		if buffer == nil {
			buffer = make([]byte, w.conn.packet)
		}
		n, err := io.ReadFull(r, buffer)
		if n > 0 && (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) {
			offset := at
			w.all.Go(func() { w.write(buffer, n, offset) })
			at += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// write sends the first n bytes of a buffer and frees it.
func (w *sftpWriter) write(buffer []byte, n int, offset int64) {
	err := w.conn.within(w.silence, func() error {
		_, err := w.file.WriteAt(buffer[:n], offset)
		return err
	})
	w.note(offset, int64(n), err)
	w.free <- buffer
}

// note writes down that the server took or refused n bytes.
func (w *sftpWriter) note(offset, n int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		if w.err == nil {
			w.err = err
		}
		return
	}
	w.ahead[offset] = n
	before := w.acked
	for length := w.ahead[w.acked]; length > 0; length = w.ahead[w.acked] {
		delete(w.ahead, w.acked)
		w.acked += length
	}
	if w.progress != nil && w.acked > before {
		w.progress(w.acked)
	}
}

func (w *sftpWriter) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
