package pages

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/services/schedule"
	"github.com/backupman/backupman/views/calendar"
)

// mostOfDay bounds how many runs of one job are counted on one day: every quarter of an hour.
const mostOfDay = 96

// Calendar answers GET /calendar with the coming seven days, or one of them.
func (h *Handlers) Calendar(c *gin.Context) error {
	all, err := h.Plans.Jobs(c.Request.Context())
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	zone, now := viewerZone(c), h.Now()
	facts := calendar.Facts{Zone: zone, Days: days(now, zone)}
	if text := c.Query("day"); text != "" {
		if facts.Day, err = time.ParseInLocation(time.DateOnly, text, zone); err != nil {
			return models.Invalidf("%q is no day: write it as 2027-03-31", text)
		}
		if facts.Day.Before(facts.Days[0]) || facts.Day.After(facts.Days[calendar.Length-1]) {
			return models.NotFoundf("the calendar has the coming seven days, and %s is none of them", text)
		}
	}
	seen := slotsSeen{}
	for _, job := range all {
		if job.RemovedAt != nil {
			continue
		}
		week := calendar.JobWeek{Job: job, Words: cron.Describe(job.Cron), DrillWords: cron.Describe(job.DrillCron)}
		week.Runs = seen.of("run "+job.Cron+" "+job.Window, job, facts.Days, now, schedule.BackupSlots)
		week.Drills = seen.of("drill "+job.DrillCron, job, facts.Days, now, schedule.DrillSlots)
		facts.Jobs = append(facts.Jobs, week)
	}
	title := "The coming week"
	if !facts.Day.IsZero() {
		title = facts.Day.Format("Monday 2 January")
	}
	return Render(c, http.StatusOK, calendar.Show(calendar.NewView(h.page(title, calendar.Path), facts, now)))
}

// days are the midnights of the coming days by the clock of a zone, today's first.
func days(now time.Time, zone *time.Location) []time.Time {
	year, month, day := now.In(zone).Date()
	all := make([]time.Time, calendar.Length)
	for n := range all {
		all[n] = time.Date(year, month, day+n, 0, 0, 0, 0, zone)
	}
	return all
}

// slotsSeen has the slots of the days that were worked out already: many jobs run at the
// same times.
type slotsSeen map[string][]calendar.Slots

func (s slotsSeen) of(what string, job models.Job, days []time.Time, now time.Time, slots func(models.Job, time.Time, time.Time, int) schedule.Stretch) []calendar.Slots {
	key := what + " " + job.Timezone
	if known, ok := s[key]; ok {
		return known
	}
	found := make([]calendar.Slots, len(days))
	for n, day := range days {
		from := day
		if from.Before(now) {
			from = now.Truncate(time.Second).Add(time.Second)
		}
		at := slots(job, from, day.AddDate(0, 0, 1), mostOfDay)
		found[n] = calendar.Slots{At: at.At, More: at.More, Last: at.Last}
	}
	s[key] = found
	return found
}
