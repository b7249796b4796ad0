package retention_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

const day = 24 * time.Hour

func TestPruneRemovesWhatIsNotKept(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old, newest := w.backup(2*day), w.backup(day)
	s := w.service()
	preview, err := s.Preview(t.Context(), w.job.ID, nil)
	must(t, err)
	if got := reasons(preview)[old.ID]; got != "- no rule of retention keeps it" {
		t.Errorf("of the old one it says %q", got)
	}
	if got := reasons(preview)[newest.ID]; got != "+ newest good copy on nas, the last one" {
		t.Errorf("of the newest it says %q", got)
	}
	if w.there(old) != 2 || !w.known(old) {
		t.Fatal("a preview removed something")
	}
	all := models.Retention{Daily: 9}
	other, err := s.Preview(t.Context(), w.job.ID, &all)
	must(t, err)
	if len(other.Removals()) != 0 {
		t.Errorf("with other rules: %q", sorted(reasons(other)))
	}

	_, err = s.Prune(t.Context(), w.job.ID)
	must(t, err)
	if w.known(old) || w.there(old) != 2 {
		t.Fatal("the copy is not off its backup, or was deleted before that was written down")
	}
	must(t, s.RemoveDue(t.Context()))
	if w.there(old) != 0 || w.there(newest) != 2 || !w.known(newest) {
		t.Error("the drive holds another file than the newest")
	}
	if r := w.removal(old); r.DoneAt == nil || r.TryAt != nil || r.Tries != 1 || r.Key != old.DriveFiles[0].Key {
		t.Errorf("the removal is %+v", r)
	}
}

// What the minute's look leaves alone, and a person who asks does not.
func TestPruneDueRests(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world, s models.Backup)
		// byHand says that a person's wish removes it all the same.
		byHand bool
	}{
		"new rules":                       {func(w *world, _ models.Backup) { w.apply(models.Retention{Last: 1, Yearly: 0, Within: time.Hour}) }, true},
		"a backup that has just finished": {func(w *world, _ models.Backup) { w.backup(time.Second) }, true},
		"an alarm": {func(w *world, b models.Backup) {
			must(w.t, w.store.RaiseAlarm(w.t.Context(), models.Alarm{JobID: b.JobID, BackupID: b.ID, Kind: models.AlarmAnomaly, Sentence: "empty"}))
		}, false},
		"a paused job": {func(w *world, b models.Backup) { must(w.t, w.store.PauseJob(w.t.Context(), b.JobID, w.clock())) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, models.Retention{Last: 1})
			old, newest := w.backup(2*day), w.backup(day)
			c.spoil(w, newest)
			s := w.service()
			must(t, s.PruneDue(t.Context()))
			if !w.known(old) {
				t.Fatal("it was removed")
			}
			plan, err := s.Prune(t.Context(), w.job.ID)
			must(t, err)
			if w.known(old) == c.byHand {
				t.Errorf("by hand: known %v, and it rests because %q", w.known(old), plan.Rests)
			}
		})
	}
}

func TestPruneDue(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(day)
	must(t, w.service().PruneDue(t.Context()))
	if w.known(old) {
		t.Error("what is due was not removed")
	}
}

func TestAfterABackup(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(0)
	s := w.service()
	s.PruneSoon(w.job)
	s.Close(time.Minute)
	if w.known(old) || w.there(old) != 0 {
		t.Error("what a backup makes needless was not removed after it")
	}
}

// A drive that fails is asked again, with growing pauses, for ever.
func TestADriveThatFailsIsAskedAgain(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(day)
	s := w.service()
	_, err := s.Prune(t.Context(), w.job.ID)
	must(t, err)
	w.deleteErr = models.Conflictf("the disk is read-only")
	var last time.Duration
	for try := 1; try <= 9; try++ {
		must(t, s.RemoveDue(t.Context()))
		r := w.removal(old)
		if r.Tries != try || r.Error != "the disk is read-only" || r.DoneAt != nil || r.TryAt == nil {
			t.Fatalf("after %d tries the removal is %+v", try, r)
		}
		pause := r.TryAt.Sub(w.clock())
		if pause < last || pause > day {
			t.Errorf("after %d tries it pauses for %s, after %s", try, pause, last)
		}
		last = pause
		must(t, s.RemoveDue(t.Context()))
		if again := w.removal(old); again.Tries != try {
			t.Errorf("it was asked within its pause")
		}
		w.pass(pause)
	}
	w.deleteErr = nil
	must(t, s.RemoveDue(t.Context()))
	if r := w.removal(old); r.DoneAt == nil || r.Error != "" || w.there(old) != 0 {
		t.Errorf("once it works the removal is %+v", r)
	}
}

