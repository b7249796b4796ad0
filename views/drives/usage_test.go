package drives

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// heldDays makes a day of each number of bytes that are free, of which the last is today.
func heldDays(total int64, free ...int64) []models.DriveUsage {
	var days []models.DriveUsage
	today := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for n, f := range free {
		if f == gap {
			continue
		}
		days = append(days, models.DriveUsage{DriveID: "d", Day: today.AddDate(0, 0, n-len(free)+1).Format(time.DateOnly), Copies: int64(n), Bytes: 10, Free: f, Total: total})
	}
	return days
}

const gap = -7

// falling is what is free on some days when so much less is each day.
func falling(days int, from, each int64) (free []int64) {
	for n := range days {
		free = append(free, from-int64(n)*each)
	}
	return free
}

func TestForecasts(t *testing.T) {
	weekAndGap := falling(8, 1000, 10)
	weekAndGap[3] = gap
	saw := []int64{500, 900, 200, 800, 300, 1000, 100, 700, 400, 600}
	jump := append(falling(60, 90000, 1000), falling(31, 500, 0)...)
	for name, c := range map[string]struct {
		days []models.DriveUsage
		want string
	}{
		"not told":            {heldDays(-1, -1, -1, -1), "Its provider does not tell how much room is left, so nobody can say when it will be full."},
		"one day":             {heldDays(1000, 500), "It is too early to say when it will be full: that takes the numbers of a week."},
		"six days":            {heldDays(1000, falling(7, 500, 10)...), "It is too early to say when it will be full: that takes the numbers of a week."},
		"a week":              {heldDays(1000, falling(8, 1000, 10)...), "It will be full in about 3 months at this pace."},
		"a week with a gap":   {heldDays(1000, weekAndGap...), "It will be full in about 3 months at this pace."},
		"in days":             {heldDays(1000, falling(30, 320, 10)...), "It will be full in about 3 days at this pace."},
		"in a day":            {heldDays(1000, falling(30, 300, 10)...), "It will be full in about a day at this pace."},
		"in weeks":            {heldDays(10000, falling(30, 700, 10)...), "It will be full in about 6 weeks at this pace."},
		"in months":           {heldDays(10000, falling(30, 1200, 10)...), "It will be full in about 3 months at this pace."},
		"in years":            {heldDays(100000, falling(30, 10000, 10)...), "It will be full in about 3 years at this pace."},
		"in very many":        {heldDays(100000, falling(30, 90000, 10)...), "It will not be full within five years at this pace."},
		"nothing changes":     {heldDays(1000, falling(30, 500, 0)...), "It is not filling up at present."},
		"more and more free":  {heldDays(1000, falling(30, 100, -10)...), "It is not filling up at present."},
		"up and down":         {heldDays(1000, saw...), "Its free room goes up and down too much to say when it will be full."},
		"full":                {heldDays(1000, falling(30, 290, 10)...), "It is full."},
		"the last month only": {heldDays(100000, jump...), "It is not filling up at present."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := NewUsage(c.days).Forecast; got != c.want {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
	if NewUsage(nil) != nil {
		t.Error("nothing has a chart")
	}
}

// One day makes no line, and is no reason to speak of what the provider tells.
func TestOneDayHasNoPicture(t *testing.T) {
	for days, want := range map[int]bool{1: false, 2: true} {
		var page strings.Builder
		if err := ShowUsage(NewUsage(heldDays(-1, make([]int64, days)...))).Render(t.Context(), &page); err != nil {
			t.Fatal(err)
		}
		if drawn := strings.Contains(page.String(), "<svg"); drawn != want || strings.Contains(page.String(), "begins on the second day") == want {
			t.Errorf("of %d days it shows %s", days, page.String())
		}
	}
}

func TestUsageCharts(t *testing.T) {
	u := NewUsage(heldDays(1000, append([]int64{900, gap}, falling(9, 800, 100)...)...))
	if n := len(u.Chart.Points); n != 11 || !math.IsNaN(u.Chart.Points[1].Value) || u.Chart.Points[0].Value != 100 || u.Chart.Limit.Value != 1000 {
		t.Errorf("the points are %+v", u.Chart.Points)
	}
	// It is full at the end, so that nothing is to come.
	if len(u.Chart.Ahead) != 0 {
		t.Errorf("beyond the end lie %+v", u.Chart.Ahead)
	}
	u = NewUsage(heldDays(1000, falling(9, 900, 10)...))
	ahead := u.Chart.Ahead
	if len(ahead) != mostAhead || ahead[0].Value != 190 || ahead[0].When != "24 Nov" {
		t.Errorf("%d days are to come, from %+v", len(ahead), ahead[0])
	}
	for _, p := range NewUsage(heldDays(1000, falling(9, 100, 10)...)).Chart.Ahead {
		if p.Value > 1000 {
			t.Errorf("%v is more than there is room for", p.Value)
		}
	}
	untold := NewUsage(heldDays(-1, -1, -1))
	if untold.Chart.Limit != nil || untold.Chart.Points[1].Value != 10 || untold.Chart.Points[1].Says != "1 copy, 10 B" {
		t.Errorf("a provider that tells no size: %+v", untold.Chart)
	}
}
