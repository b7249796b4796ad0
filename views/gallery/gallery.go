// Package gallery shows every component in each of its states on one page, for those who
// build pages.
package gallery

import (
	"math"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/charts"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// Path is where the gallery is.
const Path = "/gallery"

// View is what the gallery shows.
type View struct {
	Page  layout.Page
	Now   time.Time
	Strip charts.Strip
	Area  charts.Area
}

// NewView makes the pictures of the gallery, of numbers that are made up.
func NewView(page layout.Page, now time.Time) View {
	return View{Page: page, Now: now, Strip: charts.Strip{Label: "shop", Path: Path, Days: charts.Days(runs(now), time.UTC, now, 30)}, Area: usage(now)}
}

// runs are a month of them, with every outcome.
func runs(now time.Time) []charts.Run {
	outcomes := []charts.Outcome{charts.Proven, charts.Good, charts.Good, charts.Proven, charts.Missed, charts.Failed, charts.Proven}
	var all []charts.Run
	for n := 29; n > 0; n-- {
		r := charts.Run{At: now.AddDate(0, 0, -n), Outcome: outcomes[n%len(outcomes)], Size: int64(20e6 + 4e5*(30-n)), Took: 90 * time.Second}
		if r.Outcome == charts.Failed {
			r.Error = "the server did not answer"
		}
		if n != 12 { // a day without a run
			all = append(all, r)
		}
	}
	return append(all, charts.Run{At: now, Outcome: charts.Running})
}

func usage(now time.Time) charts.Area {
	a := charts.Area{ID: "usage", Title: "Used of nas", Sentence: "nas will be full in about three weeks.", Term: "Used", Words: func(v float64) string { return human.Bytes(int64(v)) }}
	at := func(day int, v float64) charts.Point {
		return charts.Point{Value: v, When: now.AddDate(0, 0, day).Format("2 Jan"), Says: human.Bytes(int64(v))}
	}
	for day := -29; day <= 0; day++ {
		a.Points = append(a.Points, at(day, 4e11+1e10*float64(day+30)+2e10*math.Sin(float64(day))))
	}
	for day := 1; day <= 20; day++ {
		a.Ahead = append(a.Ahead, at(day, 7e11+1e10*float64(day)))
	}
	a.Limit = &charts.Point{Value: 9e11, Says: human.Bytes(9e11)}
	return a
}

// tones are all, each with a status that has it.
var tones = []components.Chip{
	{Tone: components.ToneGood, Icon: "check", Text: "Proven"},
	{Tone: components.ToneBusy, Icon: "turning", Text: "Running"},
	{Tone: components.ToneWarn, Icon: "clock", Text: "Overdue"},
	{Tone: components.ToneBad, Icon: "cross", Text: "Failed"},
	{Tone: components.ToneQuiet, Icon: "circle", Text: "Not yet"},
}

// icons are all that there are.
var icons = []string{
	"archive", "bell", "bin", "calendar", "check", "circle", "clock", "close", "compare", "copy", "cross", "dark", "database", "download", "drive", "file", "folder", "here", "jobs", "key", "keyboard", "light", "menu", "overview", "pause", "person", "pin", "play", "plus", "print", "restore", "retry", "search", "settings", "shield", "stop", "system", "turning", "upload", "waiting", "warning",
}

var steps = []components.Step{
	components.StepDone("Dump", "12 MB in 3 s"), components.StepNow("Upload", "2 of 3 drives"), components.StepFailed("Verify", "a copy is another"), components.StepAhead("Done", ""),
}

var options = []components.Option{
	{Value: "sqlite", Label: "SQLite", Hint: "A file on this machine", Icon: "database"},
	{Value: "mysql", Label: "MySQL or MariaDB", Hint: "A server", Icon: "database"},
	{Value: "postgresql", Label: "PostgreSQL", Icon: "database"},
}

// kind has a setting of each type.
var kind = models.Kind{Provider: "example", Name: "Example", Settings: []models.Setting{
	{Name: "host", Label: "Host", Required: true, Help: "Its name or address."},
	{Name: "port", Label: "Port", Type: models.SettingInt, Default: "3306"},
	{Name: "password", Label: "Password", Secret: true},
	{Name: "mode", Label: "Mode", Type: models.SettingChoice, Choices: []string{"fast", "careful"}, Default: "careful"},
	{Name: "tls", Label: "Encrypted connection", Type: models.SettingBool, Default: "true", Advanced: true},
}}

// form is that kind's form after a mistake.
func form() components.SettingsView {
	v := components.NewSettingsView(components.SettingsForm{
		Kind: kind, Problems: models.FieldErrors{"port": "The port is a number."},
		Draft: models.PlanDraft{Fields: models.Settings{"host": "db.example.org", "port": "x"}, Secrets: map[string]models.Secret{"password": {}}},
	})
	for i := range v.Fields {
		v.Fields[i].Focus = false // the page begins at its top
	}
	return v
}

// meters are full to different degrees.
var meters = []charts.Meter{
	{Sentence: "nas is 41 % full.", Percent: 41, Tone: components.ToneGood},
	{Sentence: "usb is 88 % full.", Percent: 88, Tone: components.ToneWarn},
	{Sentence: "cloud is 97 % full.", Percent: 97, Tone: components.ToneBad},
}

func ago(now time.Time, d time.Duration) *time.Time {
	t := now.Add(-d)
	return &t
}

// tokyo is a zone that few who look at the gallery live by.
func tokyo() *time.Location { return time.FixedZone("Asia/Tokyo", 9*60*60) }
