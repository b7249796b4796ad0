package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestTheComingWeek(t *testing.T) {
	t.Setenv("TZ", "UTC")
	s := newSite(t)
	job := func(n string, j models.Job) {
		j.ID, j.Label, j.SourceID = strings.TrimSuffix(unknownID, "ff")+n, "job-"+n, sourceID
		s.store.jobs = append(s.store.jobs, j)
	}
	job("b1", models.Job{Cron: "*/15 * * * *"})
	job("b2", models.Job{Cron: "weekly on friday at 06:00", Timezone: "Europe/Paris", DrillAfter: true})
	job("b3", models.Job{Cron: "daily at 04:00", PausedAt: &testNow})
	job("b4", models.Job{DrillCron: "daily at 18:00"})
	job("b5", models.Job{})
	job("b6", models.Job{Cron: "daily at 05:00", RemovedAt: &testNow})
	d := parse(t, s.get(t, "/calendar"))
	days := d.all("section", "aria-label", "")
	if len(d.all("h2", "", "")) < 7 || len(d.all("li", "aria-current", "date")) != 1 {
		t.Fatalf("%d sections, %d days are today", len(days), len(d.all("li", "aria-current", "date")))
	}
	today := words(d.one(t, "li", "id", "day-2026-11-23"))
	for _, want := range []string{"Today", "18:00job-b4 drill", "12:15job-b1 every 15 minutes, 47 runs until 23:45"} {
		if !strings.Contains(today, want) {
			t.Errorf("today does not say %q: %s", want, today)
		}
	}
	if strings.Contains(today, "shop-nightly") {
		t.Error("a run that was made is still to come")
	}
	friday := words(d.one(t, "li", "id", "day-2026-11-27"))
	for _, want := range []string{"03:00shop-nightly", "05:00job-b2 then a drill", "96 runs until 23:45"} {
		if !strings.Contains(friday, want) {
			t.Errorf("friday does not say %q: %s", want, friday)
		}
	}
	all := words(d.one(t, "main", "", ""))
	if strings.Contains(all, "job-b6") || strings.Contains(friday, "job-b3") {
		t.Error("a job that is gone or paused is to come")
	}
	if got := words(d.one(t, "section", "aria-labelledby", "paused-jobs")); !strings.Contains(got, "job-b3") {
		t.Errorf("paused are %q", got)
	}
	if got := words(d.one(t, "section", "aria-labelledby", "asked-jobs")); !strings.Contains(got, "job-b5") || strings.Contains(got, "job-b4") {
		t.Errorf("only when asked are %q", got)
	}
	one := parse(t, s.get(t, "/calendar?day=2026-11-27"))
	if len(one.all("li", "id", "day-2026-11-27")) != 1 || len(one.all("li", "id", "day-2026-11-28")) != 0 {
		t.Error("one day is not one")
	}
	for query, status := range map[string]int{"day=x": http.StatusBadRequest, "day=2026-11-22": http.StatusNotFound, "day=2026-11-30": http.StatusNotFound, "day=2026-11-29": http.StatusOK} {
		if w := s.get(t, "/calendar?"+query); w.Code != status {
			t.Errorf("%s: status %d, want %d", query, w.Code, status)
		}
	}
}

func TestTheWeekOfTheViewer(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, "/calendar", "Cookie", "zone=Asia/Tokyo"))
	if got := words(d.one(t, "main", "", "")); !strings.Contains(got, "Times are in Asia/Tokyo") || !strings.Contains(words(d.one(t, "li", "id", "day-2026-11-24")), "12:00shop-nightly") {
		t.Errorf("the week of somebody in Tokyo is %q", got)
	}
}

func TestADayOfManyRunsIsCutShort(t *testing.T) {
	s := newSite(t)
	for range 60 {
		s.store.jobs = append(s.store.jobs, models.Job{ID: models.NewID(), Label: "many", Cron: "daily at 07:00"})
	}
	d := parse(t, s.get(t, "/calendar"))
	more := document{d.one(t, "li", "id", "day-2026-11-25")}.all("a", "href", "/calendar?day=2026-11-25")
	if len(more) != 1 || !strings.HasPrefix(words(more[0]), "21 more") {
		t.Fatalf("it is not said that there are 21 more")
	}
	whole := parse(t, s.get(t, "/calendar?day=2026-11-25"))
	if got := strings.Count(words(whole.one(t, "li", "id", "day-2026-11-25")), "many"); got != 60 {
		t.Errorf("the day has %d of 60", got)
	}
}
