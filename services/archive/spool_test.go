package archive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/backupman/backupman/services/archive"
)

func newSpool(t *testing.T) *archive.Spool {
	t.Helper()
	s, err := archive.CreateSpool(filepath.Join(t.TempDir(), "made", "file.sql.zst"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func follow(t *testing.T, ctx context.Context, s *archive.Spool) io.ReadCloser {
	t.Helper()
	r, err := s.NewReader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestReadersFollowAGrowingSpool(t *testing.T) {
	s, data := newSpool(t), sample(20<<20)
	var readers sync.WaitGroup
	for range 4 {
		r := follow(t, t.Context(), s)
		readers.Go(func() {
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("a reader got %d of %d bytes (%v)", len(got), len(data), err)
			}
		})
	}
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 700_001)
		if _, err := s.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	late := follow(t, t.Context(), s)
	s.Release()
	readers.Wait()
	if got, err := io.ReadAll(late); err != nil || !bytes.Equal(got, data) {
		t.Errorf("a late reader got %d bytes (%v)", len(got), err)
	}
}

func TestNoEndBeforeTheProof(t *testing.T) {
	s := newSpool(t)
	if _, err := s.Write([]byte("all of it")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := follow(t, ctx, s)
	if _, err := io.ReadFull(r, make([]byte, 9)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Path()); err == nil {
		t.Error("the spool has its final name before it is finished")
	}
	cancel()
	if n, err := r.Read(make([]byte, 1)); n != 0 || errors.Is(err, io.EOF) || !errors.Is(err, context.Canceled) {
		t.Errorf("read %d, %v: an unproven dump must have no end", n, err)
	}
}

func TestAbortReachesEveryReader(t *testing.T) {
	s := newSpool(t)
	r := follow(t, t.Context(), s)
	s.Abort(io.ErrUnexpectedEOF)
	s.Release()
	_, err := io.ReadAll(r)
	var abort *archive.AbortError
	if !errors.As(err, &abort) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v: the cause must be wrapped so that no SDK takes it for the end", err)
	}
	if err := s.Wait(t.Context()); !errors.As(err, &abort) {
		t.Errorf("wait: %v", err)
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.PartialPath()); err == nil {
		t.Error("an aborted spool is still there after Remove")
	}
}
