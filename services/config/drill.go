package config

// drill reads when restores are tried, and whether after every backup.
func (l *loader) drill(t *table) bool {
	if cron := t.text("cron"); cron.set {
		t.checkCron(cron)
		l.note(cron.line, "%s is read but not carried out by this version: use after_backup, or the drill command", t.path("cron"))
	}
	if scratch := t.text("scratch"); scratch.set && scratch.text != "temporary" {
		l.problem(scratch.line, "%s must be temporary, not %s", t.path("scratch"), quote(scratch.text))
	}
	after := t.boolean("after_backup")
	t.end()
	return after
}
