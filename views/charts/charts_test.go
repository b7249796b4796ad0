package charts

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, whatever the machine has

	"github.com/a-h/templ"
)

func drawn(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wellFormed fails when a picture is no whole XML, or has what the Content-Security-Policy
// refuses.
func wellFormed(t *testing.T, picture string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader("<all>" + strings.ReplaceAll(picture, " data-strip", ` data-strip=""`) + "</all>"))
	d.Strict, d.Entity = true, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		if start, ok := token.(xml.StartElement); ok {
			for _, a := range start.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("<%s> has the inline %s", start.Name.Local, a.Name.Local)
				}
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("<%s> has %s=%q", start.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
}

func TestLines(t *testing.T) {
	gap := math.NaN()
	for name, c := range map[string]struct {
		values []float64
		want   string
	}{
		"none":                  {nil, ""},
		"nothing but gaps":      {[]float64{gap, gap}, ""},
		"one":                   {[]float64{7}, "M50 10h0"},
		"two":                   {[]float64{0, 10}, "M0 20 100 0"},
		"all equal":             {[]float64{3, 3, 3}, "M0 10 50 10 100 10"},
		"down":                  {[]float64{4, 3, 0}, "M0 0 50 5 100 20"},
		"a gap":                 {[]float64{0, 10, gap, 0, 10}, "M0 20 25 0M75 20 100 0"},
		"alone between gaps":    {[]float64{0, 0, gap, 10, gap}, "M0 20 25 20M75 0h0"},
		"gaps at the ends":      {[]float64{gap, 0, 10, math.Inf(1)}, "M33.3 20 66.7 0"},
		"larger than any":       {[]float64{-math.MaxFloat64, math.MaxFloat64}, "M0 20 100 0"},
		"below zero":            {[]float64{-10, 0, 10}, "M0 20 50 10 100 0"},
		"one beside nothing":    {[]float64{gap, 5}, "M100 10h0"},
		"differ by very little": {[]float64{1e15, 1e15 + 1}, "M0 20 100 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s, ok := fit(c.values, 20)
			if ok != (c.want != "") {
				t.Fatalf("there is something to draw: %v", ok)
			}
			if got := line(c.values, s, 100); got != c.want {
				t.Errorf("drawn %q, want %q", got, c.want)
			}
		})
	}
}

func TestAreasAreClosedAtEachGap(t *testing.T) {
	values := []float64{5, 10, math.NaN(), 10}
	if got, want := area(values, scale{high: 10, height: 10}, 30), "M0 10 0 5 10 0V10ZM30 10 30 0V10Z"; got != want {
		t.Errorf("drawn %q, want %q", got, want)
	}
}

func TestDaysAreThoseOfTheZone(t *testing.T) {
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	// It is Tuesday in Auckland already, 13 hours ahead.
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	runs := []Run{
		{At: now.Add(-90 * time.Minute), Outcome: Good},     // Monday 23:30 there
		{At: now.Add(-30 * time.Minute), Outcome: Failed},   // Tuesday 00:30
		{At: now.Add(-80 * 24 * time.Hour), Outcome: Good},  // too long ago
		{At: now.Add(-25 * time.Hour), Outcome: Proven},     // Monday 00:00
		{At: now.Add(-25*time.Hour - 1), Outcome: Missed},   // Sunday, just
		{At: now.Add(-26 * time.Hour), Outcome: Proven},     // Sunday
		{At: now.Add(48 * time.Hour), Outcome: Failed},      // a clock that was wrong
		{At: now.Add(-72 * time.Hour), Outcome: Running},    // Saturday
		{At: now.Add(-72 * time.Hour), Outcome: Good},       // Saturday
		{At: now.Add(-5 * 24 * time.Hour), Outcome: Failed}, // before the first day
	}
	days := Days(runs, auckland, now, 4)
	var got []string
	for _, d := range days {
		got = append(got, d.Date+" "+d.Outcome.String())
	}
	if want := "Sat 21 Nov backed up, Sun 22 Nov missed, Mon 23 Nov proven, Tue 24 Nov failed"; strings.Join(got, ", ") != want {
		t.Errorf("the days are %s, want %s", strings.Join(got, ", "), want)
	}
	if got, want := Tally(days), "1 failed, 1 missed, 1 proven and 1 backed up"; got != want {
		t.Errorf("together %q, want %q", got, want)
	}
}

