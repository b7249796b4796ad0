package cli_test

import (
	"strings"
	"testing"
	"time"
)

type jobLine struct {
	ID, Label, Cron, Timezone, Window, Spread, When string
	NextRun, PausedAt                               *time.Time
	LacksKit                                        bool
}

func TestJobsArePausedAndResumed(t *testing.T) {
	file, data := writeConfig(t, `data_sources: [{provider: sqlite, label: shop, db_path: shop.db}]
drives: [{provider: local, label: nas, folder: nas}]
jobs:
  - {label: nightly, data_source: shop, schedule: daily at 23:00, timezone: Europe/Paris, window: 22:00-06:00, spread: 30m}
  - {label: asked, data_source: shop}
`)
	base := []string{"-c", file, "--data", data}
	with := func(args ...string) []string { return append(args, base...) }
	code, out, said := backupman(t, with("jobs")...)
	if code != 0 || !strings.Contains(out, "every day at 23:00, Europe/Paris, within 22:00-06:00, up to 30m later") || !strings.Contains(out, "only when asked") {
		t.Errorf("jobs: status %d, %s%s", code, out, said)
	}
	nightly := func() jobLine {
		var list struct{ Results []jobLine }
		answer(t, &list, 0, with("jobs")...)
		if len(list.Results) != 2 || list.Results[1].Label != "nightly" {
			t.Fatalf("the jobs are %+v", list.Results)
		}
		return list.Results[1]
	}
	if j := nightly(); j.NextRun == nil || j.NextRun.Before(time.Now()) || j.PausedAt != nil || j.Spread != "30m" || j.Cron != "daily at 23:00" {
		t.Errorf("the job is %+v", j)
	}
	if code, out, _ := backupman(t, with("pause", "nightly")...); code != 0 || out != "paused nightly\n" {
		t.Errorf("pause: status %d, %q", code, out)
	}
	if j := nightly(); j.NextRun != nil || j.PausedAt == nil {
		t.Errorf("the paused job is %+v", j)
	}
	if code, _, said := backupman(t, with("pause", "nightly")...); code != 1 || !strings.Contains(said, "has been paused since") {
		t.Errorf("pause again: status %d, %q", code, said)
	}
	var resumed jobLine
	answer(t, &resumed, 0, with("resume", "nightly")...)
	if resumed.NextRun == nil || resumed.PausedAt != nil {
		t.Errorf("the resumed job is %+v", resumed)
	}
	if code, _, said := backupman(t, with("resume", "nightly")...); code != 1 || !strings.Contains(said, "is not paused") {
		t.Errorf("resume again: status %d, %q", code, said)
	}
	if code, _, said := backupman(t, with("pause", "nobody")...); code != 1 || !strings.Contains(said, `there is no job "nobody"`) {
		t.Errorf("pause of nobody: status %d, %q", code, said)
	}
}
