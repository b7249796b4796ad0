package jobs

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// PreviewFacts is what is known of a job that is not saved yet.
type PreviewFacts struct {
	// Words say when it would run, as those of Timing; Expression is what was chosen.
	Words, Expression string
	// Runs are the next ones by the clock of Zone.
	Runs []time.Time
	Zone *time.Location
	// Problem says why there are no runs to show; empty when nothing is wrong.
	Problem string
	Rules   models.Retention
	// RulesWrong says that the rules cannot be read.
	RulesWrong bool
	// Forecast is what would stay, and Size how large one copy is; 0 when nobody knows.
	Forecast models.Forecast
	Size     int64
	// Plan is what the rules would do with the backups that there are; nil where there are none.
	Plan *models.RetentionPlan
}

// Preview shows what a job would do.
type Preview struct {
	// When says it in a sentence; Expression is the cron expression, where it has one.
	When, Expression, Zone, Problem string
	Runs                            []Run
	// Kept says the rules, Stays what stays in the long run; empty when that can't be told.
	Kept, Stays string
	Rows        []PreviewRow
	// Now says what the rules would do with the backups that there are; empty for none.
	Now string
	// Goes says that some of them would go.
	Goes bool
	// Told is the gist, for those who hear the page.
	Told string
}

// PreviewRow is what one rule keeps in the long run.
type PreviewRow struct {
	Rule, Kept, Back string
}

// NewPreview builds it.
func NewPreview(f PreviewFacts, now time.Time) Preview {
	p := Preview{When: scheduleWords(f.Expression, f.Words), Expression: expression(f.Expression), Zone: f.Zone.String(), Problem: human.Sentence(f.Problem)}
	if f.Problem == "" {
		p.Runs = newRuns(f.Runs, f.Zone, now)
	}
	if f.RulesWrong {
		p.Kept = "These rules cannot be read yet."
		return p.told()
	}
	p.Kept = RetentionWords(f.Rules)
	p.Stays = staysWords(f)
	for _, r := range f.Forecast.Rules {
		p.Rows = append(p.Rows, PreviewRow{Rule: ruleWords[r.Rule], Kept: human.Count(int64(r.Kept)), Back: back(f.Forecast.Last.Sub(r.Oldest))})
	}
	if f.Plan != nil {
		goes, stays := sums(f.Plan.Backups)
		p.Goes, p.Now = goes.Copies > 0, nowWords(goes, stays)
	}
	return p.told()
}

// told sums it up.
func (p Preview) told() Preview {
	switch {
	case p.Problem != "":
		p.Told = p.Problem
	case len(p.Runs) > 0:
		p.Told = "Next run " + p.Runs[0].At.Words + ". " + p.Stays
	default:
		p.Told = p.When + ". " + p.Kept
	}
	return p
}

// ruleWords are of what each rule of a forecast keeps the newest.
var ruleWords = map[string]string{
	"last": "Run", "hour": "Hour", "day": "Day", "week": "Week", "month": "Month", "year": "Year", "within": "Run, by age",
}

// wholeYear is nearly that: the last run of a year may come a day before its end.
const wholeYear = 360 * 24 * time.Hour

// staysWords say what stays after many runs.
func staysWords(f PreviewFacts) string {
	c := f.Forecast
	if c.Runs < 2 {
		return ""
	}
	words := "After a year"
	if length := c.Last.Sub(c.First); length < wholeYear {
		words = "After " + back(length)
	}
	words += " of such runs, " + human.Count(int64(c.Runs)) + " of them, "
	switch kept := len(c.Kept); {
	case kept == c.Runs:
		words += "all are still there"
	case kept == 1:
		words += "1 backup stays, the newest"
	default:
		words += human.Plural(int64(kept), "backup") + " stay, the oldest " + age(c.Last.Sub(c.Kept[kept-1]))
	}
	if f.Size > 0 {
		words += ": about " + human.Bytes(f.Size*int64(len(c.Kept))) + " on each drive, if each is as large as the newest one"
	}
	return words + "."
}

func age(d time.Duration) string {
	if text := back(d); text != "" {
		return text + " old"
	}
	return "just made"
}

// back tells a length of time in the unit that people count it in; empty for none.
func back(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length time.Duration
		noun   string
	}{{365 * day, "year"}, {30 * day, "month"}, {7 * day, "week"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		n := (d + unit.length/20) / unit.length
		if n >= 2 || n == 1 && unit.length != 30*day && unit.length != 7*day {
			return human.Plural(int64(n), unit.noun)
		}
	}
	return ""
}

// sums count the copies that go and those that stay.
func sums(all []models.BackupDecision) (goes, stays Sum) {
	for _, b := range all {
		for _, c := range b.Copies {
			if c.Remove {
				goes.add(c.DriveFile, c.DriveFile.DriveID)
			} else {
				stays.add(c.DriveFile, c.DriveFile.DriveID)
			}
		}
	}
	return goes, stays
}

// nowWords say what rules would do with the copies that there are.
func nowWords(goes, stays Sum) string {
	if goes.Copies == 0 {
		return "Of the backups that there are nothing would go: " + stays.Words() + " would stay."
	}
	return "Of the backups that there are " + goes.Words() + " would go, and " + stays.Words() + " would stay. Nothing goes in the first hour after the rules have changed."
}
