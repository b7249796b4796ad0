package sources

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func source(label string) models.Source {
	return models.Source{ID: "id-" + label, Label: label, Provider: "mysql"}
}

func TestWhere(t *testing.T) {
	for want, s := range map[string]models.Source{
		"/srv/shop.db":         {Provider: "sqlite", Settings: models.Settings{"db_path": "/srv/shop.db"}},
		"shop at db:3306":      {Provider: "mysql", Settings: models.Settings{"db_name": "shop", "host": "db", "port": "3306"}},
		"shop at [::1]:5432":   {Provider: "postgres", Settings: models.Settings{"db_name": "shop", "host": "::1", "port": "5432"}},
		"shop at /run/db.sock": {Provider: "mysql", Settings: models.Settings{"db_name": "shop", "host": "/run/db.sock", "port": "3306"}},
		"shop":                 {Provider: "mysql", Settings: models.Settings{"db_name": "shop"}},
	} {
		if got := Where(s); got != want {
			t.Errorf("it is at %q, want %q", got, want)
		}
	}
}

func TestWhatWantsALookComesFirst(t *testing.T) {
	jobs := []models.Job{{ID: "j", Label: "nightly"}}
	good, poor, bad := models.Trial{Source: &models.SourceReport{}}, models.Trial{Source: &models.SourceReport{ServerVersion: "11", Problems: []string{"x"}}}, models.Trial{Error: "no"}
	v := NewListView(layout.Page{}, []Facts{
		{Source: source("fine"), Jobs: jobs, Trial: &good, TriedAt: now}, {Source: source("poor"), Jobs: jobs, Trial: &poor}, {Source: source("alone")},
		{Source: source("bad"), Jobs: jobs, Trial: &bad}, {Source: source("asked"), Jobs: jobs, Checking: true}, {Source: source("lost"), Jobs: jobs, Problem: "gone"},
	}, now)
	var order, chips []string
	for _, l := range v.Lines {
		order, chips = append(order, l.Label), append(chips, l.Chip.Text)
	}
	if got := strings.Join(order, " "); got != "bad lost poor alone fine asked" {
		t.Errorf("the order is %s", got)
	}
	if got := strings.Join(chips, ", "); got != "Failed, Not checked, Something is missing, Not checked lately, Works, Checking" {
		t.Errorf("they say %s", got)
	}
	if !v.Lines[3].Unprotected || v.Lines[0].Unprotected || v.Lines[4].Checked.Words != "just now" {
		t.Errorf("the lines are %+v", v.Lines)
	}
}

func TestACheckIsAnnounced(t *testing.T) {
	for want, f := range map[string]Facts{
		"The database shop is being checked.":                   {Checking: true},
		"The database shop could not be checked: Gone.":         {Problem: "gone"},
		"The database shop was checked and works.":              {Trial: &models.Trial{Source: &models.SourceReport{}}},
		"The check of the database shop has failed: No server.": {Trial: &models.Trial{Error: "no server"}},
		"The database shop was checked: 2 things are missing.":  {Trial: &models.Trial{Source: &models.SourceReport{ServerVersion: "11", Problems: []string{"a", "b"}}}},
		"": {},
	} {
		f.Source = source("shop")
		if got := Announcement(f); got != want {
			t.Errorf("said is %q, want %q", got, want)
		}
		if v := NewCheckView(f, now); v.Checking != f.Checking || (v.Found != nil) != (f.Trial != nil) || v.Again.Waits != f.Checking {
			t.Errorf("%q shows %+v", want, v)
		}
	}
}
