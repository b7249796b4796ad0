package plan_test

import (
	"strings"
	"testing"

	"github.com/backupman/backupman/services/plan"
)

// fileOf is a configuration whose jobs all save one database to one drive.
func fileOf(w *world, jobs ...string) string {
	text := "data_sources: [{label: shop, provider: sqlite, db_path: " + w.dir + "/shop.db}]\n" +
		"drives: [{label: nas, provider: local, folder: " + w.dir + "}]\njobs:\n"
	for _, j := range jobs {
		text += "  - {label: " + j + ", data_source: shop, drives: [nas]}\n"
	}
	return text
}

func TestACommandTellsThatServersUseAnotherConfiguration(t *testing.T) {
	w := newWorld(t)
	w.start(t, plan.Rules, fileOf(w, "nightly", "hourly"))
	if told := w.start(t, plan.Adds, fileOf(w, "nightly", "hourly")).Differences(); len(told) != 0 {
		t.Errorf("of the same configuration it says %q", told)
	}
	if told := w.start(t, plan.Adds, "").Differences(); len(told) != 0 {
		t.Errorf("of no configuration it says %q", told)
	}
	told := w.start(t, plan.Adds, fileOf(w, "nightly", "weekly")).Differences()
	if len(told) != 2 || !strings.HasPrefix(told[0], "servers use the job hourly, which ") || !strings.HasPrefix(told[1], "no server uses the job weekly, which ") {
		t.Errorf("of another configuration it says %q", told)
	}
}

// A server says once that another one has taken its job out of use, and says nothing of what
// somebody removed on a page, or of what is used again.
func TestAServerTellsWhatAnotherHasTaken(t *testing.T) {
	w := newWorld(t)
	here := w.start(t, plan.Rules, fileOf(w, "nightly", "hourly"))
	looks := func(want int) {
		t.Helper()
		must(t, plan.TellTaken(here.Service, t.Context()))
		if got := strings.Count(w.log.String(), "another server has taken out of use"); got != want {
			t.Fatalf("it was told %d times, want %d: %s", got, want, w.log)
		}
	}
	looks(0)
	there := w.start(t, plan.Rules, fileOf(w, "nightly"))
	looks(1)
	looks(1)
	if !strings.Contains(w.log.String(), "kind=job label=hourly") {
		t.Errorf("the log is %s", w.log)
	}
	must(t, there.Use(t.Context(), w.file(t, fileOf(w, "nightly", "hourly"))))
	looks(1)
	must(t, there.Use(t.Context(), w.file(t, fileOf(w, "hourly"))))
	looks(2)
	must(t, there.Use(t.Context(), w.file(t, fileOf(w, "nightly", "hourly"))))

	_, err := there.Save(t.Context(), driveDraft("far", w.dir), true, "ada")
	must(t, err)
	must(t, plan.Follow(here.Service, t.Context(), false))
	must(t, there.Remove(t.Context(), "drive", "far", "ada"))
	looks(2)
}
