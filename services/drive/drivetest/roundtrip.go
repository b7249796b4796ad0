package drivetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// large is a file that no driver may hold in memory, in bytes.
const large = 300 << 20

func roundTrips(t *testing.T, f Fixture) {
	sizes := []int64{0, 1, f.parts(1) - 1, f.parts(1), f.parts(1) + 1}
	if !testing.Short() && !f.Variant {
		sizes = append(sizes, large)
	}
	for _, size := range sizes {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d bytes, again=%t", size, again), func(t *testing.T) {
				before := f.Leftovers(t)
				roundTrip(t, f.Drive, Content{Seed: uint64(size), Size: size}, again)
				f.cleared(t, before, roundKey)
			})
		}
	}
}

const roundKey = "round/trip.bin"

func roundTrip(t *testing.T, d drive.Drive, c Content, again bool) {
	t.Helper()
	hint := c.Hint(again)
	var taken atomic.Int64
	hint.Progress = taken.Store
	stored, err := d.Put(t.Context(), roundKey, c.At(0), hint)
	if err != nil {
		t.Fatalf("put: %v", err)
	}
	if got := taken.Load(); got != c.Size {
		t.Errorf("the progress ended at %d of %d bytes", got, c.Size)
	}
	describes(t, stored, roundKey, c)
	if now, err := d.Stat(t.Context(), roundKey); err != nil || now != stored {
		t.Errorf("stat after put: %+v, %v; put said %+v", now, err, stored)
	}
	holds(t, d, roundKey, c)
}

// describes wants what a drive told of a copy to be true of the content.
func describes(t *testing.T, s drive.Stored, key string, c Content) {
	t.Helper()
	if s.Key != key || s.Size != c.Size || s.Path == "" {
		t.Errorf("put %d bytes as %s: got %+v", c.Size, key, s)
	}
	if s.Checksum != "" && !c.Sums()[s.Checksum] {
		t.Errorf("the provider's checksum %q is not one of the content", s.Checksum)
	}
}

// growingContent puts what is made in steps, each only when the drive has taken
// the one before.
func growingContent(t *testing.T, f Fixture) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("again=%t", again), func(t *testing.T) {
			before := f.Leftovers(t)
			g := newGrowing(Content{Seed: 7, Size: f.parts(3) + 17})
			hint := drive.Hint{ExpectedSize: f.parts(2)} // a guess, and wrong
			if again {
				hint.Again = g.again
			}
			done := make(chan error, 1)
			go func() {
				_, err := f.Drive.Put(t.Context(), "growing/file", g.reader(t.Context(), 0), hint)
				done <- err
			}()
			for _, size := range []int64{0, 1, 1000, f.parts(1) - 1, f.parts(2) + 1, g.content.Size} {
				g.grow(size)
				g.awaitReader(t, size)
			}
			if _, err := f.Drive.Stat(t.Context(), "growing/file"); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("before its end something stands under the final name (%v)", err)
			}
			g.finish()
			if err := within(t, done); err != nil {
				t.Fatal(err)
			}
			holds(t, f.Drive, "growing/file", g.content)
			f.cleared(t, before, "growing/file")
		})
	}
}
