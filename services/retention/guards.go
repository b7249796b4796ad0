package retention

import (
	"fmt"

	"github.com/backupman/backupman/models"
)

// guard keeps copies whatever the rules say.
type guard struct {
	name string
	// why returns what keeps a copy, as a part of a sentence; empty when nothing does.
	why func(f *facts, c *copyFacts) string
}

// guards are the floor, the weightiest first.
var guards = []guard{
	{"pending", stillMade},
	{"read", nowRead},
	{"pinned", pinned},
	{"locked", locked},
	{"drive gone", driveGone},
	{"newest proven", newestProven},
	{"newest good", newestGood},
}

// stillMade keeps what is being made: nobody knows yet what becomes of it.
func stillMade(_ *facts, c *copyFacts) string {
	if c.backup.Status.Settled() && c.file.Status.Settled() {
		return ""
	}
	return "is still being made"
}

// nowRead keeps what a restore or a drill reads, or may need.
func nowRead(f *facts, c *copyFacts) string { return f.Reading[c.backup.ID] }

func pinned(f *facts, c *copyFacts) string {
	switch b := c.backup; {
	case !b.Pinned(f.now):
		return ""
	case b.PinnedUntil == nil:
		return "pinned"
	default:
		return "pinned until " + LastDay(*b.PinnedUntil, f.zone)
	}
}

func locked(f *facts, c *copyFacts) string {
	if until := c.file.LockedUntil; until != nil && until.After(f.now) {
		return "locked by the provider until " + until.In(f.zone).Format(momentForm)
	}
	return ""
}

// driveGone keeps what is on a drive that left the configuration: the rules that it had
// there left with it.
func driveGone(f *facts, c *copyFacts) string {
	if !f.Gone[c.file.DriveID] {
		return ""
	}
	return f.drive(c) + " is not in the configuration"
}

// newestProven keeps every copy of the newest backup that was restored and found equal.
func newestProven(f *facts, c *copyFacts) string {
	if f.isNewestProven(c) {
		return "newest proven backup"
	}
	return ""
}

// newestGood keeps the newest good copy on each drive.
func newestGood(f *facts, c *copyFacts) string {
	switch {
	case f.isLastGood(c):
		return "last good copy on " + f.drive(c)
	case f.isNewestGood(c):
		return "newest good copy on " + f.drive(c)
	}
	return ""
}

// rest is a state of a job in which nothing of it is removed.
type rest struct {
	name string
	// why returns a sentence; empty when the state does not hold.
	why func(f *facts) string
	// byItself says that only what nobody asks for rests.
	byItself bool
}

// rests are looked at in this order; the first that holds is told.
var rests = []rest{
	{"not configured", notConfigured, false},
	{"paused", paused, false},
	{"frozen", frozen, false},
	{"failed", newestFailed, false},
	{"pending", anyPending, false},
	{"new rules", newRules, true},
}

func notConfigured(f *facts) string {
	if f.Job.RemovedAt == nil {
		return ""
	}
	return fmt.Sprintf("the job %s is no longer in the configuration: nothing of it is removed until it is there again", f.Job.Label)
}

func paused(f *facts) string {
	if f.Job.PausedAt == nil {
		return ""
	}
	return fmt.Sprintf("the job %s is paused: nothing is removed until it is resumed", f.Job.Label)
}

func frozen(f *facts) string {
	switch f.Alarms {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("there is an alarm about %s that nobody has looked at: nothing is removed until somebody has", f.Job.Label)
	}
	return fmt.Sprintf("there are %d alarms about %s that nobody has looked at: nothing is removed until somebody has", f.Alarms, f.Job.Label)
}

func newestFailed(f *facts) string {
	if len(f.Backups) == 0 || f.Backups[0].Status != models.StatusFailed {
		return ""
	}
	ended := "failed"
	if f.Backups[0].Cancelled() {
		ended = "was cancelled"
	}
	return fmt.Sprintf("the newest backup of %s %s: nothing is removed until one has finished", f.Job.Label, ended)
}

func anyPending(f *facts) string {
	for _, b := range f.Backups {
		if !b.Status.Settled() {
			return fmt.Sprintf("a backup of %s is being made: nothing is removed until it has finished", f.Job.Label)
		}
	}
	return ""
}

// newRules gives people an hour to see what new rules would remove.
func newRules(f *facts) string {
	at := f.Job.RetentionAt
	if at == nil || f.byHand || f.now.Sub(*at) >= graceTime {
		return ""
	}
	return fmt.Sprintf("the rules of %s, or what they go by, changed at %s: before %s they remove nothing by themselves, but whoever asks for it removes now",
		f.Job.Label, at.In(f.zone).Format("15:04"), at.Add(graceTime).In(f.zone).Format("15:04 on 2 January (MST)"))
}
