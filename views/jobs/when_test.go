package jobs

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, whatever the machine has

	"github.com/backupman/backupman/models"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRunsNameTheirOffsetOnlyWhereItChanges(t *testing.T) {
	for name, c := range map[string]struct {
		zone string
		at   []string
		want []string
	}{
		"summer time ends":  {"Europe/Paris", []string{"2026-10-24T01:00:00Z", "2026-10-25T02:00:00Z"}, []string{"Sat 24 Oct, 03:00 (UTC+2)", "Sun 25 Oct, 03:00 (UTC+1)"}},
		"no change":         {"Europe/Paris", []string{"2026-10-26T02:00:00Z", "2026-10-27T02:00:00Z"}, []string{"Mon 26 Oct, 03:00", "Tue 27 Oct, 03:00"}},
		"west and halves":   {"America/St_Johns", []string{"2026-10-31T05:30:00Z", "2026-11-01T06:30:00Z"}, []string{"Sat 31 Oct, 03:00 (UTC-2:30)", "Sun 1 Nov, 03:00 (UTC-3:30)"}},
		"greenwich":         {"Europe/London", []string{"2026-10-24T02:00:00Z", "2026-10-25T03:00:00Z"}, []string{"Sat 24 Oct, 03:00 (UTC+1)", "Sun 25 Oct, 03:00 (UTC)"}},
		"another year":      {"", []string{"2026-12-31T03:00:00Z", "2027-01-01T03:00:00Z"}, []string{"Thu 31 Dec, 03:00", "Fri 1 Jan 2027, 03:00"}},
		"seconds, all told": {"", []string{"2026-11-01T03:00:00Z", "2026-11-01T03:00:15Z"}, []string{"Sun 1 Nov, 03:00:00", "Sun 1 Nov, 03:00:15"}},
	} {
		t.Run(name, func(t *testing.T) {
			var slots []time.Time
			for _, at := range c.at {
				slots = append(slots, moment(t, at))
			}
			runs := newRuns(slots, zoneOf(models.Job{Timezone: c.zone}), slots[0].Add(-time.Hour))
			for n, want := range c.want {
				if got := runs[n].At.Words; got != want {
					t.Errorf("run %d is %q, want %q", n, got, want)
				}
			}
			if want := slots[0].Format("2006-01-02 15:04:05 UTC"); runs[0].At.Exact != want || runs[0].In.Words != "in 1 h" {
				t.Errorf("the first run is exactly %q, %s", runs[0].At.Exact, runs[0].In.Words)
			}
		})
	}
}

func TestMissedSlotsInWords(t *testing.T) {
	now := moment(t, "2026-11-25T12:00:00Z")
	for _, c := range []struct {
		first, last string
		slots       int
		want        string
	}{
		{"2026-11-24T03:00:00Z", "2026-11-24T03:00:00Z", 1, "Tue 24 Nov, 03:00"},
		{"2026-11-24T03:00:00Z", "2026-11-24T05:00:00Z", 3, "3 times, Tue 24 Nov, 03:00 to 05:00"},
		{"2025-12-30T03:00:00Z", "2026-01-02T03:00:00Z", 4, "4 times, Tue 30 Dec 2025, 03:00 to Fri 2 Jan, 03:00"},
	} {
		m := models.Missed{First: moment(t, c.first), Last: moment(t, c.last), Slots: c.slots, Reason: "the server was off"}
		if got := newMissedLine(m, time.UTC, now); got.At.Words != c.want || got.Reason != "The server was off." {
			t.Errorf("got %q, %q, want %q", got.At.Words, got.Reason, c.want)
		}
	}
}

func TestScheduleInWords(t *testing.T) {
	for _, c := range []struct {
		job         models.Job
		words       string
		says, shows string
	}{
		{models.Job{}, "", "Only when asked", ""},
		{models.Job{Cron: "0 3 * * *"}, "every day at 03:00", "Every day at 03:00", "0 3 * * *"},
		{models.Job{Cron: "daily at 03:00"}, "every day at 03:00", "Every day at 03:00", ""},
		{models.Job{Cron: "*/7 1-5 * * *"}, "", "By a cron expression", "*/7 1-5 * * *"},
		{models.Job{Cron: "@every 90m"}, "", "By a cron expression", "@every 90m"},
	} {
		w := newWhen(c.job, Timing{Words: c.words}, time.Now())
		if w.Words != c.says || w.Expression != c.shows {
			t.Errorf("%q: says %q and shows %q", c.job.Cron, w.Words, w.Expression)
		}
	}
}

func TestDrillsInWords(t *testing.T) {
	for want, job := range map[string]models.Job{
		"Only when asked": {}, "After each finished backup": {DrillAfter: true}, "Every Sunday": {DrillCron: "0 6 * * 0"},
		"After each finished backup and every Sunday": {DrillAfter: true, DrillCron: "0 6 * * 0"},
	} {
		if got := drillWords(job, "every Sunday"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
