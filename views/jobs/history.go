package jobs

import (
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/charts"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/landing"
)

// historyRuns is how many runs the charts of a job show.
const historyRuns = 90

// History is what became of the runs of a job in the last days.
type History struct {
	Days charts.Strip
	// Success says how many runs went well; empty where there were none.
	Success string
	// Sizes and Took have a point for each finished run.
	Sizes, Took charts.Area
}

// newHistory makes the pictures of a job from its runs, oldest first, and from what it missed.
func newHistory(job models.Job, points []models.RunPoint, missed []models.Missed, now time.Time) History {
	past := landing.NewPast([]models.Job{job}, map[string]landing.Runs{job.ID: {Points: points, Missed: missed}}, now)
	h := History{Days: charts.Strip{Label: job.Label, Days: past.Days}}
	if all := past.Good + past.Bad; all > 0 {
		h.Success = human.Count(int64(past.Good)) + " of " + human.Plural(int64(all), "run") + " went well in the last " + strconv.Itoa(landing.PastDays) + " days."
	}
	h.Sizes = charts.Area{ID: "sizes", Title: "Size of the dump", Term: "Before packing", Words: func(v float64) string { return human.Bytes(int64(v)) }}
	h.Took = charts.Area{ID: "durations", Title: "Duration of a run", Term: "Took", Words: took}
	for _, p := range points {
		if p.Status != models.StatusFinished {
			continue
		}
		when := landing.Clock(job, p.CreatedAt)
		h.Sizes.Points = append(h.Sizes.Points, charts.Point{Value: float64(p.RawSize), When: when, Says: human.Bytes(p.RawSize)})
		h.Took.Points = append(h.Took.Points, charts.Point{Value: p.Took().Seconds(), When: when, Says: human.Duration(p.Took())})
	}
	h.Sizes.Points, h.Sizes.Sentence = latest(h.Sizes.Points)
	h.Took.Points, h.Took.Sentence = latest(h.Took.Points)
	return h
}

// took says a duration on an axis.
func took(v float64) string {
	if v == 0 {
		return "0 s"
	}
	return human.Duration(seconds(v))
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// latest are the last points, and says where they lead.
func latest(points []charts.Point) ([]charts.Point, string) {
	points = points[max(0, len(points)-historyRuns):]
	if len(points) == 0 {
		return points, ""
	}
	first, last := points[0], points[len(points)-1]
	if first.Says == last.Says {
		return points, "Now " + last.Says + ", as " + human.Plural(int64(len(points)-1), "run") + " before."
	}
	return points, "Now " + last.Says + "; " + first.Says + " " + human.Plural(int64(len(points)-1), "run") + " before."
}
