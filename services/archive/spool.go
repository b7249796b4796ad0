package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// writebackStep is how much is written before the kernel is asked to start
// bringing it to the disk, in bytes.
const writebackStep = 8 << 20

// Spool is a file that one dump appends to while drives read behind it. It has
// its final name only once Finish has brought it to the disk, and readers see
// io.EOF only once Release says that the dump is proven.
type Spool struct {
	path string

	mu       sync.Mutex
	file     *os.File
	size     int64
	flushed  int64
	grown    chan struct{} // closed and replaced whenever a reader may go on
	released bool
	err      error // why the spool will never be released
	fence    func(ctx context.Context) error
}

// CreateSpool starts a spool file at path; until Finish it is at
// path+PartialSuffix.
func CreateSpool(path string) (*Spool, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, spoolError(path, "make the folder of", err)
	}
	f, err := os.OpenFile(path+PartialSuffix, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, spoolError(path, "create", err)
	}
	return &Spool{path: path, file: f, grown: make(chan struct{})}, nil
}

// OpenSpool returns a finished and proven spool, for uploads that are tried again.
func OpenSpool(path string) (*Spool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, spoolError(path, "open", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(spoolError(path, "describe", err), f.Close())
	}
	return &Spool{path: path, file: f, size: info.Size(), grown: make(chan struct{}), released: true}, nil
}

// Path returns where the spool is once finished.
func (s *Spool) Path() string { return s.path }

// PartialPath returns where the spool is until Finish.
func (s *Spool) PartialPath() string { return s.path + PartialSuffix }

// Size returns how many bytes the spool holds so far.
func (s *Spool) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// Write appends p. A full disk is models.ErrNoSpace.
func (s *Spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.advance(int64(n))
	if err != nil {
		return n, spoolError(s.path, "write", err)
	}
	return n, nil
}

func (s *Spool) advance(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size += n
	if s.size-s.flushed >= writebackStep {
		disk.StartWriteback(s.file, s.flushed, s.size-s.flushed)
		s.flushed = s.size
	}
	s.wake()
}

// wake lets waiting readers look again. The caller holds mu.
func (s *Spool) wake() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// Finish brings the spool to the disk and gives it its final name.
func (s *Spool) Finish() error {
	if err := s.file.Sync(); err != nil {
		return spoolError(s.path, "sync", err)
	}
	if err := os.Rename(s.PartialPath(), s.path); err != nil {
		return spoolError(s.path, "name", err)
	}
	return disk.SyncFolder(filepath.Dir(s.path))
}

// Release says that the dump is proven: readers may see the end.
func (s *Spool) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = true
	s.wake()
}

// Abort says that the dump will never be proven, and why: every reader returns
// the error, and no drive publishes.
func (s *Spool) Abort(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released || s.err != nil {
		return
	}
	s.err = &AbortError{Cause: err}
	s.wake()
}

// Fence has fence called each time before a reader is given the end, and before Wait
// returns: its error is what they return instead. It is for what must still hold when
// a drive publishes, and must be set before there are readers.
func (s *Spool) Fence(fence func(ctx context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fence = fence
}

// pass asks the fence, if there is one.
func (s *Spool) pass(ctx context.Context) error {
	s.mu.Lock()
	fence := s.fence
	s.mu.Unlock()
	if fence == nil {
		return nil
	}
	if err := fence(ctx); err != nil {
		return &AbortError{Cause: err}
	}
	return nil
}

// Wait returns nil once the spool is released, or the error it was aborted with.
func (s *Spool) Wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		released, err, grown := s.released, s.err, s.grown
		s.mu.Unlock()
		switch {
		case err != nil:
			return err
		case released:
			return s.pass(ctx)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-grown:
		}
	}
}

// Close lets go of the file. Readers have files of their own.
func (s *Spool) Close() error {
	if err := s.file.Close(); err != nil {
		return spoolError(s.path, "close", err)
	}
	return nil
}

// Remove deletes the spool under both its names.
func (s *Spool) Remove() error {
	return errors.Join(removeIfThere(s.PartialPath()), removeIfThere(s.path))
}

// NewReader returns a reader that starts at the beginning, follows the spool as
// it grows, and returns io.EOF only after Release.
func (s *Spool) NewReader(ctx context.Context) (io.ReadCloser, error) {
	return s.NewReaderAt(ctx, 0)
}

// NewReaderAt returns a reader as NewReader does that starts at an offset in bytes.
// At an offset past the end it returns io.EOF as soon as the end is known.
func (s *Spool) NewReaderAt(ctx context.Context, offset int64) (io.ReadCloser, error) {
	f, err := os.Open(s.PartialPath())
	if errors.Is(err, os.ErrNotExist) {
		f, err = os.Open(s.path)
	}
	if err != nil {
		return nil, spoolError(s.path, "follow", err)
	}
	return &follower{ctx: ctx, spool: s, file: f, at: offset}, nil
}

// AbortError is what the readers of an aborted spool return. It wraps the cause
// in a type of our own because some SDKs take a bare io.ErrUnexpectedEOF for
// the end of the data.
type AbortError struct{ Cause error }

func (e *AbortError) Error() string { return fmt.Sprintf("the dump was given up: %v", e.Cause) }

type follower struct {
	ctx   context.Context // the upload's own; a reader has no other way to be told
	spool *Spool
	file  *os.File
	at    int64
}

func (f *follower) Read(p []byte) (int, error) {
	for {
		f.spool.mu.Lock()
		size, released, err, grown := f.spool.size, f.spool.released, f.spool.err, f.spool.grown
		f.spool.mu.Unlock()
		if err != nil {
			return 0, err
		}
		if left := size - f.at; left > 0 {
			return f.readAvailable(p, left)
		}
		if released {
			if err := f.spool.pass(f.ctx); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		select {
		case <-f.ctx.Done():
			return 0, context.Cause(f.ctx)
		case <-grown:
		}
	}
}

// readAvailable never returns io.EOF: only the spool knows where the end is.
func (f *follower) readAvailable(p []byte, left int64) (int, error) {
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := f.file.ReadAt(p, f.at)
	f.at += int64(n)
	if err != nil && n < len(p) {
		return n, fmt.Errorf("read the spool: %v", err) //nolint:errorlint // not wrapped, for the reason AbortError gives
	}
	return n, nil
}

func (f *follower) Close() error { return f.file.Close() }

func spoolError(path, doing string, err error) error {
	if disk.Full(err) {
		return models.NoSpacef("the disk of the spool folder %s is full: free space there, or move the data folder to a larger disk", filepath.Dir(path))
	}
	return fmt.Errorf("%s the spool file: %w", doing, err)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return nil
}
