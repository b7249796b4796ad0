package drivetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// failingContent breaks the content around the ends of parts. A bare
// io.ErrUnexpectedEOF is the fault that some SDKs take for the end.
func failingContent(t *testing.T, f Fixture) {
	for name, fault := range map[string]error{"own": errors.New("the dump died"), "unexpected EOF": io.ErrUnexpectedEOF} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, again=%t", name, again), func(t *testing.T) {
				before := f.Leftovers(t)
				for _, size := range []int64{0, 1, f.parts(1) - 1, f.parts(1), f.parts(1) + 1, f.parts(2) + 1} {
					failAt(t, f.Drive, failing{Content{Seed: 1, Size: size}, fault}, again)
				}
				f.unchanged(t, before)
			})
		}
	}
}

func failAt(t *testing.T, d drive.Drive, c failing, again bool) {
	t.Helper()
	hint := drive.Hint{}
	if again {
		hint.Again = c.again
	}
	_, err := d.Put(t.Context(), "broken/file", c.at(0), hint)
	if !errors.Is(err, c.fault) {
		t.Errorf("after %d bytes: got error %v, want %v", c.Size, err, c.fault)
	}
	if _, err := d.Stat(t.Context(), "broken/file"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("after %d bytes something stands under the final name (%v)", c.Size, err)
	}
}

func keepsEarlier(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	put(t, f.Drive, "kept/file", "good")
	for _, size := range []int64{3, f.parts(1) + 1} {
		bad := failing{Content{Seed: 2, Size: size}, errors.New("no")}
		if _, err := f.Drive.Put(t.Context(), "kept/file", bad.at(0), drive.Hint{}); err == nil {
			t.Error("a failing content was no error")
		}
		if got := get(t, f.Drive, "kept/file"); got != "good" {
			t.Errorf("the earlier copy became %.20q", got)
		}
	}
	f.cleared(t, before, "kept/file")
}

// cancelledPuts ends the context before a Put, in the middle of one, and in one
// that waits for content.
func cancelledPuts(t *testing.T, f Fixture) {
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.cancelled(t, ctx, Content{Seed: 3, Size: f.parts(1)}.At(0), drive.Hint{})
	})
	t.Run("in the middle", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := Content{Seed: 3, Size: 64 * f.parts(1)}
		f.cancelled(t, ctx, &onRead{r: c.At(0), at: f.parts(1) + 1, do: cancel}, drive.Hint{})
	})
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("waiting for content, again=%t", again), func(t *testing.T) { f.cancelWaiting(t, again) })
	}
}

func (f Fixture) cancelWaiting(t *testing.T, again bool) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g := newGrowing(Content{Seed: 4, Size: f.parts(4)})
	size := f.parts(1) + f.parts(1)/2
	g.grow(size)
	hint := drive.Hint{}
	if again {
		hint.Again = g.again
	}
	go func() {
		for !g.hasReached(size) {
			select {
			case <-g.waits:
			case <-time.After(patience):
				return // the wait for the Put tells of it
			}
		}
		cancel()
	}()
	f.cancelled(t, ctx, g.reader(ctx, 0), hint)
}

// cancelled wants a Put whose context ends to return, and to leave nothing.
func (f Fixture) cancelled(t *testing.T, ctx context.Context, r io.Reader, hint drive.Hint) {
	t.Helper()
	before := f.Leftovers(t)
	done := make(chan error, 1)
	go func() {
		_, err := f.Drive.Put(ctx, "cancelled/file", r, hint)
		done <- err
	}()
	if err := within(t, done); err == nil {
		t.Error("a cancelled put was no error")
	}
	if _, err := f.Drive.Stat(t.Context(), "cancelled/file"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("something stands under the final name (%v)", err)
	}
	f.unchanged(t, before)
}

func cancelledReader(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	c := Content{Seed: 5, Size: 32 << 20} // more than sockets and buffers hold
	if _, err := f.Drive.Put(t.Context(), "cancelled/read", c.At(0), c.Hint(true)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := f.Drive.Open(ctx, "cancelled/read")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		n, err := io.Copy(io.Discard, &onRead{r: r, at: 1, do: cancel})
		if err == nil {
			err = fmt.Errorf("%d bytes were read after the context had ended: %w", n, errNoFault)
		}
		done <- errors.Join(err, r.Close())
	}()
	if err := within(t, done); errors.Is(err, errNoFault) {
		t.Error(err)
	}
	f.cleared(t, before, "cancelled/read")
}

var errNoFault = errors.New("it was no error")

// onRead does something once when so many bytes have been read.
type onRead struct {
	r  io.Reader
	at int64
	do func()
}

func (o *onRead) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if o.at -= int64(n); o.at <= 0 && o.do != nil {
		o.do()
		o.do = nil
	}
	return n, err
}

// within returns what a Put or a reader ended with.
func within(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("it does not end")
		return nil
	}
}
