package backups

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// Pin tells how long a backup is kept, and offers to keep it whatever the rules say.
type Pin struct {
	BackupID, Label string
	// Words say until when it is kept; empty when nobody has asked for it.
	Words string
	// Since is when somebody asked.
	Since components.Moment
	// Rules says what decides otherwise, and RulesPath where that is shown; the path is
	// empty when the job has left the configuration.
	Rules, RulesPath string
	// Earliest is the first day that can be chosen, as a form writes it.
	Earliest string
	// Typed is the day that was refused, and Problem why; empty otherwise.
	Typed, Problem string
}

// PinRefused is a pin that was asked for on the page and not made.
type PinRefused struct{ Typed, Problem string }

// newPin returns nil where there is nothing to keep.
func newPin(f Facts, now time.Time) *Pin {
	b := f.Backup
	if !b.Status.Settled() || !anyFinished(b) && !b.Pinned(now) {
		return nil
	}
	p := &Pin{
		BackupID: b.ID, Label: b.Label, Rules: "The retention rules of its job decide how long it is kept.", RulesPath: "/jobs/" + b.JobID + "#kept",
		Earliest: now.In(f.zone()).Format(time.DateOnly), Typed: f.PinRefused.Typed, Problem: f.PinRefused.Problem,
	}
	if f.JobGone {
		p.Rules, p.RulesPath = "Its job has left the configuration, so nothing removes it by itself.", ""
	}
	if b.Pinned(now) {
		p.Words, p.Since = pinWords(b, f.zone(), now), components.Ago(now, b.PinnedAt)
	}
	return p
}

// pinWords says until when a pinned backup is kept, in a zone.
func pinWords(b models.Backup, zone *time.Location, now time.Time) string {
	if b.PinnedUntil == nil {
		return "Kept until somebody unpins it."
	}
	until := b.PinnedUntil.In(zone)
	if hour, minute, second := until.Clock(); hour+minute+second > 0 {
		return "Kept until " + until.Format("Mon 2 Jan 2006, 15:04") + " " + zone.String() + "."
	}
	last := until.AddDate(0, 0, -1)
	if last.Format(time.DateOnly) == now.In(zone).Format(time.DateOnly) {
		return "Kept until the end of today, " + zone.String() + " time."
	}
	return "Kept until the end of " + last.Format("Mon 2 Jan 2006") + ", " + zone.String() + " time."
}

// zone is where the clock of the backup's job hangs.
func (f Facts) zone() *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}
