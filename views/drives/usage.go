package drives

import (
	"math"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/charts"
	"github.com/backupman/backupman/views/human"
)

const (
	// UsageDays is how many days of what a drive held are shown.
	UsageDays = 90
	// paceDays is over how many days its pace is measured, of which leastDays at least must
	// lie between the first and the last.
	paceDays, leastDays = 30, 7
	// mostAhead bounds how many days of what is to come are drawn.
	mostAhead = 60
	// steady is how well a straight line must fit for a pace to be spoken of.
	steady = 0.3
	// farAhead is from where on nothing is foretold.
	farAhead = 5 * 365
)

// Usage is what a drive held day by day.
type Usage struct {
	Chart charts.Area
	// Forecast says when the drive will be full, or why that cannot be said.
	Forecast string
}

// NewUsage makes the chart of a drive from its days, oldest first; nil when there is none.
func NewUsage(days []models.DriveUsage) *Usage {
	if len(days) == 0 {
		return nil
	}
	pace := measure(days)
	u := &Usage{Forecast: pace.words()}
	newest := days[len(days)-1]
	u.Chart = charts.Area{ID: "usage-chart", Title: "What it holds", Term: "Copies", Sentence: u.Forecast, Words: func(v float64) string { return human.Bytes(int64(v)) }}
	if newest.Free >= 0 && newest.Total > 0 {
		u.Chart.Title, u.Chart.Term = "How full it is", "Used"
		u.Chart.Limit = &charts.Point{Value: float64(newest.Total)}
	}
	u.Chart.Points = pointsOf(days, u.Chart.Limit != nil)
	if u.Chart.Limit != nil {
		u.Chart.Ahead = pace.ahead(newest)
	}
	return u
}

// pointsOf has a point for each day from the first to the last; those without numbers leave
// a gap.
func pointsOf(days []models.DriveUsage, ofPlace bool) []charts.Point {
	known := map[string]models.DriveUsage{}
	for _, d := range days {
		known[d.Day] = d
	}
	var points []charts.Point
	last := dayOf(days[len(days)-1])
	for at := dayOf(days[0]); !at.After(last); at = at.AddDate(0, 0, 1) {
		p := charts.Point{Value: math.NaN(), When: at.Format("2 Jan")}
		if d, ok := known[at.Format(time.DateOnly)]; ok {
			held := human.Plural(d.Copies, "copy", "copies") + ", " + human.Bytes(d.Bytes)
			switch {
			case !ofPlace:
				p.Value, p.Says = float64(d.Bytes), held
			case d.Free >= 0 && d.Total > 0:
				p.Value, p.Says = float64(d.Total-d.Free), human.Bytes(d.Total-d.Free)+" of "+human.Bytes(d.Total)+" ("+held+")"
			}
		}
		points = append(points, p)
	}
	return points
}

// dayOf is the day of what was written down; one that cannot be read is the first of all.
func dayOf(u models.DriveUsage) time.Time {
	at, _ := time.Parse(time.DateOnly, u.Day)
	return at
}

// pace is how fast a drive fills up.
type pace struct {
	// told says that the provider tells how much is free, and enough that there are numbers
	// of enough days.
	told, enough bool
	// perDay is by how much less is free each day; fits how well that describes it, up to 1.
	perDay, fits float64
	free         int64
}

// measure fits a straight line through what was free in the last days.
func measure(days []models.DriveUsage) pace {
	p := pace{}
	newest := dayOf(days[len(days)-1])
	var xs, ys []float64
	for _, d := range days {
		at := newest.Sub(dayOf(d)).Hours() / 24
		if d.Free < 0 || at > paceDays {
			continue
		}
		xs, ys = append(xs, -at), append(ys, float64(d.Free))
		p.told, p.free = true, d.Free
	}
	if len(xs) < 2 || xs[len(xs)-1]-xs[0] < leastDays {
		return p
	}
	trend, ok := charts.FitTrend(xs, ys)
	p.enough, p.perDay, p.fits = ok, -trend.Slope, trend.Fits
	return p
}

// left is in how many days nothing is free any more; infinite when that is never.
func (p pace) left() float64 {
	if !p.enough || p.perDay <= 0 || p.fits < steady {
		return math.Inf(1)
	}
	return float64(p.free) / p.perDay
}

// words say when the drive will be full, no more exactly than can be known.
func (p pace) words() string {
	left := p.left()
	switch {
	case !p.told:
		return "Its provider does not tell how much room is left, so nobody can say when it will be full."
	case p.free == 0:
		return "It is full."
	case !p.enough:
		return "It is too early to say when it will be full: that takes the numbers of a week."
	case p.perDay <= 0:
		return "It is not filling up at present."
	case p.fits < steady:
		return "Its free room goes up and down too much to say when it will be full."
	case left > farAhead:
		return "It will not be full within five years at this pace."
	}
	return "It will be full in about " + about(left) + " at this pace."
}

// about says a number of days in its largest fitting unit.
func about(days float64) string {
	whole := func(unit float64) int64 { return int64(math.Round(days / unit)) }
	switch {
	case days < 1.5:
		return "a day"
	case days < 14:
		return human.Plural(whole(1), "day")
	case days < 60:
		return human.Plural(whole(7), "week")
	case days < 700:
		return human.Plural(whole(30.44), "month")
	}
	return human.Plural(whole(365.25), "year")
}

// ahead goes on at the pace until the drive is full, or some weeks.
func (p pace) ahead(newest models.DriveUsage) (points []charts.Point) {
	left := p.left()
	if math.IsInf(left, 1) || newest.Free < 0 {
		return nil
	}
	used := float64(newest.Total - newest.Free)
	for n := 1; n <= min(mostAhead, int(math.Ceil(left))); n++ {
		value := min(used+float64(n)*p.perDay, float64(newest.Total))
		points = append(points, charts.Point{Value: value, When: dayOf(newest).AddDate(0, 0, n).Format("2 Jan")})
	}
	return points
}
