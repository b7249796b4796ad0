package schedule

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// What is owed, of slots at the full hour or as it says, with the newest handled at 12:00.
func TestDecide(t *testing.T) {
	for _, tc := range []struct {
		name              string
		job               models.Job
		now               string
		giveUp, start, at string
	}{
		{"nothing yet", models.Job{Cron: "0 * * * *"}, "12:59:59", "", "", "13:00:00"},
		{"on time", models.Job{Cron: "0 * * * *"}, "13:00:00", "", "13:00:00", "13:54:00"},
		{"late, and worth it", models.Job{Cron: "0 * * * *"}, "13:53:59", "", "13:00:00", "13:54:00"},
		{"late, and not worth it", models.Job{Cron: "0 * * * *"}, "13:54:00", "13:00:00", "", "14:00:00"},
		{"of several the newest", models.Job{Cron: "0 * * * *"}, "16:20:00", "15:00:00", "16:00:00", "16:54:00"},
		{"of several none", models.Job{Cron: "0 * * * *"}, "16:55:00", "16:00:00", "", "17:00:00"},
		{"a clock set back a little", models.Job{Cron: "0 * * * *"}, "11:30:00", "", "", "13:00:00"},
		{"outside the window it waits", models.Job{Cron: "0 * * * *", Window: "12:30-13:30"}, "13:40:00", "", "", "+10:36:00"},
		{"no longer worth it when it opens", models.Job{Cron: "50 * * * *", Window: "09:30-12:55"}, "13:40:00", "", "", "+07:44:00"},
		{"at the window's end", models.Job{Cron: "0 * * * *", Window: "12:30-13:30"}, "13:29:59", "", "13:00:00", "+10:36:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := backupPlan(tc.job)
			if err != nil {
				t.Fatal(err)
			}
			d := p.decide(clockTime(t, "12:00:00"), clockTime(t, tc.now))
			for what, pair := range map[string][2]time.Time{
				"giveUp": {d.giveUp, clockTime(t, tc.giveUp)}, "start": {d.start, clockTime(t, tc.start)}, "at": {d.at, clockTime(t, tc.at)},
			} {
				if !pair[0].Equal(pair[1]) {
					t.Errorf("%s is %s, want %s", what, pair[0], pair[1])
				}
			}
		})
	}
}

// clockTime reads HH:MM:SS of one day, or after a plus of the next.
func clockTime(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	day := "2026-03-01T"
	if text[0] == '+' {
		day, text = "2026-03-02T", text[1:]
	}
	at, err := time.Parse(time.RFC3339, day+text+"Z")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Jobs are spread over the whole of a spread, each always at one place, in the order of
// their slots, and inside the window.
func TestSpread(t *testing.T) {
	slot := clockTime(t, "23:00:00")
	thirds := [3]int{}
	for range 300 {
		job := models.Job{ID: models.NewID(), Cron: "0,50 23 * * *", Spread: 30 * time.Minute, Window: "22:00-00:00"}
		p, err := backupPlan(job)
		if err != nil {
			t.Fatal(err)
		}
		late := p.start(slot).Sub(slot)
		if late < 0 || late >= job.Spread {
			t.Fatalf("%s starts %s late", job.ID, late)
		}
		if again, err := backupPlan(job); err != nil || again.start(slot) != p.start(slot) {
			t.Fatalf("%s starts at %s, and after a restart at %s, %v", job.ID, p.start(slot), again.start(slot), err)
		}
		thirds[late/(10*time.Minute)]++
		second := p.start(slot.Add(50 * time.Minute))
		if end := clockTime(t, "+00:00:00"); !second.After(p.start(slot)) || !second.Before(end) {
			t.Fatalf("%s starts at %s, and then at %s, want it before %s", job.ID, p.start(slot), second, end)
		}
	}
	for i, n := range thirds {
		if n < 60 {
			t.Errorf("of 300 jobs %d are in third %d", n, i+1)
		}
	}
}

func TestNextSlots(t *testing.T) {
	now, ahead := clockTime(t, "12:30:00"), clockTime(t, "14:00:00")
	for name, tc := range map[string]struct {
		job  models.Job
		want int
		hour int
	}{
		"scheduled":         {models.Job{Cron: "hourly"}, 3, 13},
		"some are handled":  {models.Job{Cron: "hourly", LastSlot: &ahead}, 3, 15},
		"paused":            {models.Job{Cron: "hourly", PausedAt: &now}, 0, 0},
		"removed":           {models.Job{Cron: "hourly", RemovedAt: &now}, 0, 0},
		"only when asked":   {models.Job{}, 0, 0},
		"cannot be read":    {models.Job{Cron: "often"}, 0, 0},
		"never in a window": {models.Job{Cron: "daily at 12:00", Window: "01:00-02:00"}, 0, 0},
	} {
		got := NextSlots(tc.job, now, 3)
		if len(got) != tc.want || tc.want > 0 && got[0].Hour() != tc.hour {
			t.Errorf("%s: the next slots are %v", name, got)
		}
	}
}
