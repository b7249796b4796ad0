package landing

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// every returns the slots of a schedule that runs at every multiple of a period.
func every(period time.Duration) func(time.Time) (time.Time, bool) {
	return func(until time.Time) (time.Time, bool) { return until.Truncate(period), true }
}

func TestDueSlot(t *testing.T) {
	noon := now
	for name, c := range map[string]struct {
		period time.Duration
		now    time.Time
		want   time.Time
	}{
		"hourly, on the hour":             {time.Hour, noon, noon.Add(-time.Hour)},
		"hourly, late in the hour":        {time.Hour, noon.Add(59 * time.Minute), noon.Add(-time.Hour)},
		"every ten seconds":               {10 * time.Second, noon, noon.Add(-time.Hour)},
		"daily, within a tenth of a day":  {24 * time.Hour, noon.Truncate(24 * time.Hour).Add(143 * time.Minute), noon.Truncate(24 * time.Hour).Add(-24 * time.Hour)},
		"daily, later than that":          {24 * time.Hour, noon.Truncate(24 * time.Hour).Add(144 * time.Minute), noon.Truncate(24 * time.Hour)},
		"every six hours, within an hour": {6 * time.Hour, noon.Add(59 * time.Minute), noon.Add(-6 * time.Hour)},
		"every six hours, after an hour":  {6 * time.Hour, noon.Add(time.Hour), noon},
	} {
		t.Run(name, func(t *testing.T) {
			last, _ := every(c.period)(c.now)
			got := DueSlot(every(c.period), last.Add(c.period), c.now)
			if got == nil || !got.Equal(c.want) {
				t.Errorf("the slot that is due is %v, want %s", got, c.want)
			}
		})
	}
	none := func(time.Time) (time.Time, bool) { return time.Time{}, false }
	if got := DueSlot(none, noon, noon); got != nil {
		t.Errorf("without slots %s is due", got)
	}
}

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
