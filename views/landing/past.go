package landing

import (
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/charts"
)

// PastDays is how many days the overview looks back.
const PastDays = 30

// PastSince is the moment from which on runs are part of the past that is shown. It is a
// day early, because the days of a zone begin before those of another.
func PastSince(now time.Time) time.Time { return now.AddDate(0, 0, -PastDays-1) }

// Past is what became of the runs of one or more jobs in the last days.
type Past struct {
	Days []charts.Day
	// Sizes are bytes before packing, and Took seconds, of the last finished run of each day of
	// one job, oldest first.
	Sizes, Took []float64
	// Good and Bad count the runs that have finished and those that failed. One that somebody
	// cancelled is neither.
	Good, Bad int
}

// Runs are what pictures need of jobs: their runs, oldest first, and what they missed.
type Runs struct {
	Points []models.RunPoint
	Missed []models.Missed
}

// NewPast makes the past of one database from the runs of its jobs, of which the first says
// by which clock days are told.
func NewPast(jobs []models.Job, runs map[string]Runs, now time.Time) Past {
	if len(jobs) == 0 {
		return Past{}
	}
	var all []charts.Run
	p, busiest := Past{}, jobs[0].ID
	for _, j := range jobs {
		for _, r := range runs[j.ID].Points {
			all = append(all, drawn(r))
			p.count(r)
		}
		for _, m := range runs[j.ID].Missed {
			all = append(all, charts.Run{At: m.Last, Outcome: charts.Missed})
		}
		if len(runs[j.ID].Points) > len(runs[busiest].Points) {
			busiest = j.ID
		}
	}
	at := zone(jobs[0])
	p.Days = charts.Days(all, at, now, PastDays)
	p.Sizes, p.Took = series(runs[busiest].Points, at)
	return p
}

func (p *Past) count(r models.RunPoint) {
	switch {
	case r.Cancelled():
	case r.Status == models.StatusFailed || r.DisprovenAt != nil:
		p.Bad++
	case r.Status == models.StatusFinished:
		p.Good++
	}
}

// drawn is a run as a picture shows it.
func drawn(r models.RunPoint) charts.Run {
	return charts.Run{At: r.CreatedAt, Outcome: outcome(r), Size: r.Size, Took: r.Took(), Error: r.Error}
}

func outcome(r models.RunPoint) charts.Outcome {
	switch {
	case r.Cancelled():
		return charts.Cancelled
	case r.Status == models.StatusFailed || r.DisprovenAt != nil:
		return charts.Failed
	case r.Status == models.StatusPending:
		return charts.Running
	case r.ProvenAt != nil:
		return charts.Proven
	}
	return charts.Good
}

// series are the sizes and the durations of the last finished run of each day.
func series(points []models.RunPoint, at *time.Location) (sizes, took []float64) {
	day := ""
	for _, r := range slices.Backward(points) {
		if r.Status != models.StatusFinished {
			continue
		}
		if of := r.CreatedAt.In(at).Format(time.DateOnly); of != day {
			day = of
			sizes, took = append(sizes, float64(r.RawSize)), append(took, r.Took().Seconds())
		}
	}
	slices.Reverse(sizes)
	slices.Reverse(took)
	return sizes, took
}
