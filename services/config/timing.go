package config

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

// timing is when something runs; the zero timing is only when asked.
type timing struct {
	cron string
	zone string
}

const (
	longestCron = 255
	// longestSpread is how far the runs of several jobs may be spread.
	longestSpread = 24 * time.Hour
)

// timing reads schedule, or cron, and timezone.
func (t *table) timing() timing {
	expr, zone := t.expression(), t.text("timezone")
	if _, err := cron.Zone(zone.text); err != nil {
		t.l.problem(zone.line, "%s: %s", t.path("timezone"), err)
	}
	return timing{cron: expr.text, zone: zone.text}
}

// expression reads when something runs, which has two spellings.
func (t *table) expression() scalar {
	words, fields := t.text("schedule"), t.text("cron")
	if words.set && fields.set {
		t.l.problem(fields.line, "%s and cron say the same thing: keep one of the two", t.path("schedule"))
		return scalar{line: fields.line, bad: true}
	}
	key, expr := "cron", fields
	if words.set || words.bad {
		key, expr = "schedule", words
	}
	switch {
	case !expr.set:
	case len(expr.text) > longestCron:
		t.l.problem(expr.line, "%s is longer than %d bytes: shorten it", t.path(key), longestCron)
	default:
		if _, err := cron.Parse(expr.text, ""); err != nil {
			t.l.problem(expr.line, "%s: %s", t.path(key), err)
		}
	}
	return expr
}

// windowAndSpread reads in which part of the day a job's runs may start, and over how
// much time they are spread. Cron and Timezone of the job are known already.
func (t *table) windowAndSpread(job *models.Job) {
	text := t.text("window")
	window, err := cron.ParseWindow(text.text)
	if err != nil {
		t.l.problem(text.line, "%s: %s", t.path("window"), err)
	}
	job.Window = window.String()
	if when, err := cron.Parse(job.Cron, job.Timezone); err == nil && when.Within(window).Never(models.Now()) {
		t.l.problem(text.line, "%s: no run of %s lies in the window %s: choose another window, or another time", t.path("window"), quote(job.Cron), window)
	}
	spread, ok := t.duration("spread")
	if ok && spread.length > longestSpread {
		t.l.problem(spread.line, "%s must be at most %s, not %s", t.path("spread"), models.SpanText(longestSpread), models.SpanText(spread.length))
	}
	job.Spread = spread.length
}

// backupJob reads the one schedule that jobs without an entry of their own run on.
func (l *loader) backupJob(t *table) timing {
	enabled, plan := t.boolean("enabled"), t.timing()
	if enabled && plan.cron == "" && !t.text("cron").bad && !t.text("cron").set {
		l.problem(t.line, "http.backup_job is enabled but has no cron: write one, such as cron: \"0 3 * * *\"")
	}
	t.end()
	if !enabled {
		return timing{}
	}
	return plan
}
