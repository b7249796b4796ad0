package models

import (
	"slices"
	"time"
)

// Event is something that people are told of.
type Event string

// The events.
const (
	// EventFailed is a backup that failed, EventFinished one that finished.
	EventFailed   Event = "backup.failed"
	EventFinished Event = "backup.finished"
	// EventOverdue is a job whose schedule passed without a good backup.
	EventOverdue Event = "job.overdue"
	// EventRecovered is the first good backup of a job after one that failed or was overdue.
	EventRecovered Event = "job.recovered"
	// EventDisproven is a drill that found a backup wrong, EventProven one that found it equal.
	EventDisproven Event = "drill.disproven"
	EventProven    Event = "drill.proven"
	// EventAlarm is a backup that holds far less or more than usual.
	EventAlarm Event = "alarm.raised"
	// EventDriveFailing is a drive whose checks fail, EventDriveGood one that works again.
	EventDriveFailing Event = "drive.failing"
	EventDriveGood    Event = "drive.good"
	// EventLeftOut is something that was set up on a page and does not run: it cannot be read
	// or applied, or names something that is gone.
	EventLeftOut Event = "setup.left_out"
	// EventTest is asked for on the page of a notifier.
	EventTest Event = "test"
)

// Events are all that a notifier may be asked to tell of, in the order that forms show them.
func Events() []Event {
	return []Event{EventFailed, EventOverdue, EventDisproven, EventAlarm, EventDriveFailing, EventLeftOut, EventRecovered,
		EventFinished, EventProven, EventDriveGood}
}

// Usual reports whether a notifier tells of the event unless it says otherwise: those that
// ask for somebody to act, and the end of them.
func (e Event) Usual() bool {
	switch e {
	case EventFailed, EventOverdue, EventDisproven, EventAlarm, EventDriveFailing, EventLeftOut, EventRecovered:
		return true
	}
	return false
}

// Routine reports whether the event asks nobody to do anything.
func (e Event) Routine() bool { return e == EventFinished || e == EventProven }

// Notifier tells somebody of events.
type Notifier struct {
	Label    string
	Provider string
	Settings Settings
	// Events are those it tells of; empty for those that ask for somebody to act.
	Events []Event
	// Jobs are the labels of those whose events it tells; empty for all.
	Jobs []string
}

// Wants reports whether the notifier tells of an event that has to do with some jobs, by
// their labels. An event of no job is told by all that tell of its kind.
func (n Notifier) Wants(e Event, jobs []string) bool {
	asked := e.Usual()
	if len(n.Events) > 0 {
		asked = slices.Contains(n.Events, e)
	}
	mine := len(n.Jobs) == 0 || len(jobs) == 0 || slices.ContainsFunc(jobs, func(label string) bool { return slices.Contains(n.Jobs, label) })
	return asked && mine
}

// Notification is one event on its way to one notifier.
type Notification struct {
	ID string `gorm:"primaryKey;size:36"`
	// Notifier is its label; empty for the event itself, a row which says that it was handed
	// to whoever is told of it.
	Notifier string `gorm:"size:255;not null"`
	Event    Event  `gorm:"size:32;not null"`
	// About is what keeps one event from being told twice to one notifier.
	About string `gorm:"size:255;not null"`
	// JobID and BackupID are empty for events of neither.
	JobID    string `gorm:"size:36;not null"`
	BackupID string `gorm:"size:36;not null"`
	Title    string `gorm:"size:255;not null"`
	Body     string `gorm:"type:text"`
	// Status is pending until it was sent or given up.
	Status   Status `gorm:"size:16;not null"`
	Attempts int    `gorm:"not null"`
	// Error is why the newest attempt failed, a sentence.
	Error string `gorm:"type:text"`
	// NextAt is when it is tried next; nil once it has settled.
	NextAt *time.Time `gorm:"precision:6"`
	// CreatedAt is when the event happened.
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	SettledAt *time.Time `gorm:"precision:6"`
}
