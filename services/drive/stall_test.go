package drive_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backupman/backupman/services/drive"
)

const stallLimit = time.Minute

// slowly gives a letter after each pause.
type slowly struct {
	pause time.Duration
	left  int
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pause)
	s.left--
	p[0] = 'x'
	return 1, nil
}

func (s *slowly) Close() error { return nil }

// untilEnd is a server that says nothing any more.
func untilEnd(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func TestStalls(t *testing.T) {
	for name, c := range map[string]struct {
		put    func(ctx context.Context, r io.Reader, hint drive.Hint) error
		stalls bool
		// after is when the Put ends, by the clock of the bubble.
		after time.Duration
	}{
		"a drive that takes nothing": {stalls: true, after: stallLimit,
			put: func(ctx context.Context, _ io.Reader, _ drive.Hint) error { return untilEnd(ctx) }},
		"a drive that stops in the middle": {stalls: true, after: 20*time.Minute + stallLimit,
			put: func(ctx context.Context, r io.Reader, _ drive.Hint) error {
				_, _ = io.CopyN(io.Discard, r, 2)
				return untilEnd(ctx)
			}},
		"content that comes slowly": {after: 30 * time.Minute,
			put: func(_ context.Context, r io.Reader, _ drive.Hint) error {
				_, err := io.Copy(io.Discard, r)
				return err
			}},
		"a drive that is slow, and not silent": {after: 30*time.Minute + 3*50*time.Second,
			put: func(_ context.Context, r io.Reader, _ drive.Hint) error {
				for {
					_, err := r.Read(make([]byte, 1))
					if err == io.EOF {
						return nil
					}
					time.Sleep(50 * time.Second)
				}
			}},
		"a drive that takes long to finish": {after: 34 * time.Minute,
			put: func(_ context.Context, r io.Reader, _ drive.Hint) error {
				_, err := io.Copy(io.Discard, r)
				time.Sleep(4 * time.Minute)
				return err
			}},
		"a drive that never finishes": {stalls: true, after: 35 * time.Minute,
			put: func(ctx context.Context, r io.Reader, _ drive.Hint) error {
				_, _ = io.Copy(io.Discard, r)
				return untilEnd(ctx)
			}},
		"a drive that tells of progress": {after: 150 * time.Second,
			put: func(_ context.Context, _ io.Reader, hint drive.Hint) error {
				for i := range 3 {
					time.Sleep(50 * time.Second)
					hint.Progress(int64(i))
				}
				return nil
			}},
		"a driver that pauses": {after: 10 * time.Minute,
			put: func(ctx context.Context, _ io.Reader, _ drive.Hint) error {
				busy := &drive.PassingError{Cause: errors.New("busy"), After: 10 * time.Minute}
				drive.Policy{Most: time.Hour}.Pause(ctx, 1, busy)
				return ctx.Err()
			}},
		"content that is read again": {stalls: true, after: 10*time.Minute + stallLimit,
			put: func(ctx context.Context, _ io.Reader, hint drive.Hint) error {
				r, err := hint.Again(ctx, 0)
				if err != nil {
					return err
				}
				defer r.Close()
				_, _ = io.CopyN(io.Discard, r, 1)
				return untilEnd(ctx)
			}},
		"a link that waits": {after: time.Hour,
			put: func(ctx context.Context, _ io.Reader, hint drive.Hint) error { return hint.Local.Wait(ctx) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				d := drive.Watched(&fakeDrive{put: c.put}, "offsite", stallLimit)
				hint := drive.Hint{
					Again: func(context.Context, int64) (io.ReadCloser, error) { return &slowly{10 * time.Minute, 3}, nil },
					Local: &drive.LocalFile{Wait: func(context.Context) error { time.Sleep(time.Hour); return nil }},
				}
				_, err := d.Put(t.Context(), "job/file", &slowly{10 * time.Minute, 3}, hint)
				if drive.Passing(err) != c.stalls || (err != nil) != c.stalls || c.stalls && !strings.Contains(err.Error(), `"offsite" took nothing`) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != c.after {
					t.Errorf("it took %s, want %s", took, c.after)
				}
			})
		})
	}
}

func TestContentThatBreaksIsNoStall(t *testing.T) {
	died := errors.New("the dump died")
	synctest.Test(t, func(t *testing.T) {
		d := drive.Watched(&fakeDrive{put: func(ctx context.Context, r io.Reader, _ drive.Hint) error {
			_, _ = io.Copy(io.Discard, r)
			return untilEnd(ctx)
		}}, "offsite", stallLimit)
		broken := io.MultiReader(strings.NewReader("x"), atEOF(func() error { return died }))
		if _, err := d.Put(t.Context(), "job/file", broken, drive.Hint{}); !errors.Is(err, died) {
			t.Errorf("got %v", err)
		}
	})
}

func TestStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := drive.Watched(&fakeDrive{open: func(ctx context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(&slowly{50 * time.Second, 3}, atEOF(func() error { return untilEnd(ctx) }))), nil
		}}, "offsite", stallLimit)
		r, err := d.Open(t.Context(), "job/file")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for range 3 {
			time.Sleep(time.Hour) // nobody reads
			if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		if _, err := r.Read(make([]byte, 1)); !drive.Passing(err) || !strings.Contains(err.Error(), `"offsite" gave nothing for 1m0s`) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != stallLimit {
			t.Errorf("it took %s", took)
		}
	})
}

func TestStalledRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		d := drive.Watched(&fakeDrive{
			stat: func(ctx context.Context) (drive.Stored, error) { return drive.Stored{}, untilEnd(ctx) },
			list: func(ctx context.Context, _ func(drive.Stored) error) error { return untilEnd(ctx) },
		}, "offsite", stallLimit)
		if _, err := d.Stat(t.Context(), "job/file"); !drive.Passing(err) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != stallLimit {
			t.Errorf("stat took %s", took)
		}
		start = time.Now()
		if err := d.List(t.Context(), "", nil); !drive.Passing(err) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 5*stallLimit {
			t.Errorf("list took %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.Stat(ctx, "job/file"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's own limit became %v", err)
		}
	})
}

func TestTheRateLimitIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := drive.Limited(drive.Watched(&fakeDrive{put: func(_ context.Context, r io.Reader, _ drive.Hint) error {
			_, err := io.Copy(io.Discard, r)
			return err
		}}, "offsite", time.Millisecond), 1000)
		start := time.Now()
		if _, err := d.Put(t.Context(), "job/file", strings.NewReader(strings.Repeat("x", 60_512)), drive.Hint{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start).Round(time.Millisecond); took != time.Minute {
			t.Errorf("60 s of content after the burst took %s", took)
		}
	})
}