// A drive that is away would say of every copy that it is not there.
func TestNothingIsConfirmedByADriveThatIsAway(t *testing.T) {
	for name, spoil := range map[string]func(w *world){
		"not mounted":    func(w *world) { w.checkErr = models.NotFoundf("the disk is not mounted") },
		"not configured": func(w *world) { w.gone = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, models.Retention{Last: 1})
			old := w.backup(2 * day)
			w.backup(day)
			s := w.service()
			_, err := s.Prune(t.Context(), w.job.ID)
			must(t, err)
			spoil(w)
			must(t, s.RemoveDue(t.Context()))
			if r := w.removal(old); r.DoneAt != nil || r.Error == "" || r.TryAt == nil {
				t.Errorf("the removal is %+v", r)
			}
			w.checkErr, w.gone = nil, false
			w.pass(time.Hour)
			must(t, s.RemoveDue(t.Context()))
			if r := w.removal(old); r.DoneAt == nil || w.there(old) != 0 {
				t.Errorf("once it is there again the removal is %+v", r)
			}
		})
	}
}

// A command with another configuration leaves the drives that it does not know alone.
func TestRemoveHere(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(day)
	s := w.service()
	_, err := s.Prune(t.Context(), w.job.ID)
	must(t, err)
	w.gone = true
	must(t, s.RemoveHere(t.Context()))
	if r := w.removal(old); r.Tries != 0 || r.Error != "" {
		t.Errorf("the removal is %+v", r)
	}
}

func TestALockedCopyIsTriedAfterItsLock(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(day)
	s := w.service()
	_, err := s.Prune(t.Context(), w.job.ID)
	must(t, err)
	w.deleteErr, w.lockedUntil = models.Conflictf("locked"), w.clock().Add(90*day)
	must(t, s.RemoveDue(t.Context()))
	if r := w.removal(old); r.TryAt == nil || !r.TryAt.After(w.lockedUntil) {
		t.Errorf("the removal is %+v", r)
	}
}

// A process that ends in the middle leaves the removal to the next one.
func TestAProcessThatEnds(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(day)
	_, err := w.service().Prune(t.Context(), w.job.ID)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	// The copy is deleted, and its manifest is not any more.
	w.onDelete = func(key string) {
		if strings.HasSuffix(key, ".json") {
			stop()
		}
	}
	must(t, w.service().RemoveDue(ctx))
	if r := w.removal(old); r.DoneAt != nil || r.TryAt == nil || w.there(old) != 1 {
		t.Fatalf("%d files are there, and the removal is %+v", w.there(old), r)
	}
	w.onDelete = nil
	w.pass(time.Minute)
	must(t, w.service().RemoveDue(t.Context()))
	if r := w.removal(old); r.DoneAt == nil || w.there(old) != 0 {
		t.Errorf("%d files are there, and the removal is %+v", w.there(old), r)
	}
}

// Of a process that is killed between the claim and the end nobody hears. The lease ends.
func TestAProcessThatIsKilled(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(day)
	s := w.service()
	_, err := s.Prune(t.Context(), w.job.ID)
	must(t, err)
	if _, err := w.store.ClaimRemoval(t.Context(), w.row.ID, w.clock(), time.Hour); err != nil {
		t.Fatal(err)
	}
	must(t, s.RemoveDue(t.Context()))
	if w.there(old) != 2 {
		t.Fatal("two processes removed one copy at a time")
	}
	w.pass(time.Hour)
	must(t, s.RemoveDue(t.Context()))
	if w.there(old) != 0 {
		t.Error("what a killed process has claimed was forgotten")
	}
}

func TestPins(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(2 * day)
	w.backup(day)
	s := w.service()
	past, later := w.clock(), w.clock().Add(day)
	if _, err := s.Pin(t.Context(), old.ID, &past); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("pinned until the past: %v", err)
	}
	b, err := s.Pin(t.Context(), old.ID, &later)
	must(t, err)
	if !b.Pinned(w.clock()) {
		t.Errorf("it is pinned at %v", b.PinnedAt)
	}
	removed := func() int {
		plan, err := s.Preview(t.Context(), w.job.ID, nil)
		must(t, err)
		return len(plan.Removals())
	}
	if removed() != 0 {
		t.Error("a pinned backup goes")
	}
	w.pass(day)
	if removed() != 1 {
		t.Error("a pin does not end")
	}
	_, err = s.Pin(t.Context(), old.ID, nil)
	must(t, err)
	w.pass(1000 * day)
	if removed() != 0 {
		t.Error("a pin for ever ends")
	}
	_, err = s.Unpin(t.Context(), old.ID)
	must(t, err)
	if removed() != 1 {
		t.Error("an unpinned backup stays")
	}
	if _, err := s.Unpin(t.Context(), old.ID); !errors.Is(err, models.ErrConflict) {
		t.Errorf("unpinned twice: %v", err)
	}
}
