package notify_test

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestDrives(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.notifiers[0].Events = []models.Event{models.EventDriveFailing, models.EventDriveGood}
	w.check("")
	w.look(s)
	for range 2 {
		w.pass(time.Hour)
		w.check("the folder is not mounted")
		w.look(s)
		w.pass(time.Hour)
		w.check("the folder is not mounted")
		w.look(s)
		w.wants("drive.failing")
		w.pass(time.Hour)
		w.check("")
		w.look(s)
		w.look(w.service())
		w.wants("drive.good")
	}
	w.notifiers[0].Jobs = []string{"another"}
	w.pass(time.Hour)
	w.check("the folder is not mounted")
	w.look(s)
	w.wants("")
}

func TestOverdue(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.look(s)
	for i := range 20 {
		w.slots = append(w.slots, w.at.Add(time.Duration(i+1)*6*time.Hour))
	}
	w.pass(6 * time.Hour)
	w.look(s)
	w.wants("") // it may be late
	w.pass(2 * time.Hour)
	w.look(s)
	w.pass(6 * time.Hour)
	w.look(s)
	w.look(w.service())
	w.wants("job.overdue") // once
	w.run("")
	w.look(s)
	w.wants("job.recovered")
	w.pass(7 * time.Hour)
	w.run("the disk is full")
	w.look(s)
	w.wants("backup.failed") // which says it all
	w.pass(7 * time.Hour)
	w.look(s)
	w.wants("")
	w.run("")
	w.pass(30 * time.Hour)
	late := w.begin()
	w.look(s)
	w.wants("job.recovered") // while one runs, nothing is overdue
	w.settle(late, "")
	w.look(s)
	w.wants("")
}

func TestAProcessThatHasJustStartedCallsNothingOverdue(t *testing.T) {
	w := newWorld(t)
	w.look(w.service())
	w.slots = []time.Time{w.at.Add(time.Hour), w.at.Add(25 * time.Hour)}
	w.pass(10 * time.Hour)
	s := w.service()
	w.look(s)
	w.wants("")
	w.pass(6 * time.Minute)
	w.look(s)
	w.wants("job.overdue")
}
