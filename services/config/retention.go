package config

import (
	"slices"
	"time"

	"github.com/backupman/backupman/models"
)

// longestAge is a century in days, after which nobody counts.
const longestAge = 36525

// retention reads the rule for all jobs without rules of their own, in its older form.
func (l *loader) retention(t *table) models.Retention {
	enabled := t.boolean("enabled")
	by := t.text("by")
	if by.set && by.text != "age" {
		l.problem(by.line, "retention.by must be age, not %s: retention.value is then a number of days", quote(by.text))
	}
	value, ok := t.count("value")
	if enabled && (ok && value.number == 0 || !t.text("value").set) || ok && value.number > longestAge {
		l.problem(value.line, "retention.value must be a number of days from 1 to %d", longestAge)
	}
	t.end()
	if !enabled {
		return models.Retention{}
	}
	return models.Retention{Within: time.Duration(min(value.number, longestAge)) * 24 * time.Hour}
}

// keep reads the rules of one job: those of all its drives, and those of single ones. A
// job that has none has the rule of all jobs.
func (l *loader) keep(job *table, planned *models.PlannedJob, all models.Retention) {
	before := len(l.problems)
	t := job.sub("retention")
	planned.Job.Retention = t.rules()
	planned.DriveRetention = t.sub("drives").rulesOfDrives(planned.Drives)
	t.end()
	if _, own := job.entries["retention"]; !own {
		planned.Job.Retention = all
		return
	}
	if planned.Job.Retention.IsZero() && len(planned.DriveRetention) == 0 && len(l.problems) == before {
		l.problem(job.at("retention"), "%s has no rule: write one, such as daily: 7, or remove retention to keep every backup", t.name())
	}
}

// rulesOfDrives reads the rules of single drives, by their labels; drives are those that
// the job names.
func (t *table) rulesOfDrives(drives []string) map[string]models.Retention {
	if len(t.order) == 0 {
		return nil
	}
	rules := map[string]models.Retention{}
	for _, label := range t.order {
		before := len(t.l.problems)
		one := t.sub(label)
		one.prefix = t.prefix + safeKey(label) + "."
		r := one.rules()
		one.end()
		switch {
		case !slices.Contains(drives, label):
			t.l.problem(one.line, "%s: the job keeps no copies on a drive of that label%s", t.path(label), adviseLabel(label, drives))
		case r.IsZero() && len(t.l.problems) == before:
			t.l.problem(one.line, "%s has no rule: write one, such as daily: 7, or remove it for the rules of the other drives", t.path(label))
		}
		rules[label] = r
	}
	return rules
}

// rules reads what is kept.
func (t *table) rules() models.Retention {
	r := models.Retention{
		Last: t.few("keep_last"), Hourly: t.few("hourly"), Daily: t.few("daily"),
		Weekly: t.few("weekly"), Monthly: t.few("monthly"), Yearly: t.few("yearly"),
	}
	if within, ok := t.duration("keep_within"); ok {
		r.Within = within.length
	}
	if most, ok := t.bytes("max_size"); ok {
		r.MaxSize = most.bytes
	}
	return r
}

// mostKept bounds how many copies one rule counts.
const mostKept = 1_000_000

func (t *table) few(key string) int {
	n, ok := t.count(key)
	if ok && n.number > mostKept {
		t.l.problem(n.line, "%s must be at most %d", t.path(key), mostKept)
	}
	return n.number
}