// A day in which the clocks change is one day, of 23 or 25 hours.
func TestDaysOverAChangeOfClocks(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []time.Time{time.Date(2026, 3, 30, 0, 30, 0, 0, paris), time.Date(2026, 10, 26, 0, 30, 0, 0, paris)} {
		days := Days([]Run{{At: now.AddDate(0, 0, -1), Outcome: Good}, {At: now, Outcome: Proven}}, paris, now, 3)
		if days[0].Outcome != None || days[1].Outcome != Good || days[2].Outcome != Proven {
			t.Errorf("%s: %v, %v, %v", now, days[0].Outcome, days[1].Outcome, days[2].Outcome)
		}
	}
}

func TestTitlesTellWhatWentWrongFirst(t *testing.T) {
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	hourly := []Run{{At: at.Add(5 * time.Hour), Outcome: Failed, Error: strings.Repeat("the disk is full ", 20)}}
	for n := range 9 {
		hourly = append(hourly, Run{At: at.Add(time.Duration(n) * time.Hour), Outcome: Good})
	}
	for want, runs := range map[string][]Run{
		"Mon 23 Nov: no run":                             nil,
		"Mon 23 Nov: 03:00 proven, 24 MB in 3.1 s":       {{At: at, Outcome: Proven, Size: 24e6, Took: 3100 * time.Millisecond}},
		"Mon 23 Nov: 04:00 missed; 03:00 backed up":      {{At: at, Outcome: Good}, {At: at.Add(time.Hour), Outcome: Missed}},
		"Mon 23 Nov: 03:00 failed, the dump ended early": {{At: at, Outcome: Failed, Error: "the dump ended early", Size: 3}},
	} {
		if got := Days(runs, time.UTC, at, 1)[0].Title(); got != want {
			t.Errorf("the title is %q, want %q", got, want)
		}
	}
	got := Days(hourly, time.UTC, at, 1)[0].Title()
	if !strings.HasPrefix(got, "Mon 23 Nov: 08:00 failed, the disk is full") || !strings.HasSuffix(got, "…; 03:00 backed up; and 8 other runs") || len(got) > 150 {
		t.Errorf("the title of many runs is %q", got)
	}
}

// A page may hold two hundred strips.
func TestStripsAreSmall(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var runs []Run
	for n := range 30 * 24 {
		runs = append(runs, Run{At: now.Add(-time.Duration(n) * time.Hour), Outcome: Outcome(n%5 + 1), Size: 24e6, Took: time.Minute, Error: strings.Repeat("x", 300)})
	}
	s := Strip{Label: `<"shop">`, Path: "/jobs/x#history", Days: Days(runs, time.UTC, now, 30)}
	picture := drawn(t, ShowStrip(s))
	wellFormed(t, picture)
	if len(picture) > 8000 {
		t.Errorf("a strip of the worst kind takes %d bytes", len(picture))
	}
	usual := drawn(t, ShowStrip(Strip{Label: "shop", Path: "/jobs/x#history", Days: Days(runs[:1], time.UTC, now, 30)}))
	if len(usual) > 2500 {
		t.Errorf("a quiet strip takes %d bytes", len(usual))
	}
	if n := strings.Count(picture, "<rect"); n != 30 {
		t.Errorf("%d cells", n)
	}
	if n := strings.Count(drawn(t, ShowDays(s)), "<tr>"); n != 31 {
		t.Errorf("the table behind has %d rows, of which one has the headings", n)
	}
	if got := drawn(t, ShowStrip(Strip{Label: "none"})); strings.Contains(got, "<rect") {
		t.Errorf("a strip without days has cells: %s", got)
	}
}

// Who sees no colours tells failed and missed days by their shape.
func TestCellsDifferInShape(t *testing.T) {
	days := []Day{{Outcome: Failed}, {Outcome: Proven}, {Outcome: Failed}}
	if got := slashes(days); strings.Count(got, "M") != 2 {
		t.Errorf("struck through are %q", got)
	}
	seen := map[string]bool{}
	for o := None; o <= Failed; o++ {
		seen[o.class()] = true
	}
	if len(seen) != 7 {
		t.Errorf("%d classes", len(seen))
	}
}

func TestSparksSayWhatTheyShow(t *testing.T) {
	for want, s := range map[string]Spark{
		"Size of shop: not known yet.":          {Term: "Size", Subject: "shop"},
		"Size of shop: from 1 MB to 2 MB.":      {Term: "Size", Subject: "shop", Values: []float64{1, 2}, First: "1 MB", Last: "2 MB"},
		"Size of shop: 1 MB, as before.":        {Term: "Size", Subject: "shop", Values: []float64{1, 1}, First: "1 MB", Last: "1 MB"},
		"Size of shop: from 1 MB to &lt;x&gt;.": {Term: "Size", Subject: "shop", Values: []float64{math.NaN()}, First: "1 MB", Last: "<x>"},
	} {
		picture := drawn(t, ShowSpark(s))
		wellFormed(t, picture)
		if !strings.Contains(picture, want) {
			t.Errorf("%s does not say %q", picture, want)
		}
	}
}

