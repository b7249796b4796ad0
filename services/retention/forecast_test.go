package retention

import (
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// daily returns so many runs at three in the morning, the last on 31 December 2026.
func daily(n int) []time.Time {
	last := time.Date(2026, 12, 31, 3, 0, 0, 0, time.UTC)
	var runs []time.Time
	for i := range n {
		runs = append(runs, last.AddDate(0, 0, -i))
	}
	slices.Reverse(runs)
	return runs
}

func TestForeseeCountsWhatEachRuleKeeps(t *testing.T) {
	f := Foresee(models.Retention{Daily: 7, Weekly: 4, Monthly: 12}, daily(365), 0, time.UTC)
	if f.Runs != 365 || !f.First.Equal(time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC)) || !f.Last.Equal(time.Date(2026, 12, 31, 3, 0, 0, 0, time.UTC)) {
		t.Errorf("it looked at %d runs from %s to %s", f.Runs, f.First, f.Last)
	}
	want := map[string]struct {
		kept   int
		oldest string
	}{"day": {7, "2026-12-25"}, "week": {4, "2026-12-13"}, "month": {12, "2026-01-31"}}
	if len(f.Rules) != len(want) {
		t.Errorf("the rules are %+v", f.Rules)
	}
	for _, r := range f.Rules {
		if w := want[r.Rule]; r.Kept != w.kept || r.Oldest.Format(time.DateOnly) != w.oldest {
			t.Errorf("%s keeps %d, the oldest of %s", r.Rule, r.Kept, r.Oldest)
		}
	}
	// 25 to 31 December, the Sundays 13 and 20 (27 is one of the days), and the ends of
	// eleven months (December's is one of the days).
	if len(f.Kept) != 7+2+11 {
		t.Errorf("%d are kept: %v", len(f.Kept), f.Kept)
	}
}

func TestForeseeAgreesWithThePlan(t *testing.T) {
	runs, rules := daily(500), models.Retention{Last: 3, Daily: 10, Weekly: 6, Monthly: 9, Yearly: 2, Within: 20 * 24 * time.Hour, MaxSize: 25 * 100}
	snapshot := models.RetentionSnapshot{Job: models.Job{Retention: rules}}
	for _, at := range runs {
		snapshot.Backups = append(snapshot.Backups, models.Backup{ID: at.String(), Status: models.StatusFinished, CreatedAt: at, DumpedAt: &at,
			DriveFiles: []models.DriveFile{{DriveID: "d", Status: models.StatusFinished, Size: 100}}})
	}
	var want []time.Time
	for _, d := range Plan(snapshot, PlanOptions{Now: runs[len(runs)-1].Add(time.Second)}).Backups {
		if !d.Gone() {
			want = append(want, d.Backup.CreatedAt)
		}
	}
	if got := Foresee(rules, runs, 100, time.UTC).Kept; !slices.EqualFunc(got, want, time.Time.Equal) || len(want) != 25 {
		t.Errorf("it foresees %v, and the plan keeps %v", got, want)
	}
}

func TestForeseeAtTheEdges(t *testing.T) {
	for what, c := range map[string]struct {
		rules models.Retention
		runs  int
		size  int64
		kept  int
	}{
		"no runs":                            {models.Retention{Daily: 7}, 0, 0, 0},
		"no rules keep all":                  {models.Retention{}, 30, 0, 30},
		"a size":                             {models.Retention{MaxSize: 1000}, 30, 100, 10},
		"a size too small for one":           {models.Retention{MaxSize: 10}, 30, 100, 1},
		"a size of copies of a size unknown": {models.Retention{MaxSize: 1000}, 30, 0, 30},
		"fewer runs than rules":              {models.Retention{Last: 14}, 5, 0, 5},
	} {
		if got := len(Foresee(c.rules, daily(c.runs), c.size, time.UTC).Kept); got != c.kept {
			t.Errorf("%s: %d are kept, want %d", what, got, c.kept)
		}
	}
}
