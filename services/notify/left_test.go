package notify_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
)

var (
	lateJob = models.LeftItem{Kind: models.PlanJob, Label: "late", Reason: "the drive tape is gone"}
	oddHook = models.LeftItem{Kind: models.PlanNotifier, Label: "odd", Reason: "url is missing"}
)

func TestWhatIsLeftOutIsToldOnceUntilItRuns(t *testing.T) {
	w := newWorld(t)
	s, replica := w.service(), w.service()
	look := func(of ...*notify.Service) {
		t.Helper()
		for _, service := range of {
			w.pass(time.Minute)
			w.look(service)
		}
	}
	look(s, replica)
	w.left = []models.LeftItem{lateJob}
	look(s)
	if got := strings.Join(w.got, ""); !strings.Contains(got, "The job late does not run") || !strings.Contains(got, "The drive tape is gone") || !strings.Contains(got, `"Url":"https://b.example/"`) {
		t.Errorf("the message is %s", got)
	}
	w.wants("setup.left_out")
	look(s, replica, s, w.service())
	w.wants("")
	w.left = []models.LeftItem{lateJob, oddHook}
	look(replica, s)
	w.wants("setup.left_out")
	w.left = []models.LeftItem{oddHook}
	look(s, replica)
	w.wants("")
	w.left = []models.LeftItem{lateJob, oddHook}
	look(s, replica)
	w.wants("setup.left_out") // once more
	w.left = nil
	look(w.service()) // it was mended while no server ran
	w.left = []models.LeftItem{lateJob}
	look(w.service())
	w.wants("setup.left_out")
	w.notifiers[0].Jobs = []string{"nightly"}
	w.left = []models.LeftItem{{Kind: models.PlanJob, Label: "another", Reason: "cron is wrong"}}
	look(w.service())
	w.wants("")
}

// Servers whose files differ leave out different things, and tell each of them once.
func TestServersThatLeaveOutDifferentThings(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	other := notify.New(notify.Options{Store: w.store, Catalog: w, Log: slog.New(slog.DiscardHandler), Now: w.clock,
		Left: func(context.Context) ([]models.LeftItem, error) { return nil, nil }})
	w.look(s)
	w.look(other)
	w.left = []models.LeftItem{lateJob}
	for range 4 {
		w.pass(time.Minute)
		w.look(s)
		w.look(other)
	}
	w.wants("setup.left_out")
}

func TestWhatIsLeftOutAtTheFirstLookEverIsNotTold(t *testing.T) {
	w := newWorld(t)
	w.left = []models.LeftItem{lateJob}
	s := w.service()
	w.look(s)
	w.pass(time.Minute)
	w.look(s)
	w.wants("")
}

// Very many are not told each, and the others not again.
func TestVeryMuchThatIsLeftOut(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	for i := range 60 {
		w.left = append(w.left, models.LeftItem{Kind: models.PlanJob, Label: fmt.Sprint("job ", i), Reason: "its drive is gone"})
	}
	w.pass(time.Minute)
	w.look(s)
	first := len(strings.Fields(w.told()))
	if first == 0 || first > 60 {
		t.Fatalf("%d were told", first)
	}
	for range 3 {
		w.pass(time.Minute)
		w.look(s)
	}
	w.wants("")
}
