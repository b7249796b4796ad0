package landing

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestOverdue(t *testing.T) {
	due, long := now.Add(-9*time.Hour), now.Add(-1000*time.Hour)
	old, fresh := backup(models.StatusFinished, 33*time.Hour, true), backup(models.StatusFinished, 9*time.Hour-3*time.Second, true)
	early := backup(models.StatusFinished, 9*time.Hour+time.Second, true)
	failed, pending := backup(models.StatusFailed, time.Hour, false), backup(models.StatusPending, 0, false)
	recently := now.Add(-time.Hour)
	for name, c := range map[string]struct {
		newest, finished *models.Backup
		due, updated     *time.Time
		created          time.Time
		want             State
	}{
		"made for the slot":             {fresh, fresh, &due, nil, long, Proven},
		"made a second before the slot": {early, early, &due, nil, long, Proven},
		"none since the slot":           {old, old, &due, nil, long, Overdue},
		"none ever":                     {nil, nil, &due, nil, long, Overdue},
		"not scheduled":                 {old, old, nil, nil, long, Proven},
		"job is newer than the slot":    {nil, nil, &due, nil, recently, Never},
		"changed since the slot":        {old, old, &due, &recently, long, Proven},
		"changed before the slot":       {old, old, &due, &long, long, Overdue},
		"running now":                   {pending, old, &due, nil, long, Running},
		"the newest run failed":         {failed, old, &due, nil, long, Failing},
	} {
		t.Run(name, func(t *testing.T) {
			f := JobFacts{JobSummary: models.JobSummary{Newest: c.newest, NewestFinished: c.finished, NewestProven: c.finished}, Due: c.due}
			f.Job.CreatedAt, f.Job.UpdatedAt = c.created, c.updated
			got := Judge(f)
			if got != c.want {
				t.Fatalf("state %d, want %d", got, c.want)
			}
			if got == Overdue && !strings.HasPrefix(verdict(got, f, now), "A backup was due 9 h ago and was not made. ") {
				t.Errorf("the verdict is %q", verdict(got, f, now))
			}
		})
	}
	if !Overdue.NeedsAttention() {
		t.Error("an overdue job needs no attention")
	}
}
