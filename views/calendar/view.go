package calendar

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// Path is the address of the calendar.
const Path = "/calendar"

// Length is how many days it shows.
const Length = 7

// Condensed is how many runs of one job there must be on a day for them to be one line.
const Condensed = 5

// shownOfDay is how many lines a day of the whole week shows; its own page has all.
const shownOfDay = 40

// Facts is what is known of the coming days.
type Facts struct {
	// Days begin with today, each at its midnight by the clock of Zone.
	Days []time.Time
	Zone *time.Location
	Jobs []JobWeek
	// Day is the one day that is asked for; zero for all.
	Day time.Time
}

// JobWeek is what a job does in those days.
type JobWeek struct {
	Job models.Job
	// Words say when it runs, such as "every 15 minutes"; empty where only the expression can.
	Words, DrillWords string
	// Runs and Drills are by the day.
	Runs, Drills []Slots
}

// Slots are the moments of one day.
type Slots struct {
	// At are the first of them; there are more where More says so, the last at Last.
	At   []time.Time
	More bool
	Last time.Time
}

// View is the calendar.
type View struct {
	Page layout.Page
	Zone string
	Days []Day
	// Single says that one day is shown, with all that is on it.
	Single bool
	Paused []Link
	// Asked are the jobs that run only when asked.
	Asked []Link
	// Empty says that there is no job at all.
	Empty bool
}

// Link leads to a job.
type Link struct {
	Label, Path string
	// Since is when it was paused.
	Since components.Moment
}

// Day is one day.
type Day struct {
	// ID is the day as 2006-01-02.
	ID, Path string
	// Weekday and Date name it; Today says that it is.
	Weekday, Date string
	Today         bool
	// Words count what is on it.
	Words string
	Times []Times
	// Hidden is how many lines are left out.
	Hidden int
}

// Times are the lines of one time of day.
type Times struct {
	At    components.Moment
	Lines []Line
}

// Line is a run or a drill of a job, or many of them on one day.
type Line struct {
	Label, Path string
	Drill       bool
	// Then says that a drill of the backup follows.
	Then bool
	// Often says how often on the day, for many; empty for one.
	Often string

	at time.Time
}

// NewView builds the calendar.
func NewView(page layout.Page, f Facts, now time.Time) View {
	v := View{Page: page, Zone: f.Zone.String(), Single: !f.Day.IsZero(), Empty: len(f.Jobs) == 0}
	for n, day := range f.Days {
		if f.Day.IsZero() || f.Day.Equal(day) {
			v.Days = append(v.Days, newDay(f, n, now))
		}
	}
	for _, j := range f.Jobs {
		link := Link{Label: j.Job.Label, Path: "/jobs/" + j.Job.ID}
		switch {
		case j.Job.PausedAt != nil:
			link.Since = components.Ago(now, j.Job.PausedAt)
			v.Paused = append(v.Paused, link)
		case j.Job.Cron == "" && j.Job.DrillCron == "":
			v.Asked = append(v.Asked, link)
		}
	}
	for _, links := range [][]Link{v.Paused, v.Asked} {
		slices.SortFunc(links, func(a, b Link) int { return cmp.Compare(a.Label, b.Label) })
	}
	return v
}

func newDay(f Facts, n int, now time.Time) Day {
	at := f.Days[n].In(f.Zone)
	d := Day{ID: at.Format(time.DateOnly), Weekday: at.Weekday().String(), Date: at.Format("2 January"), Today: sameDay(at, now.In(f.Zone))}
	d.Path = Path + "?day=" + d.ID
	var lines []Line
	runs, drills, more := 0, 0, false
	for _, j := range f.Jobs {
		if j.Job.PausedAt != nil {
			continue
		}
		lines = append(lines, linesOf(j, j.Runs[n], false, f.Zone)...)
		lines = append(lines, linesOf(j, j.Drills[n], true, f.Zone)...)
		runs, drills, more = runs+len(j.Runs[n].At), drills+len(j.Drills[n].At), more || j.Runs[n].More || j.Drills[n].More
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.Label, b.Label)) })
	d.Words = countWords(runs, drills, more)
	if f.Day.IsZero() && len(lines) > shownOfDay {
		d.Hidden = len(lines) - shownOfDay
		lines = lines[:shownOfDay]
	}
	for _, l := range lines {
		if last := len(d.Times) - 1; last >= 0 && d.Times[last].Lines[0].at.Equal(l.at) {
			d.Times[last].Lines = append(d.Times[last].Lines, l)
			continue
		}
		moment := components.At(l.at, f.Zone)
		moment.Words = clock(l.at, f.Zone)
		d.Times = append(d.Times, Times{At: moment, Lines: []Line{l}})
	}
	return d
}

func sameDay(a, b time.Time) bool { return a.Year() == b.Year() && a.YearDay() == b.YearDay() }

func countWords(runs, drills int, more bool) string {
	var parts []string
	if runs > 0 {
		parts = append(parts, human.Plural(int64(runs), "run"))
	}
	if drills > 0 {
		parts = append(parts, human.Plural(int64(drills), "drill"))
	}
	words := human.List(parts)
	if more {
		words = "more than " + words
	}
	return words
}

// linesOf are the lines of a job on a day: one each, or one for many.
func linesOf(j JobWeek, s Slots, drill bool, zone *time.Location) []Line {
	line := Line{Label: j.Job.Label, Path: "/jobs/" + j.Job.ID, Drill: drill, Then: j.Job.DrillAfter && !drill}
	if len(s.At) >= Condensed || s.More {
		line.at, line.Often = s.At[0], often(j, s, drill, zone)
		return []Line{line}
	}
	var all []Line
	for _, at := range s.At {
		line.at = at
		all = append(all, line)
	}
	return all
}

func often(j JobWeek, s Slots, drill bool, zone *time.Location) string {
	words, noun := j.Words, "run"
	if drill {
		words, noun = j.DrillWords, "drill"
	}
	last, count := s.At[len(s.At)-1], human.Plural(int64(len(s.At)), noun)
	if s.More {
		last, count = s.Last, "more than "+count
	}
	parts := []string{count + " until " + clock(last, zone)}
	if words != "" {
		parts = append([]string{words}, parts...)
	}
	return strings.Join(parts, ", ")
}

func clock(t time.Time, zone *time.Location) string {
	if t.Second() != 0 {
		return t.In(zone).Format("15:04:05")
	}
	return t.In(zone).Format("15:04")
}

func title(d Day) string {
	if d.Today {
		return "Today, " + d.Weekday + " " + d.Date
	}
	return d.Weekday + " " + d.Date
}
