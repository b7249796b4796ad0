package schedule

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestSlotsOfAStretchOfTime(t *testing.T) {
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for what, c := range map[string]struct {
		job         models.Job
		most        int
		first, last string
		n           int
		more        bool
	}{
		"one a day":             {models.Job{Cron: "daily at 03:00"}, 5, "03:00", "03:00", 1, false},
		"at its very beginning": {models.Job{Cron: "daily at 00:00"}, 5, "00:00", "00:00", 1, false},
		"in another zone":       {models.Job{Cron: "daily at 03:00", Timezone: "Europe/Paris"}, 5, "02:00", "02:00", 1, false},
		"more than are wanted":  {models.Job{Cron: "*/15 * * * *"}, 5, "00:00", "23:45", 5, true},
		"just as many":          {models.Job{Cron: "0 */6 * * *"}, 4, "00:00", "18:00", 4, false},
		"in a window":           {models.Job{Cron: "hourly", Window: "08:00-10:00"}, 5, "08:00", "09:00", 2, false},
		"on another day":        {models.Job{Cron: "weekly on sunday at 03:00"}, 5, "", "", 0, false},
		"while it is paused":    {models.Job{Cron: "daily at 03:00", PausedAt: &day}, 5, "03:00", "03:00", 1, false},
		"never":                 {models.Job{}, 5, "", "", 0, false},
		"what cannot be read":   {models.Job{Cron: "now and then"}, 5, "", "", 0, false},
	} {
		got := BackupSlots(c.job, day, day.AddDate(0, 0, 1), c.most)
		first, last := "", ""
		if len(got.At) > 0 {
			first, last = got.At[0].Format("15:04"), got.At[len(got.At)-1].Format("15:04")
		}
		if got.More {
			last = got.Last.Format("15:04")
		}
		if len(got.At) != c.n || got.More != c.more || first != c.first || last != c.last {
			t.Errorf("%s: %d from %s to %s, more is %v", what, len(got.At), first, last, got.More)
		}
	}
	drills := DrillSlots(models.Job{Cron: "hourly", DrillCron: "daily at 06:00", Window: "01:00-02:00"}, day, day.AddDate(0, 0, 7), 10)
	if len(drills.At) != 7 || drills.At[0].Format("15:04") != "06:00" || drills.More {
		t.Errorf("drills are at %v", drills.At)
	}
}
