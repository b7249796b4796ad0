package notify_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestTheFirstLookTellsNothing(t *testing.T) {
	w := newWorld(t)
	w.run("the disk is full")
	w.check("the drive is away")
	w.slots = []time.Time{w.at.Add(-5 * time.Hour), w.at.Add(20 * time.Hour)}
	w.pass(time.Minute)
	s := w.service()
	w.look(s)
	w.pass(10 * time.Minute)
	w.look(s)
	w.look(w.service())
	w.wants("")
}

func TestBackups(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.run("the disk is full")
	w.look(s)
	w.wants("backup.failed")
	w.run("the disk is full")
	w.run("")
	w.look(s)
	w.wants("backup.failed job.recovered")
	w.run("")
	w.look(s)
	w.look(w.service())
	w.wants("")
}

func TestChosenEvents(t *testing.T) {
	w := newWorld(t)
	w.notifiers[0].Events = []models.Event{models.EventFinished, models.EventProven, models.EventRecovered}
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.run("the disk is full")
	b := w.run("")
	w.drill(b, models.DrillProven)
	w.look(s)
	w.wants("job.recovered drill.proven")
	w.run("")
	w.look(s)
	w.wants("backup.finished")
	w.notifiers[0].Jobs = []string{"another"}
	w.run("")
	w.look(s)
	w.wants("")
}

// What a notifier is told of is settled when the event is recorded: one that is added later
// learns nothing of the hour before.
func TestANewNotifierLearnsNothingOld(t *testing.T) {
	w := newWorld(t)
	all := w.notifiers
	w.notifiers = nil
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.run("the disk is full")
	w.look(s)
	w.notifiers = all
	w.look(s)
	w.look(w.service())
	w.wants("")
}

func TestNothingIsLostWhileNoServerRuns(t *testing.T) {
	w := newWorld(t)
	w.look(w.service())
	w.pass(time.Second)
	w.run("the disk is full")
	w.pass(72 * time.Hour)
	w.run("the disk is full")
	w.look(w.service())
	w.wants("backup.failed backup.failed")
}

func TestARetryIsToldOfAnew(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	b := w.run("the disk is full")
	w.look(s)
	w.must(w.store.Requeue(t.Context(), b.ID, true))
	w.must(w.store.Claim(t.Context(), b.ID, "", "r", time.Hour))
	w.look(s)
	w.settle(b, "the disk is still full")
	w.pass(time.Second)
	w.look(s)
	w.wants("backup.failed backup.failed")
}

func TestDrillsAndAlarms(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	b := w.run("")
	w.drill(b, models.DrillUnverified)
	w.drill(b, models.DrillDisproven)
	w.must(w.store.RaiseAlarm(t.Context(), models.Alarm{JobID: b.JobID, BackupID: b.ID, Kind: models.AlarmAnomaly, Sentence: "the table orders is gone", CreatedAt: w.clock()}))
	w.look(s)
	w.look(s)
	w.wants("drill.disproven alarm.raised")
}

func TestALostCopy(t *testing.T) {
	w := newWorld(t)
	w.pass(-50 * time.Hour) // the store's own clock says when the copy is lost
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	b := w.begin()
	at := w.clock()
	w.must(w.store.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[0].ID, "r", models.DriveFileChange{Status: models.StatusFinished, VerifiedAt: &at}))
	w.settle(b, "")
	w.pass(48 * time.Hour)
	w.look(s)
	w.must(w.store.LoseCopy(t.Context(), models.LostCopy{BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, Attempt: 1, Error: "it is gone", BackupError: "the copy on nas is gone", HealAt: w.clock()}))
	w.look(s)
	if got := w.told(); got != "backup.failed" {
		t.Fatalf("told %q", got)
	}
	if n := w.only(); !strings.Contains(n.Body, "The copy on nas is gone.") || !strings.Contains(n.Body, "made again by itself") {
		t.Errorf("the text is %s", n.Body)
	}
}

