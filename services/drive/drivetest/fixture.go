package drivetest

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/services/drive"
)

// Fixture is a drive under test.
type Fixture struct {
	Drive drive.Drive
	// Leftovers returns the names of everything that is at the place now, hidden
	// files and unfinished uploads included. It asks the place by other means than
	// the drive.
	Leftovers func(t *testing.T) []string
	// PartSize is the length in bytes of the parts that the drive sends, around
	// which faults hide; 0 for 1 MiB.
	PartSize int
	// Variant says that another fixture is of the same driver and puts the large files,
	// so that this one need not.
	Variant bool
	// Reopen opens the same place once more, as another process does; the drive
	// itself stands in when it is nil.
	Reopen func(t *testing.T) drive.Drive
	// Installation is the drive.Place's, and Plant puts a file at the root of the
	// place that was last modified so long ago. Without either, nothing is asked
	// about probes that a dead check left behind.
	Installation string
	Plant        func(t *testing.T, name string, age time.Duration)
	// Abandon leaves at the place what a Put of key leaves when its process dies.
	// Without it nothing is asked about sweeping that up.
	Abandon func(t *testing.T, key string)
}

func (f Fixture) reopened(t *testing.T) drive.Drive {
	if f.Reopen == nil {
		return f.Drive
	}
	return f.Reopen(t)
}

// parts returns the length of so many parts.
func (f Fixture) parts(n int) int64 { return int64(n) * int64(f.PartSize) }

// unchanged wants the place to hold what it held before.
func (f Fixture) unchanged(t *testing.T, before []string) {
	t.Helper()
	after := f.Leftovers(t)
	for _, name := range after {
		if !slices.Contains(before, name) {
			t.Errorf("left behind: %s", name)
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			t.Errorf("gone: %s", name)
		}
	}
	if len(after) != len(before) && !t.Failed() {
		t.Errorf("there were %d things at the place and are %d: %q", len(before), len(after), after)
	}
}

// cleared removes copies and wants the place to hold what it held before.
func (f Fixture) cleared(t *testing.T, before []string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := f.Drive.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s: %v", key, err)
		}
	}
	f.unchanged(t, before)
}

// put stores a small copy.
func put(t *testing.T, d drive.Drive, key, text string) drive.Stored {
	t.Helper()
	s, err := d.Put(t.Context(), key, bytes.NewReader([]byte(text)), drive.Hint{ExpectedSize: int64(len(text))})
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return s
}

// get reads a small copy.
func get(t *testing.T, d drive.Drive, key string) string {
	t.Helper()
	r, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(data)
}

// holds wants the copy under key to be the content.
func holds(t *testing.T, d drive.Drive, key string, want Content) {
	t.Helper()
	r, err := d.Open(t.Context(), key)
	if err != nil {
		t.Errorf("open %s: %v", key, err)
		return
	}
	defer r.Close()
	if err := same(r, want.At(0)); err != nil {
		t.Errorf("%s is not what was put: %v", key, err)
	}
}
