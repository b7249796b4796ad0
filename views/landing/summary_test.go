package landing

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/plan"
)

// job makes the facts of a job of a source from its newest backup, and marks
// what became of it.
func job(label, source string, b *models.Backup) JobFacts {
	f := JobFacts{JobSummary: models.JobSummary{Job: models.Job{ID: label, Label: label, SourceID: source}, SourceLabel: source, Newest: b}}
	if b != nil && b.Status == models.StatusFinished {
		f.NewestFinished, f.Finished = b, 1
	}
	if b != nil && b.ProvenAt != nil {
		f.NewestProven = b
	}
	return f
}

func TestSummary(t *testing.T) {
	proven, unproven := backup(models.StatusFinished, time.Hour, true), backup(models.StatusFinished, time.Hour, false)
	failed, pending := backup(models.StatusFailed, time.Hour, false), backup(models.StatusPending, 0, false)
	partly := backup(models.StatusFailed, time.Hour, false)
	partly.DriveFiles = []models.DriveFile{{Status: models.StatusFinished}, {Status: models.StatusFailed}}
	wrong := backup(models.StatusFinished, time.Hour, false)
	wrong.DisprovenAt = &now
	disproven := job("d", "wiki", wrong)
	alarmed := job("x", "shop", proven)
	alarmed.Alarms = 1
	late := job("l", "wiki", proven)
	slot := now.Add(-30 * time.Minute)
	late.Due = &slot
	older := job("f", "shop", failed)
	older.NewestFinished, older.NewestProven = proven, proven
	again := job("a", "shop", pending)
	again.Partly = partly
	cases := map[string]struct {
		jobs           []JobFacts
		answer, detail string
		restorable     string
	}{
		"all proven":                   {[]JobFacts{job("a", "shop", proven), job("b", "wiki", proven)}, "Yes", "found equal", "2 of 2"},
		"a second job never ran":       {[]JobFacts{job("a", "shop", proven), job("b", "shop", nil)}, "Yes", "Waiting for a first run: b.", "1 of 1"},
		"one unproven":                 {[]JobFacts{job("a", "shop", proven), job("b", "wiki", unproven)}, "Very likely", "proven wiki yet", "2 of 2"},
		"failing, with an older proof": {[]JobFacts{older}, "Yes, but look", "attention: f.", "1 of 1"},
		"one overdue":                  {[]JobFacts{job("a", "shop", proven), late}, "Yes, but look", "was due: l.", "2 of 2"},
		"one without any":              {[]JobFacts{job("a", "shop", proven), job("b", "wiki", nil)}, "Only partly", "Nothing of wiki can be restored", "1 of 2"},
		"one disproven":                {[]JobFacts{job("a", "shop", proven), disproven}, "Only partly", "Nothing of wiki can be restored", "1 of 2"},
		"failing, but for one copy":    {[]JobFacts{job("a", "shop", partly)}, "Yes, but look", "attention: a.", "1 of 1"},
		"an alarm":                     {[]JobFacts{alarmed}, "Yes, but look", "attention: x.", "1 of 1"},
		"running after part of one":    {[]JobFacts{again}, "Very likely", "proven shop yet", "1 of 1"},
		"none":                         {[]JobFacts{job("a", "shop", failed)}, "No", "no backup", "0 of 1"},
		"the first is being made":      {[]JobFacts{job("a", "shop", pending)}, "Not yet", "being made", "0 of 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := summaryOf(c.jobs, nil)
			if s.Answer != c.answer || !strings.Contains(s.Detail, c.detail) || s.Facts[0].Note != c.restorable+" backed up" {
				t.Errorf("%s: %s (%s)", s.Answer, s.Detail, s.Facts[0].Note)
			}
		})
	}
}

// summaryOf answers for jobs and drives.
func summaryOf(jobs []JobFacts, drives []DriveFacts) Summary {
	return NewBuild(Facts{Jobs: jobs, Drives: drives}, now).Summary
}

func TestWhatIsLeftOutNeedsALook(t *testing.T) {
	proven := backup(models.StatusFinished, time.Hour, true)
	left := []LeftOut{{Kind: "job", Left: plan.Left{Label: "weekly", Reason: "Its drive is gone."}}}
	b := NewBuild(Facts{Jobs: []JobFacts{job("a", "shop", proven)}, Left: left}, now)
	if s := b.Summary; s.Answer != "Yes, but look" || !strings.Contains(s.Detail, "Set up and not running: weekly.") {
		t.Errorf("%s: %s", s.Answer, s.Detail)
	}
	if v := b.View(1); len(v.Left) != 1 || v.Left[0].Label != "weekly" {
		t.Errorf("the page shows %+v", v.Left)
	}
}
