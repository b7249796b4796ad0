package notify_test

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
)

// A backup that has failed on one drive may lose the copy on the other: that is told as well,
// and each further one.
func TestALostCopyOfABackupThatHasFailed(t *testing.T) {
	w := newWorld(t)
	w.pass(-50 * time.Hour) // the store's own clock says when a copy is lost
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	b := w.begin("1", "2", "3")
	at := w.clock()
	w.must(w.store.RecordDump(t.Context(), b.ID, "r", models.DumpFacts{Size: 1, SHA256: "d", DumpedAt: at}, models.Manifest{}))
	again := models.Now().Add(time.Hour)
	for i, c := range []models.DriveFileChange{{Status: models.StatusFailed, Error: "the drive is full", HealAt: &again, Heals: 1},
		{Status: models.StatusFinished, VerifiedAt: &at}, {Status: models.StatusFinished, VerifiedAt: &at}} {
		w.must(w.store.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[i].ID, "r", c))
	}
	w.pass(48*time.Hour + time.Hour)
	w.settleAt(b, "1 of 3 copies failed", models.Now())
	w.look(s)
	w.wants("backup.failed")
	for i := 1; i <= 2; i++ {
		w.must(w.store.PostponeHeal(t.Context(), b.ID, models.Now().Add(time.Hour)))
		w.look(s)
		w.wants("")
		w.must(w.store.LoseCopy(t.Context(), models.LostCopy{BackupID: b.ID, DriveFileID: b.DriveFiles[i].ID, Attempt: 1, Error: "it is gone",
			BackupError: "the copy on a drive is gone", HealAt: models.Now()}))
		w.look(s)
		w.look(w.service())
		w.wants("backup.failed")
	}
}

// A clock that was far ahead for a while silences nobody once it is right.
func TestAClockThatWasWrong(t *testing.T) {
	for name, look := range map[string]func(w *world, s *notify.Service){
		"at the first look": func(*world, *notify.Service) {},
		"later":             func(w *world, s *notify.Service) { w.look(s) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.service()
			look(w, s)
			w.pass(365 * 24 * time.Hour)
			w.look(s)
			w.pass(-365 * 24 * time.Hour)
			w.look(s)
			w.pass(time.Second)
			w.run("the disk is full")
			w.look(s)
			w.wants("backup.failed")
			w.slots = []time.Time{w.at.Add(-5 * time.Hour), w.at.Add(20 * time.Hour)}
			w.run("")
			w.look(w.service())
			w.wants("job.recovered")
		})
	}
}

// Servers whose files name other notifiers each tell their own, whichever looks first.
func TestServersWithOtherNotifiers(t *testing.T) {
	w := newWorld(t)
	at := func(labels ...string) *notify.Service {
		var all []models.Notifier
		for _, l := range labels {
			n := w.notifiers[0]
			n.Label = l
			all = append(all, n)
		}
		return w.serviceWith(all)
	}
	a, b := at("both", "of a"), at("both", "of b")
	w.look(a)
	w.look(b)
	w.pass(time.Second)
	w.run("the disk is full")
	w.look(a)
	w.look(b)
	w.look(a)
	w.wants("backup.failed backup.failed backup.failed")
	for _, n := range w.history() {
		if n.Attempts != 1 || n.Status != models.StatusFinished {
			t.Errorf("%s: %+v", n.Notifier, n)
		}
	}
	w.look(at("both", "of c")) // begins to run
	w.wants("")
}

// What nobody is told of is told by no other server either.
func TestAnotherServerDoesNotTellWhatIsNoNews(t *testing.T) {
	w := newWorld(t)
	a, b := w.service(), w.serviceWith([]models.Notifier{{Label: "of b", Provider: "webhook", Settings: w.notifiers[0].Settings}})
	w.look(a)
	w.look(b)
	w.pass(time.Second)
	run := w.begin()
	w.must(w.store.RecordDump(t.Context(), run.ID, "r", models.DumpFacts{Size: 1, SHA256: "d", DumpedAt: w.clock()}, models.Manifest{}))
	again := w.clock().Add(time.Hour)
	for _, want := range []string{"backup.failed backup.failed", ""} {
		w.must(w.store.ChangeDriveFile(t.Context(), run.ID, run.DriveFiles[0].ID, "r", models.DriveFileChange{Status: models.StatusFailed, Error: "the drive is away", HealAt: &again}))
		w.settle(run, "the drive is away")
		w.pass(time.Second)
		w.look(a)
		w.look(b)
		w.wants(want)
		w.must(w.store.TakeFailed(t.Context(), run.ID, "r", time.Hour))
	}
}
