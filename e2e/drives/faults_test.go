package drives

import (
	"testing"

	"github.com/backupman/backupman/models"
)

// fault is one way in which something between the program and a drive goes wrong.
type fault struct {
	name string
	// size is the length of the dump in bytes.
	size int64
	// arm lets it happen from now on; fired tells how often it has.
	arm func(t *testing.T) (fired func() int)
	// disarm makes all well again.
	disarm func(t *testing.T)
	// lasting says that the fault goes on until it is disarmed, so that what it left
	// behind can be cleaned up only then.
	lasting bool
	// stalls says that nothing answers, which is seen only by waiting.
	stalls bool
}

// withstands injects each fault into a backup and wants the promises to hold: the
// backup settles; the good drive has its copy; a copy on the faulty one is called
// finished only when it is identical, and what stands there is never anything else;
// once all is well it is healed to what the first copy is; and nothing is left behind.
// It returns how many faults really struck.
func (l *lab) withstands(t *testing.T, faults []fault) int {
	struck := 0
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			if l.strikes(t, f) {
				struck++
				return
			}
			t.Error("the fault never struck")
		})
	}
	return struck
}

// strikes withstands a fault, a few times when it does not strike: what is taken for a stall
// on a busy machine may come before it.
func (l *lab) strikes(t *testing.T, f fault) bool {
	t.Helper()
	for range 5 {
		if l.withstand(t, f) {
			return true
		}
		if !f.stalls {
			break
		}
	}
	return false
}

func (l *lab) withstand(t *testing.T, f fault) (struck bool) {
	t.Helper()
	before := l.place.names(t)
	fired := f.arm(t)
	defer f.disarm(t)
	by := l.backups
	if f.stalls {
		by = l.hasty
	}
	b := l.run(t, by, f.size)
	struck = fired() > 0
	good, bad := copyOn(b, 0), copyOn(b, 1)
	if good.Status != models.StatusFinished {
		t.Errorf("the good drive's copy is %s: %s", good.Status, good.Error)
	}
	if b.SHA256 == "" || b.DumpedAt == nil {
		t.Fatalf("the dump is not proven: %s", b.Error)
	}
	f.disarm(t)
	stands := l.digest(t, bad.Key)
	switch {
	case bad.Status == models.StatusFinished && stands != b.SHA256:
		t.Errorf("a copy is called finished that reads back as %q, not %q", stands, b.SHA256)
	case stands != "" && stands != b.SHA256:
		t.Errorf("something else than the dump stands under the final name")
	case bad.Status == models.StatusFailed && bad.Error == "":
		t.Errorf("the copy failed without a word")
	}
	if (b.Status == models.StatusFinished) != (bad.Status == models.StatusFinished) {
		t.Errorf("the backup is %s and its copy %s", b.Status, bad.Status)
	}
	if bad.Status == models.StatusFailed {
		t.Logf("failed with: %s", bad.Error)
		if !f.lasting && stands == "" {
			l.holdsNothing(t, before)
		}
		b = l.heal(t, b.ID)
	}
	if got := l.digest(t, bad.Key); got != b.SHA256 {
		t.Errorf("in the end the copy reads back as %q, not %q", got, b.SHA256)
	}
	l.holdsOnly(t, before, bad.Key)
	l.clear(t, b)
	return struck
}

// holdsNothing wants nothing new at the place: what failed left nothing.
func (l *lab) holdsNothing(t *testing.T, before []string) {
	t.Helper()
	if names := l.names(t, before); len(names) != 0 {
		t.Errorf("a failed copy left %v", names)
	}
}
