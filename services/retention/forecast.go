package retention

import (
	"slices"
	"time"

	"github.com/backupman/backupman/models"
)

// Foresee tells what rules would keep on one drive once the given runs were made, each of
// which makes a good copy of so many bytes; 0 is for a size that nobody knows, which a
// bound of the size then does not bound. The calendar is that of the zone. It is pure.
func Foresee(rules models.Retention, runs []time.Time, size int64, zone *time.Location) models.Forecast {
	if len(runs) == 0 {
		return models.Forecast{}
	}
	runs = slices.SortedFunc(slices.Values(runs), func(a, b time.Time) int { return b.Compare(a) })
	f := models.Forecast{Runs: len(runs), First: runs[len(runs)-1], Last: runs[0]}
	if size <= 0 && rules.MaxSize > 0 {
		rules.MaxSize = 0
	}
	if rules.IsZero() {
		f.Kept = runs
		return f
	}
	f.Kept = foreseen(rules, runs, size, zone)
	if len(f.Kept) == 0 {
		f.Kept = runs[:1] // the newest good copy stays, whatever the rules say
	}
	for _, one := range eachRule(rules) {
		kept := foreseen(one.rules, runs, size, zone)
		if len(kept) > 0 {
			f.Rules = append(f.Rules, models.ForecastRule{Rule: one.word, Kept: len(kept), Oldest: kept[len(kept)-1]})
		}
	}
	return f
}

// foreseen returns the moments, newest first, that rules keep of runs, newest first.
func foreseen(rules models.Retention, runs []time.Time, size int64, zone *time.Location) []time.Time {
	copies := make([]*copyFacts, len(runs))
	for i, at := range runs {
		copies[i] = &copyFacts{backup: &models.Backup{CreatedAt: at}, file: models.DriveFile{Size: size}, rank: i, good: true}
	}
	apply(rules, copies, runs[0].Add(time.Second), zone)
	var kept []time.Time
	for i, c := range copies {
		if len(c.ruled) > 0 {
			kept = append(kept, runs[i])
		}
	}
	return kept
}

// singleRule is one of several rules, alone.
type singleRule struct {
	word  string
	rules models.Retention
}

// eachRule takes rules apart. The bound of the size only takes from what they keep.
func eachRule(r models.Retention) []singleRule {
	all := []singleRule{
		{"last", models.Retention{Last: r.Last}}, {"hour", models.Retention{Hourly: r.Hourly}}, {"day", models.Retention{Daily: r.Daily}},
		{"week", models.Retention{Weekly: r.Weekly}}, {"month", models.Retention{Monthly: r.Monthly}}, {"year", models.Retention{Yearly: r.Yearly}},
		{"within", models.Retention{Within: r.Within}},
	}
	return slices.DeleteFunc(all, func(s singleRule) bool { return s.rules.IsZero() })
}
