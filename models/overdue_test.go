package models_test

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// every returns the slots of a schedule that runs at every multiple of a period.
func every(period time.Duration) func(time.Time) (time.Time, bool) {
	return func(until time.Time) (time.Time, bool) { return until.Truncate(period), true }
}

func TestDueSlot(t *testing.T) {
	noon := time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)
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
			got := models.DueSlot(every(c.period), last.Add(c.period), c.now)
			if got == nil || !got.Equal(c.want) {
				t.Errorf("the slot that is due is %v, want %s", got, c.want)
			}
		})
	}
	none := func(time.Time) (time.Time, bool) { return time.Time{}, false }
	if got := models.DueSlot(none, noon, noon); got != nil {
		t.Errorf("without slots %s is due", got)
	}
}
