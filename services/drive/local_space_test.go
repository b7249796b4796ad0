package drive

import "testing"

func TestLocalNeedsIsRoundedUp(t *testing.T) {
	for expected, want := range map[int64]int64{1: 1, 1 << 20: 1, 1<<20 + 1: 2, 6 << 20: 6} {
		if got := localNeeds(expected); got != want {
			t.Errorf("%d bytes are said to need %d MiB, and not %d", expected, got, want)
		}
	}
}

// A copy leaves the reserve free; the manifest beside it may use it.
func TestLocalRoom(t *testing.T) {
	for expected, want := range map[int64]int64{1: 1, 1 << 10: 1 << 10, 1 << 20: 1 << 20, 1<<20 + 1: 2<<20 + 1, 6 << 20: 7 << 20} {
		if got := localRoom(expected); got != want {
			t.Errorf("%d bytes need %d free, and not %d", expected, got, want)
		}
	}
}