func TestMeters(t *testing.T) {
	for _, c := range []struct {
		free, total int64
		percent     int
		tone        string
		ok          bool
	}{
		{-1, -1, 0, "", false}, {0, 0, 0, "", false}, {5, -1, 0, "", false},
		{90, 100, 10, "good", true}, {15, 100, 85, "warn", true}, {0, 100, 100, "bad", true}, {200, 100, 0, "good", true},
		{1, math.MaxInt64, 99, "bad", true},
	} {
		m, ok := Full("nas", c.free, c.total)
		if ok != c.ok || m.Percent != c.percent && !(c.total == math.MaxInt64 && m.Percent == 100) || string(m.Tone) != c.tone {
			t.Errorf("%d of %d free: %+v, %v", c.free, c.total, m, ok)
		}
		wellFormed(t, drawn(t, ShowMeter(m)))
	}
}

func TestAreaCharts(t *testing.T) {
	say := func(v float64) string { return strings.Repeat("i", int(min(v, 3))) }
	points := func(values ...float64) (found []Point) {
		for _, v := range values {
			found = append(found, Point{Value: v, When: "a day", Says: "so much"})
		}
		return found
	}
	for name, c := range map[string]struct {
		chart Area
		cells int
	}{
		"none":         {Area{}, 0},
		"only gaps":    {Area{Points: points(math.NaN())}, 0},
		"one":          {Area{Points: points(3)}, 1},
		"all zero":     {Area{Points: points(0, 0)}, 2},
		"huge":         {Area{Points: points(math.MaxInt64, 1)}, 2},
		"a gap":        {Area{Points: points(1, math.NaN(), 3)}, 2},
		"what follows": {Area{Points: points(1, 2), Ahead: points(3, 4), Limit: &Point{Value: 4}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			c.chart.ID, c.chart.Title, c.chart.Sentence, c.chart.Words = "x", "Held", "It grows.", say
			picture := drawn(t, ShowArea(c.chart))
			wellFormed(t, picture)
			if got := strings.Count(picture, "<td"); got != c.cells {
				t.Errorf("the table behind has %d numbers, want %d", got, c.cells)
			}
			if c.cells > 0 && !strings.Contains(picture, `role="img" aria-label="Held. It grows."`) {
				t.Errorf("nothing says what is shown: %s", picture)
			}
			if got := strings.Contains(picture, "chart-ahead"); got != (c.chart.Ahead != nil) {
				t.Errorf("what is to come is drawn: %v", got)
			}
		})
	}
}

// What is to come goes on from the last value, and nothing is drawn beyond the limit's room.
func TestForecastsGoOnFromTheLastValue(t *testing.T) {
	a := Area{Points: []Point{{Value: 0}, {Value: 50}}, Ahead: []Point{{Value: 100}}, Limit: &Point{Value: 100}, Words: func(float64) string { return "" }}
	d, ok := a.draw()
	if !ok || d.Line != "M0 160 300 80" || d.Ahead != "M300 80 600 0" || d.Limit != 0 {
		t.Errorf("drawn %+v", d)
	}
}

func TestAxesEndAtRoundNumbers(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, -3: 1, 1: 1, 1.1: 2, 2.2: 2.5, 3: 5, 7: 10, 1234: 2000, 0.03: 0.05, math.Inf(1): 1} {
		if got := roundUp(v); math.Abs(got-want) > want/1e9 {
			t.Errorf("above %v is %v, want %v", v, got, want)
		}
	}
}

func TestTrends(t *testing.T) {
	if _, ok := FitTrend(nil, nil); ok {
		t.Error("nothing has a trend")
	}
	if _, ok := FitTrend([]float64{1, 1}, []float64{1, 2}); ok {
		t.Error("one place has a trend")
	}
	line, ok := FitTrend([]float64{0, 1, 2, 3}, []float64{1, 3, 5, 7})
	if !ok || math.Abs(line.Slope-2) > 1e-9 || math.Abs(line.At0+10*line.Slope-21) > 1e-9 {
		t.Errorf("the line is %+v", line)
	}
	noisy, _ := FitTrend([]float64{0, 1, 2, 3}, []float64{0, 2, 0, 2})
	if math.Abs(noisy.Slope-0.4) > 1e-9 {
		t.Errorf("the slope is %v, want 0.4", noisy.Slope)
	}
}
