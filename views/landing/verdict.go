package landing

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// State is what can be said of a job, the most urgent first.
type State int

// The states, in the order in which they want attention.
const (
	// Disproven says that a drill found the newest backup wrong.
	Disproven State = iota
	// Failing says that the newest run failed.
	Failing
	// Suspect says that something about its backups wants a look, see models.Alarm.
	Suspect
	// Unprotected says that no job backs a database up.
	Unprotected
	// Overdue says that the schedule asked for a newer backup than there is.
	Overdue
	// Never says that there is no backup at all.
	Never
	// Running says that a run is under way.
	Running
	// Unproven says that the newest backup was never restored.
	Unproven
	// Proven says that the newest backup was restored and found equal.
	Proven
)

// NeedsAttention reports whether a person should look at the job.
func (s State) NeedsAttention() bool { return s <= Never }

// JobFacts is what is known of one job.
type JobFacts struct {
	// JobSummary is judged, so that its Newest is the newest backup that nobody cancelled: who
	// cancels a run changes nothing about what can be restored.
	models.JobSummary
	// Cancelled is the newest backup where somebody cancelled it, else nil.
	Cancelled *models.Backup
	// NextRun is nil when nothing is scheduled.
	NextRun *time.Time
	// Owners are what the failure of Newest can be about.
	Owners backups.Owners
	// Due is the slot that there should be a backup of by now, see models.DueSlot; nil
	// when there is none.
	Due *time.Time
	// Missed are the newest slots that were given up; nil when there are none, and when
	// something has run since.
	Missed *models.Missed
	// Partly is the newest earlier backup that is not finished and has a good copy all
	// the same; nil when there is none, and when the newest backup of all is finished.
	Partly *models.Backup
}

// Judge decides what can be said of a job.
func Judge(f JobFacts) State {
	switch {
	case f.Newest == nil && overdue(f):
		return Overdue
	case f.Newest == nil:
		return Never
	case f.Newest.Status == models.StatusPending:
		return Running
	case disproven(f):
		return Disproven
	case f.Newest.Status == models.StatusFailed:
		return Failing
	case f.Alarms > 0:
		return Suspect
	case overdue(f):
		return Overdue
	case f.NewestFinished == nil || f.NewestFinished.ProvenAt == nil:
		return Unproven
	}
	return Proven
}

// chip says a state in a word or two.
func (s State) chip() components.Chip {
	switch s {
	case Disproven:
		return components.Chip{Tone: components.ToneBad, Icon: "warning", Text: "Disproven"}
	case Failing:
		return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Failing"}
	case Suspect:
		return components.Chip{Tone: components.ToneBad, Icon: "warning", Text: "Wants a look"}
	case Unprotected:
		return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Unprotected"}
	case Overdue:
		return components.Chip{Tone: components.ToneWarn, Icon: "clock", Text: "Overdue"}
	case Never:
		return components.Chip{Tone: components.ToneWarn, Icon: "circle", Text: "Never backed up"}
	case Running:
		return components.Chip{Tone: components.ToneBusy, Icon: "turning", Text: "Running"}
	case Unproven:
		return components.Chip{Tone: components.ToneWarn, Icon: "check", Text: "Not proven yet"}
	}
	return components.Chip{Tone: components.ToneGood, Icon: "shield", Text: "Proven"}
}

// verdict says a state as a sentence.
func verdict(s State, f JobFacts, now time.Time) string {
	switch s {
	case Disproven:
		return "The newest backup was restored as a test and is not equal to what was dumped." + fallback(f, now)
	case Failing:
		if f.Newest.DumpedAt != nil {
			return "Not every copy of the newest backup is good." + fallback(f, now)
		}
		return "The last run failed " + human.Age(now, settledAt(f.Newest)) + "." + fallback(f, now)
	case Suspect:
		return "Something about its backups wants a look." + fallback(f, now)
	case Overdue:
		return "A backup was due " + human.Age(now, *f.Due) + " and was not made." + fallback(f, now)
	case Never:
		return "There is nothing to restore from yet."
	case Running:
		return "A run is under way." + fallback(f, now)
	case Unproven:
		return "Backed up " + human.Age(now, f.NewestFinished.CreatedAt) + ". No test restore has proven it yet."
	}
	return "Restored as a test " + human.Age(now, *f.NewestFinished.ProvenAt) + " and found equal, table by table."
}

// fallback says what can be restored although the newest run is no help.
func fallback(f JobFacts, now time.Time) string {
	good := goodCopies(f.Newest)
	switch {
	case good == 1:
		return " One copy of it is good and can be restored."
	case good > 1:
		return " " + human.Count(int64(good)) + " copies of it are good and can be restored."
	case f.NewestProven != nil:
		return " A proven copy from " + human.Age(now, f.NewestProven.CreatedAt) + " can be restored."
	case partlyIsNewest(f):
		return " An unproven copy from " + human.Age(now, f.Partly.CreatedAt) + " can be restored."
	case f.NewestFinished != nil && !disproven(f):
		return " An unproven copy from " + human.Age(now, f.NewestFinished.CreatedAt) + " can be restored."
	case f.Finished > 1:
		return " Older copies exist, but none of them is proven."
	}
	return " There is nothing to restore from."
}

// partlyIsNewest says that the newest backup to restore from, but for the very newest,
// is one whose other copies are missing.
func partlyIsNewest(f JobFacts) bool {
	return f.Partly != nil && (f.NewestFinished == nil || disproven(f) || f.Partly.CreatedAt.After(f.NewestFinished.CreatedAt))
}

// goodCopies counts the copies of a backup that is not finished only because others
// are missing, or still on their way.
func goodCopies(b *models.Backup) int {
	n := 0
	if b != nil && b.Status != models.StatusFinished {
		for _, file := range b.DriveFiles {
			if file.Status == models.StatusFinished {
				n++
			}
		}
	}
	return n
}

// disproven reports whether a drill found the newest finished backup wrong.
func disproven(f JobFacts) bool {
	return f.NewestFinished != nil && f.NewestFinished.DisprovenAt != nil
}

func settledAt(b *models.Backup) time.Time {
	if b.SettledAt != nil {
		return *b.SettledAt
	}
	return b.CreatedAt
}
