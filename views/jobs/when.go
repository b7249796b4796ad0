package jobs

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Timing is what the schedule says of a job.
type Timing struct {
	// Words say when the job runs, such as "every day at 03:00", and DrillWords when its
	// drills do; empty where only the expression can say it.
	Words, DrillWords string
	// NextRuns are the next slots, the nearest first; none while the job is paused.
	NextRuns []time.Time
	// NextDrill is nil when none is planned.
	NextDrill *time.Time
	// Missed are newest first.
	Missed []models.Missed
}

// When tells when a job runs.
type When struct {
	// Words say it in a sentence; Expression is what the configuration has, where
	// people do not read that as easily.
	Words, Expression string
	// Scheduled says that it runs by itself at all.
	Scheduled bool
	Zone      string
	// Window and Spread are empty where there is none.
	Window, Spread string
	Longest        string
	Drills         string
	NextDrill      components.Moment
	Paused         components.Moment
	Next           []Run
	Missed         []MissedLine
}

// Run is one run to come.
type Run struct {
	// At is by the clock of the job's zone, with its offset where that changes among the runs.
	At components.Moment
	In components.Moment
}

// MissedLine are slots in a row whose runs were given up.
type MissedLine struct {
	At     components.Moment
	Reason string
}

func newWhen(job models.Job, t Timing, now time.Time) When {
	zone := zoneOf(job)
	w := When{
		Words: scheduleWords(job.Cron, t.Words), Expression: expression(job.Cron), Scheduled: job.Cron != "", Zone: zone.String(),
		Window: windowWords(job.Window), Longest: "No limit of its own", Drills: drillWords(job, t.DrillWords),
		Next: newRuns(t.NextRuns, zone, now),
	}
	if job.Spread > 0 {
		w.Spread = "Up to " + human.Length(job.Spread) + " after each of these times, so that jobs do not start together; always equally late."
	}
	if job.Timeout > 0 {
		w.Longest = human.Length(job.Timeout) + ", then it is stopped"
	}
	if job.PausedAt != nil {
		w.Paused, w.Next = components.At(*job.PausedAt, zone), nil
	} else if t.NextDrill != nil {
		w.NextDrill = components.At(*t.NextDrill, zone)
	}
	for _, m := range t.Missed {
		w.Missed = append(w.Missed, newMissedLine(m, zone, now))
	}
	return w
}

// zoneOf is where the job's clock hangs; a zone that is not known here is UTC, which the
// words then name.
func zoneOf(job models.Job) *time.Location {
	zone, err := job.Location()
	if err != nil {
		return time.UTC
	}
	return zone
}

func scheduleWords(cron, words string) string {
	switch {
	case cron == "":
		return "Only when asked"
	case words == "":
		return "By a cron expression"
	}
	return capital(words)
}

// expression returns what the configuration has for a schedule, where it is not words already.
func expression(cron string) string {
	if cron != "" && strings.ContainsRune("0123456789*?@", rune(cron[0])) {
		return cron
	}
	return ""
}

func capital(words string) string { return strings.TrimSuffix(human.Sentence(words), ".") }

func windowWords(window string) string {
	from, to, ok := strings.Cut(window, "-")
	if !ok {
		return window
	}
	return "Only between " + from + " and " + to
}

func drillWords(job models.Job, words string) string {
	var found []string
	if job.DrillAfter {
		found = append(found, "after each finished backup")
	}
	if job.DrillCron != "" {
		found = append(found, cmp.Or(words, job.DrillCron))
	}
	if len(found) == 0 {
		return "Only when asked"
	}
	return capital(human.List(found))
}

// newRuns tells times by the clock of a zone. Where its offset changes among them, each
// has its own: the same hour of two days is then not a day apart.
func newRuns(slots []time.Time, zone *time.Location, now time.Time) []Run {
	layout, changes := "15:04", false
	for _, slot := range slots {
		changes = changes || offset(slot.In(zone)) != offset(slots[0].In(zone))
		if slot.Second() != 0 {
			layout = "15:04:05"
		}
	}
	runs := make([]Run, 0, len(slots))
	for _, slot := range slots {
		at := components.At(slot, zone)
		at.Words = slot.In(zone).Format(dateLayout(slot.In(zone), now.In(zone)) + ", " + layout)
		if changes {
			at.Words += " (" + offset(slot.In(zone)) + ")"
		}
		runs = append(runs, Run{At: at, In: components.Ago(now, &slot)})
	}
	return runs
}

// dateLayout leaves the year out where it is this one.
func dateLayout(t, now time.Time) string {
	if t.Year() == now.Year() {
		return "Mon 2 Jan"
	}
	return "Mon 2 Jan 2006"
}

// clock tells a time by the clock of a job, without the name of its zone.
func clock(t time.Time, job models.Job, now time.Time) components.Moment {
	zone := zoneOf(job)
	at := components.At(t, zone)
	at.Words = t.In(zone).Format(dateLayout(t.In(zone), now.In(zone)) + ", 15:04")
	return at
}

// offset says how far a time's clock is from UTC: "UTC", "UTC+1", "UTC-3:30".
func offset(t time.Time) string {
	_, seconds := t.Zone()
	if seconds == 0 {
		return "UTC"
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	text := fmt.Sprintf("UTC%s%d", sign, seconds/3600)
	if minutes := seconds % 3600 / 60; minutes != 0 {
		text += fmt.Sprintf(":%02d", minutes)
	}
	return text
}

func newMissedLine(m models.Missed, zone *time.Location, now time.Time) MissedLine {
	at := components.At(m.Last, zone)
	first, last := m.First.In(zone), m.Last.In(zone)
	at.Words = last.Format(dateLayout(last, now.In(zone)) + ", 15:04")
	if m.Slots > 1 {
		to := last.Format("15:04")
		if first.YearDay() != last.YearDay() || first.Year() != last.Year() {
			to = at.Words
		}
		at.Words = human.Count(int64(m.Slots)) + " times, " + first.Format(dateLayout(first, now.In(zone))+", 15:04") + " to " + to
	}
	return MissedLine{At: at, Reason: human.Sentence(m.Reason)}
}
