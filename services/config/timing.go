package config

import "github.com/backupman/backupman/services/cron"

// timing is when something runs; the zero timing is only when asked.
type timing struct {
	cron string
	zone string
}

const longestCron = 255

// timing reads cron and timezone.
func (t *table) timing() timing {
	expr, zone := t.text("cron"), t.text("timezone")
	if expr.set {
		t.checkCron(expr)
	}
	if _, err := cron.Zone(zone.text); err != nil {
		t.l.problem(zone.line, "%s: %s", t.path("timezone"), err)
	}
	return timing{cron: expr.text, zone: zone.text}
}

func (t *table) checkCron(expr scalar) {
	if len(expr.text) > longestCron {
		t.l.problem(expr.line, "%s is longer than %d bytes: shorten it", t.path("cron"), longestCron)
		return
	}
	if _, err := cron.Parse(expr.text, ""); err != nil {
		t.l.problem(expr.line, "%s: %s", t.path("cron"), err)
	}
}

// backupJob reads the one schedule that jobs without an entry of their own run on.
func (l *loader) backupJob(t *table) timing {
	enabled, plan := t.boolean("enabled"), t.timing()
	if cron := t.text("cron"); enabled && !cron.set && !cron.bad {
		l.problem(t.line, "http.backup_job is enabled but has no cron: write one, such as cron: \"0 3 * * *\"")
	}
	t.end()
	if !enabled {
		return timing{}
	}
	return plan
}
