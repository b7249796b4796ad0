// Package drivetest holds what tests of drives share: the suite that every kind of
// drive passes, content of any size, and a drive with faults.
package drivetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// Conform is the suite that every kind of drive passes.
func Conform(t *testing.T, f Fixture) {
	t.Helper()
	if f.PartSize == 0 {
		f.PartSize = 1 << 20
	}
	for _, part := range []struct {
		name string
		run  func(*testing.T, Fixture)
	}{
		{"round trips", roundTrips},
		{"a growing content", growingContent},
		{"replaces an earlier copy", replaces},
		{"a failing content publishes nothing", failingContent},
		{"a failing content keeps the earlier copy", keepsEarlier},
		{"a cancelled put leaves nothing", cancelledPuts},
		{"a cancelled reader ends", cancelledReader},
		{"puts of one key at one time", putsAtOnce},
		{"many puts of one key", manyPuts},
		{"many readers", manyReaders},
		{"others change a copy", changedByOthers},
		{"what is not there", missing},
		{"lists in order", lists},
		{"names of all sorts", names},
		{"keys that lead elsewhere are refused", hostileKeys},
		{"the check leaves nothing", checks},
		{"the check sweeps its own stale probes", staleProbes},
		{"a sweep spares a put that runs", sweepsBesidePut},
		{"a sweep removes what dead puts left", sweepsAbandoned},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, f) })
	}
}

func replaces(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	put(t, f.Drive, "again/file", "first")
	put(t, f.Drive, "again/file", "second")
	if got := get(t, f.Drive, "again/file"); got != "second" {
		t.Errorf("got %q after a second put", got)
	}
	f.cleared(t, before, "again/file")
}

func missing(t *testing.T, f Fixture) {
	d := f.Drive
	if _, err := d.Open(t.Context(), "no/such"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	if _, err := d.Stat(t.Context(), "no/such"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("stat: %v", err)
	}
	if err := d.Delete(t.Context(), "no/such"); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := d.Sweep(t.Context(), "no/such"); err != nil {
		t.Errorf("sweep: %v", err)
	}
}

func hostileKeys(t *testing.T, f Fixture) {
	d := f.Drive
	for _, key := range []string{"", ".", "..", "../x", "/etc/passwd", "a/../../x", "a//b", "a/", "./a", "a/.hidden"} {
		for doing, do := range map[string]func() error{
			"put": func() error {
				_, err := d.Put(t.Context(), key, bytes.NewReader([]byte("x")), drive.Hint{})
				return err
			},
			"open":   func() error { _, err := d.Open(t.Context(), key); return err },
			"stat":   func() error { _, err := d.Stat(t.Context(), key); return err },
			"delete": func() error { return d.Delete(t.Context(), key) },
			"sweep":  func() error { return d.Sweep(t.Context(), key) },
		} {
			if err := do(); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("%s %q: %v", doing, key, err)
			}
		}
	}
}
