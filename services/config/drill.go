package config

import "github.com/backupman/backupman/models"

// drill reads when restores are tried, and whether after every backup of a kind
// of source.
func (l *loader) drill(t *table, kind models.Kind) bool {
	if cron := t.text("cron"); cron.set {
		t.checkCron(cron)
		l.note(cron.line, "%s is read but not carried out by this version: use after_backup, which restores every backup", t.path("cron"))
	}
	if scratch := t.text("scratch"); scratch.set && scratch.text != "temporary" {
		l.problem(scratch.line, "%s must be temporary, not %s", t.path("scratch"), quote(scratch.text))
	}
	after := t.boolean("after_backup")
	if after && !kind.Provable && kind.Name != "" {
		l.note(t.at("after_backup"), "%s: this version cannot restore a backup of %s as a test, so none becomes proven: leave it out", t.path("after_backup"), kind.Name)
	}
	t.end()
	return after
}
