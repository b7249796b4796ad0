package landing

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func backup(status models.Status, age time.Duration, proven bool) *models.Backup {
	b := &models.Backup{ID: models.NewID(), Status: status, CreatedAt: now.Add(-age)}
	if proven {
		at := now.Add(-age / 2)
		b.ProvenAt = &at
	}
	return b
}

func TestJudge(t *testing.T) {
	proven, finished := backup(models.StatusFinished, 2*time.Hour, true), backup(models.StatusFinished, time.Hour, false)
	failed, pending := backup(models.StatusFailed, time.Minute, false), backup(models.StatusPending, 0, false)
	partly := backup(models.StatusFailed, time.Minute, false)
	partly.DriveFiles = []models.DriveFile{{Status: models.StatusFinished}, {Status: models.StatusFailed}}
	partly.DumpedAt = &now
	uploading := backup(models.StatusPending, time.Minute, false)
	uploading.DriveFiles = []models.DriveFile{{Status: models.StatusFinished}, {Status: models.StatusPending}}
	wrong := backup(models.StatusFinished, time.Hour, false)
	wrong.DisprovenAt = &now
	cases := map[string]struct {
		newest, finished, proven *models.Backup
		partly                   *models.Backup
		drill                    models.DrillOutcome
		alarms                   int64
		want                     State
		says                     string
	}{
		"nothing yet":                {want: Never, says: "nothing to restore from yet"},
		"proven":                     {newest: proven, finished: proven, proven: proven, want: Proven, says: "Restored as a test 1 h ago"},
		"newer than its proof":       {newest: finished, finished: finished, proven: proven, want: Unproven, says: "Backed up 1 h ago"},
		"drill could not be made":    {newest: finished, finished: finished, drill: models.DrillUnverified, want: Unproven, says: "No test restore"},
		"drill found a difference":   {newest: wrong, finished: wrong, drill: models.DrillDisproven, want: Disproven, says: "There is nothing to restore from"},
		"disproven, older proof":     {newest: wrong, finished: wrong, proven: proven, drill: models.DrillDisproven, want: Disproven, says: "A proven copy from 2 h ago can be restored"},
		"disproven, drilled again":   {newest: wrong, finished: wrong, drill: models.DrillUnverified, want: Disproven, says: "There is nothing to restore from"},
		"proven, with an alarm":      {newest: proven, finished: proven, proven: proven, alarms: 1, want: Suspect, says: "wants a look. A proven copy from 2 h ago can be restored"},
		"running, with an alarm":     {newest: pending, finished: proven, proven: proven, alarms: 1, want: Running, says: "A run is under way."},
		"failing, with an alarm":     {newest: failed, finished: proven, proven: proven, alarms: 1, want: Failing, says: "The last run failed"},
		"failing, older proof":       {newest: failed, finished: proven, proven: proven, want: Failing, says: "A proven copy from 2 h ago can be restored"},
		"failing, older unproven":    {newest: failed, finished: finished, want: Failing, says: "An unproven copy from 1 h ago"},
		"failing from the first run": {newest: failed, want: Failing, says: "The last run failed 1 min ago. There is nothing to restore from."},
		"failing, but for one copy":  {newest: partly, want: Failing, says: "Not every copy of the newest backup is good. One copy of it is good and can be restored."},
		"failing, drill not made":    {newest: failed, finished: finished, drill: models.DrillUnverified, want: Failing, says: "An unproven copy from 1 h ago"},
		"uploading, with one copy":   {newest: uploading, want: Running, says: "A run is under way. One copy of it is good and can be restored."},
		"running after part of one":  {newest: pending, partly: partly, want: Running, says: "An unproven copy from 1 min ago can be restored."},
		"running, newest is partly":  {newest: pending, finished: finished, partly: partly, want: Running, says: "An unproven copy from 1 min ago can be restored."},
		"failing after part of one":  {newest: failed, partly: partly, want: Failing, says: "An unproven copy from 1 min ago can be restored."},
		"running for the first time": {newest: pending, want: Running, says: "There is nothing to restore from."},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := JobFacts{JobSummary: models.JobSummary{Newest: c.newest, NewestFinished: c.finished, NewestProven: c.proven, Alarms: c.alarms}, Partly: c.partly}
			if c.drill != "" {
				f.LastDrill = &models.Drill{Outcome: c.drill}
			}
			got := Judge(f)
			if got != c.want {
				t.Fatalf("state %d, want %d", got, c.want)
			}
			if says := verdict(got, f, now); !strings.Contains(says, c.says) {
				t.Errorf("verdict %q does not say %q", says, c.says)
			}
		})
	}
}

// A run that only uploads does not hold up the next one.
func TestRunNowWaitsOnlyWhileTheDatabaseIsDumped(t *testing.T) {
	b := models.Backup{ID: models.NewID(), Status: models.StatusPending, Phase: models.PhaseDumping, CreatedAt: now, StartedAt: &now}
	facts := JobFacts{JobSummary: models.JobSummary{Job: models.Job{ID: "j", Label: "shop"}, Newest: &b}}
	if !NewJobCard(facts, now).Run.Waits {
		t.Error("the button does not wait for the dump")
	}
	b.Phase, b.DumpedAt = models.PhaseUploading, &now
	if NewJobCard(facts, now).Run.Waits {
		t.Error("the button waits for an upload")
	}
}

// A run that somebody cancelled leaves the verdict as it was, and is told beside it.
func TestACancelledRunIsToldBesideTheVerdict(t *testing.T) {
	cancelled, proven := backup(models.StatusFailed, time.Minute, false), backup(models.StatusFinished, 2*time.Hour, true)
	cancelled.CancelAskedAt = &now
	for name, c := range map[string]struct {
		before *models.Backup
		want   State
	}{"proven before": {proven, Proven}, "failing before": {backup(models.StatusFailed, time.Hour, false), Failing}, "nothing before": {nil, Never}} {
		t.Run(name, func(t *testing.T) {
			f := job("a", "shop", c.before)
			f.Cancelled = cancelled
			card := NewJobCard(f, now)
			if card.State != c.want || card.CancelledPath != "/backups/"+cancelled.ID || card.Cancelled.Words != "1 min ago" {
				t.Errorf("state %d, cancelled %q at %q", card.State, card.Cancelled.Words, card.CancelledPath)
			}
			if said := Announcement(card); !strings.HasPrefix(said, "The run of a was cancelled. ") {
				t.Errorf("it is announced as %q", said)
			}
		})
	}
}
