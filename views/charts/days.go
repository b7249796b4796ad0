package charts

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/views/human"
)

// Outcome is what became of a run, and of the runs of a day together.
type Outcome int

// The outcomes, from the one that says least of a day to the one that decides it.
const (
	// None says that nothing ran.
	None Outcome = iota
	// Cancelled says that somebody ended a run.
	Cancelled
	// Running says that a run is under way.
	Running
	// Good says that a backup was made, and Proven that it was restored and found equal.
	Good
	Proven
	// Missed says that a run was due and was not made.
	Missed
	// Failed says that a run failed, or that its backup was found wrong.
	Failed
)

// words say an outcome in the middle of a sentence.
var words = map[Outcome]string{None: "no run", Cancelled: "cancelled", Running: "running", Good: "backed up", Proven: "proven", Missed: "missed", Failed: "failed"}

// String says the outcome in a word or two.
func (o Outcome) String() string { return words[o] }

// Run is one run, or one that was missed.
type Run struct {
	At      time.Time
	Outcome Outcome
	// Size is bytes as they are kept, Took how long it took; 0 while that is not known.
	Size int64
	Took time.Duration
	// Error says why it failed; empty otherwise.
	Error string
}

// Day is what became of one day. A day with a proven backup is proven, unless something
// was missed or failed on it.
type Day struct {
	// Date is how the day is written, such as "Tue 3 Nov".
	Date    string
	Outcome Outcome
	Runs    []Run
	zone    *time.Location
}

// Days sorts runs into the last n days of a zone, the oldest first and today last.
func Days(runs []Run, zone *time.Location, now time.Time, n int) []Day {
	days, place := make([]Day, n), make(map[int]int, n)
	year, month, today := now.In(zone).Date()
	for i := range days {
		at := time.Date(year, month, today-n+1+i, 12, 0, 0, 0, zone)
		days[i] = Day{Date: at.Format("Mon 2 Jan"), zone: zone}
		place[dayNumber(at)] = i
	}
	for _, r := range runs {
		i, shown := place[dayNumber(r.At.In(zone))]
		if !shown {
			continue
		}
		days[i].Runs = append(days[i].Runs, r)
		days[i].Outcome = max(days[i].Outcome, r.Outcome)
	}
	return days
}

// dayNumber tells days of a calendar apart.
func dayNumber(t time.Time) int {
	year, month, day := t.Date()
	return (year*16+int(month))*32 + day
}

// told is how many runs of a day are told one by one.
const told = 2

// Title tells the runs of a day: what went wrong first, and the rest in numbers.
func (d Day) Title() string {
	if len(d.Runs) == 0 {
		return d.Date + ": no run"
	}
	runs := d.Runs
	if len(runs) > 1 {
		runs = slices.Clone(runs)
		slices.SortStableFunc(runs, func(a, b Run) int {
			return cmp.Or(cmp.Compare(b.Outcome, a.Outcome), a.At.Compare(b.At))
		})
	}
	var b strings.Builder
	b.WriteString(d.Date)
	for i, r := range runs {
		if i == told && len(runs) > told+1 {
			b.WriteString("; and " + human.Plural(int64(len(runs)-told), "other run"))
			break
		}
		b.WriteString([]string{": ", "; "}[min(i, 1)] + r.told(d.zone))
	}
	return b.String()
}

// errorLength is how much of an error a picture tells. The page of the run has it all.
const errorLength = 60

func (r Run) told(zone *time.Location) string {
	said := r.At.In(zone).Format("15:04") + " " + r.Outcome.String()
	if r.Outcome == Failed && r.Error != "" {
		return said + ", " + cut(r.Error, errorLength)
	}
	if r.Outcome != Good && r.Outcome != Proven {
		return said
	}
	if r.Size > 0 {
		said += ", " + human.Bytes(r.Size)
	}
	if r.Took > 0 {
		said += " in " + human.Duration(r.Took)
	}
	return said
}

// cut returns the beginning of a text in whole letters.
func cut(text string, letters int) string {
	runes := []rune(text)
	if len(runes) <= letters {
		return text
	}
	return strings.TrimSpace(string(runes[:letters-1])) + "…"
}

// Tally says the days in one sentence, such as "27 proven, 2 failed and 1 without a run".
func Tally(days []Day) string {
	counts := map[Outcome]int{}
	for _, d := range days {
		counts[d.Outcome]++
	}
	var parts []string
	for _, o := range []Outcome{Failed, Missed, Proven, Good, Running, Cancelled} {
		if counts[o] > 0 {
			parts = append(parts, strconv.Itoa(counts[o])+" "+o.String())
		}
	}
	if counts[None] > 0 {
		parts = append(parts, strconv.Itoa(counts[None])+" without a run")
	}
	return human.List(parts)
}
