package retention

import (
	"fmt"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

// graceTime is how long new rules remove nothing by themselves.
const graceTime = time.Hour

// period is one of the rules by the calendar.
type period struct {
	word string
	most func(models.Retention) int
	// key is the same for all moments of one period in a zone, and for no others.
	key func(t time.Time) string
	// words names the period for people who read it at now.
	words func(t, now time.Time) string
}

// periods are the rules by the calendar, the shortest first. Keys are of local time; an
// hour that comes twice, when clocks are set back, is two.
var periods = []period{
	{"hour", func(r models.Retention) int { return r.Hourly },
		func(t time.Time) string { return t.Format("2006-01-02T15 -07:00:00") },
		func(t, now time.Time) string { return t.Format(ofYear("2 January", t, now) + " from 15:00") }},
	{"day", func(r models.Retention) int { return r.Daily },
		func(t time.Time) string { return t.Format(time.DateOnly) },
		func(t, now time.Time) string { return t.Format("Monday " + ofYear("2 January", t, now)) }},
	{"week", func(r models.Retention) int { return r.Weekly }, isoWeek,
		func(t, _ time.Time) string {
			year, week := t.ISOWeek()
			return fmt.Sprintf("week %d of %d", week, year)
		}},
	{"month", func(r models.Retention) int { return r.Monthly },
		func(t time.Time) string { return t.Format("2006-01") },
		func(t, _ time.Time) string { return t.Format("January 2006") }},
	{"year", func(r models.Retention) int { return r.Yearly },
		func(t time.Time) string { return t.Format("2006") },
		func(t, _ time.Time) string { return t.Format("2006") }},
}

func isoWeek(t time.Time) string {
	year, week := t.ISOWeek()
	return strconv.Itoa(year) + "-" + strconv.Itoa(week)
}

// apply notes why rules keep the good copies of one drive, newest first, and which of
// those that they keep are more than may be.
func apply(r models.Retention, copies []*copyFacts, now time.Time, zone *time.Location) {
	backups, rank := 0, -1
	for _, c := range copies {
		if c.rank != rank { // a drive may hold two copies of one backup
			backups, rank = backups+1, c.rank
		}
		if backups > r.Last {
			break
		}
		c.rule(lastWords(r.Last))
	}
	for _, p := range periods {
		p.apply(p.most(r), copies, now.In(zone))
	}
	if r.Within > 0 {
		for _, c := range copies {
			if now.Sub(c.backup.CreatedAt) < r.Within {
				c.rule("younger than " + spanWords(r.Within))
			}
		}
	}
	if r.MaxSize > 0 {
		cutTo(r, copies)
	}
}

func (c *copyFacts) rule(reason string) { c.ruled = append(c.ruled, reason) }

// apply keeps the newest copy of each of so many periods that have one.
func (p period) apply(most int, copies []*copyFacts, now time.Time) {
	seen := map[string]bool{}
	for _, c := range copies {
		if len(seen) >= most {
			return
		}
		at := c.backup.CreatedAt.In(now.Location())
		if key := p.key(at); !seen[key] {
			seen[key] = true
			c.rule(fmt.Sprintf("newest of %s (%s %d of %d)", p.words(at, now), p.word, len(seen), most))
		}
	}
}

// cutTo bounds what the other rules keep, or all where there are none, to a size: from
// the first that does not fit on, the older ones go.
func cutTo(r models.Retention, copies []*copyFacts) {
	alone := r == models.Retention{MaxSize: r.MaxSize}
	left, full := r.MaxSize, false
	for _, c := range copies {
		if !alone && len(c.ruled) == 0 {
			continue
		}
		size := max(c.file.Size, 0)
		full = full || size > left
		if full {
			c.ruled, c.cut = nil, "more than "+sizeWords(r.MaxSize)+" with the newer ones"
			continue
		}
		left -= size
		if alone {
			c.rule("within " + sizeWords(r.MaxSize) + " with the newer ones")
		}
	}
}
