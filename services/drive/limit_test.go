package drive_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backupman/backupman/services/drive"
)

// takesAll reads the content, or opens it again and reads that.
var takesAll = &fakeDrive{
	put: func(ctx context.Context, r io.Reader, hint drive.Hint) error {
		if hint.Again != nil {
			again, err := hint.Again(ctx, 0)
			if err != nil {
				return err
			}
			defer again.Close()
			r = again
		}
		_, err := io.Copy(io.Discard, r)
		return err
	},
	open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Repeat("y", 1_125_000))), nil
	},
}

func TestUploadsShareTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, start := drive.Limited(takesAll, 1_000_000), time.Now()
		text := strings.Repeat("x", 562_500)
		again := func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
		var both sync.WaitGroup
		for _, hint := range []drive.Hint{{}, {Again: again}} {
			both.Go(func() {
				if _, err := d.Put(t.Context(), "job/file", strings.NewReader(text), hint); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if took := time.Since(start).Round(10 * time.Millisecond); took != time.Second {
			t.Errorf("1 MB after the burst, at 1 MB/s, took %s", took)
		}
	})
}

func TestReadingHasTheRateForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, start := drive.Limited(takesAll, 1_000_000), time.Now()
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := readAll(t.Context(), d); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := d.Put(t.Context(), "job/file", strings.NewReader(strings.Repeat("x", 1_125_000)), drive.Hint{}); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if took := time.Since(start).Round(10 * time.Millisecond); took != time.Second {
			t.Errorf("1 MB after the burst in each direction, at 1 MB/s, took %s", took)
		}
	})
}

func TestAWaitForTheRateEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := drive.Limited(takesAll, 1000).Put(ctx, "job/file", strings.NewReader(strings.Repeat("x", 100_000)), drive.Hint{})
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 100*time.Millisecond {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

// scansFirst reads the content to learn about it and then sends it.
type scansFirst struct{ drive.Drive }

func (scansFirst) Scans() {}

func (s scansFirst) Put(ctx context.Context, key string, r io.Reader, hint drive.Hint) (drive.Stored, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return drive.Stored{}, err
	}
	return s.Drive.Put(ctx, key, strings.NewReader(""), hint)
}

func TestReadingAheadIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, start := drive.Limited(scansFirst{takesAll}, 1_000_000), time.Now()
		text := strings.Repeat("x", 1_125_000)
		again := func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
		if _, err := d.Put(t.Context(), "job/file", strings.NewReader(text), drive.Hint{Again: again}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start).Round(10 * time.Millisecond); took != time.Second {
			t.Errorf("1 MB after the burst, at 1 MB/s, took %s", took)
		}
	})
}