// A drive that is away for days costs one message, not one for each time that the missing
// copy was not made.
func TestHealsThatFail(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	b := w.begin()
	w.must(w.store.RecordDump(t.Context(), b.ID, "r", models.DumpFacts{Size: 1, SHA256: "d", DumpedAt: w.clock()}, models.Manifest{}))
	fail := func(again *time.Time) {
		w.must(w.store.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[0].ID, "r", models.DriveFileChange{Status: models.StatusFailed, Error: "the drive is away", HealAt: again}))
		w.settle(b, "the drive is away")
		w.pass(time.Second)
		w.look(s)
	}
	again := w.clock().Add(time.Hour)
	fail(&again)
	w.wants("backup.failed")
	if n := w.only(); !strings.Contains(n.Body, "made again by itself") {
		t.Errorf("the text is %s", n.Body)
	}
	for range 3 {
		w.must(w.store.TakeFailed(t.Context(), b.ID, "r", time.Hour))
		fail(&again)
		w.wants("")
	}
	w.look(w.service())
	w.wants("")
	w.must(w.store.TakeFailed(t.Context(), b.ID, "r", time.Hour))
	fail(nil)
	w.wants("backup.failed")
	if n := w.history()[0]; !strings.Contains(n.Body, "not made again by itself") {
		t.Errorf("the text is %s", n.Body)
	}
	w.must(w.store.TakeFailed(t.Context(), b.ID, "r", time.Hour))
	w.settle(b, "")
	w.look(s)
	w.wants("job.recovered")
}

func TestARunThatSomebodyCancelled(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	b := w.begin()
	w.must(w.store.AskBackupCancel(t.Context(), b.ID))
	w.settle(b, "it was cancelled")
	w.pass(time.Second)
	w.look(s)
	w.run("")
	w.look(s)
	w.wants("") // nothing had been wrong, so that nothing works again
}

func TestACancelledRunDoesNotHideAFailure(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	w.run("the disk is full")
	b := w.begin()
	w.must(w.store.AskBackupCancel(t.Context(), b.ID))
	w.settle(b, "it was cancelled")
	w.pass(time.Second)
	w.look(s)
	w.run("")
	w.look(s)
	w.wants("backup.failed job.recovered")
}

// Of many servers that look and send at once each event is told once.
func TestRace(t *testing.T) {
	w := newWorld(t)
	w.look(w.service())
	w.pass(time.Second)
	for range 10 {
		w.run("the disk is full")
	}
	var all sync.WaitGroup
	for range 4 {
		s := w.service()
		all.Go(func() {
			for range 3 {
				if err := s.Look(t.Context(), w); err != nil {
					t.Error(err)
				}
				if err := s.SendDue(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	w.look(w.service())
	w.wants(strings.TrimSpace(strings.Repeat("backup.failed ", 10)))
}

func TestWords(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	good := w.run("")
	b := w.run("mysqldump: \x1b[31mno space left\u202e on device")
	w.look(s)
	body := w.got[0]
	for _, want := range []string{`"Title":"The backup of nightly failed"`, `Mysqldump: [31mno space left on device.`, `The newest good backup is of ` + good.CreatedAt.Format("Mon 2 January 2006, 15:04 UTC"),
		"retry the backup on its page", `"Url":"https://b.example/backups/` + b.ID + `"`, `"Job":"nightly"`, `"BackupId":"` + b.ID + `"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", body, want)
		}
	}
}

// Nothing secret of a notifier is in rows or in the log, whatever goes wrong.
func TestSecretsStay(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	w.pass(time.Second)
	for _, status := range []int{http.StatusInternalServerError, http.StatusForbidden} {
		w.answer(status)
		w.run("the disk is full")
		w.look(s)
	}
	w.hook.Close()
	w.run("the disk is full")
	w.look(s)
	if _, err := s.Test(t.Context(), "ops"); err != nil {
		t.Fatal(err)
	}
	rows := w.history()
	if len(rows) != 4 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, n := range rows {
		if text := n.Title + n.Body + n.Error + n.About; strings.Contains(text, "TOPSECRET") || n.Error == "" {
			t.Errorf("a row says %s", text)
		}
	}
	if log := w.log.String(); strings.Contains(log, "TOPSECRET") || !strings.Contains(log, "notification not sent") {
		t.Errorf("the log says %s", log)
	}
}
