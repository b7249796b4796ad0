package notify_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
)

func TestPauses(t *testing.T) {
	var all time.Duration
	before := time.Duration(0)
	for i := 1; i < notify.Tries; i++ {
		p := notify.Pause(i)
		if p < before || p > time.Hour {
			t.Errorf("the pause after attempt %d is %s, after the one before %s", i, p, before)
		}
		before, all = p, all+p
	}
	if notify.Pause(1) != 30*time.Second || notify.Pause(1000) != time.Hour || all < 2*time.Hour {
		t.Errorf("the first pause is %s, the last %s, all %s", notify.Pause(1), notify.Pause(1000), all)
	}
}

func TestTryingAgain(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.answer(http.StatusServiceUnavailable)
	w.run("the disk is full")
	w.look(s)
	n := w.only()
	if n.Status != models.StatusPending || n.Attempts != 1 || n.NextAt == nil || !n.NextAt.Equal(w.at.Add(30*time.Second)) || !strings.Contains(n.Error, "(503)") {
		t.Fatalf("after the first attempt: %+v", n)
	}
	w.pass(29 * time.Second)
	w.look(s)
	w.wants("backup.failed")
	w.pass(time.Second)
	w.look(s)
	w.wants("backup.failed")
	w.answer(http.StatusOK)
	w.pass(time.Minute)
	w.look(s)
	w.wants("backup.failed")
	if n := w.only(); n.Status != models.StatusFinished || n.Attempts != 3 || n.Error != "" || n.SettledAt == nil || n.NextAt != nil {
		t.Errorf("in the end: %+v", n)
	}
}

func TestGivingUp(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.answer(http.StatusServiceUnavailable)
	w.run("the disk is full")
	for range 3 * notify.Tries {
		w.look(s)
		w.pass(time.Hour)
	}
	if n := w.only(); n.Status != models.StatusFailed || n.Attempts != notify.Tries {
		t.Fatalf("in the end: %+v", n)
	}
	if got := len(strings.Fields(w.told())); got != notify.Tries {
		t.Errorf("sent %d times", got)
	}
	w.answer(http.StatusOK)
	w.must(s.Again(t.Context(), w.only().ID))
	w.look(s)
	w.wants("backup.failed")
	if n := w.only(); n.Status != models.StatusFinished || n.Attempts != 1 {
		t.Errorf("after it was sent again: %+v", n)
	}
}

// What a service refuses is not sent again, and does not hold up what comes after it.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.answer(http.StatusNotFound)
	w.run("the disk is full")
	w.run("the disk is full")
	w.look(s)
	w.pass(2 * time.Hour)
	w.look(s)
	w.wants("backup.failed backup.failed")
	for _, n := range w.history() {
		if n.Status != models.StatusFailed || n.Attempts != 1 {
			t.Errorf("a refused one is %+v", n)
		}
	}
}

// A server that dies after it claimed a notification leaves it to another one.
func TestALeaseThatRunsOut(t *testing.T) {
	w := newWorld(t)
	w.look(w.service())
	w.pass(time.Second)
	w.run("the disk is full")
	w.must(w.service().Look(t.Context(), w))
	if _, err := w.store.ClaimNotification(t.Context(), "ops", w.clock(), 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	w.look(w.service())
	w.wants("")
	w.pass(2 * time.Minute)
	w.look(w.service())
	w.wants("backup.failed")
}

// What goes to a notifier that is not configured here is left, untried, to a server where it
// is, and given up when there is none.
func TestANotifierThatIsGone(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.answer(http.StatusServiceUnavailable)
	w.run("the disk is full")
	w.look(s)
	w.notifiers = nil
	w.pass(time.Minute)
	w.look(s)
	if n := w.only(); n.Status != models.StatusPending || n.Attempts != 1 || n.NextAt.After(w.clock()) {
		t.Errorf("soon after: %+v", n)
	}
	w.pass(2 * time.Hour)
	w.look(s)
	if n := w.only(); n.Status != models.StatusFailed || !strings.Contains(n.Error, `"ops" is not in the configuration`) {
		t.Errorf("later: %+v", n)
	}
}

func TestATest(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	if _, err := s.Test(t.Context(), "nobody"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("a test of nobody: %v", err)
	}
	n, err := s.Test(t.Context(), "ops")
	if err != nil || n.Status != models.StatusFinished || n.Event != models.EventTest {
		t.Errorf("a test gave %+v, %v", n, err)
	}
	w.wants("test")
	w.answer(http.StatusInternalServerError)
	n, err = s.Test(t.Context(), "ops")
	if err != nil || n.Status != models.StatusFailed || !strings.Contains(n.Error, "(500)") {
		t.Errorf("a test that failed gave %+v, %v", n, err)
	}
	w.pass(3 * time.Hour)
	w.look(s)
	w.wants("test")
	if err := s.Again(t.Context(), models.NewID()); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("sending nothing again: %v", err)
	}
}
