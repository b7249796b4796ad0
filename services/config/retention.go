package config

const unkept = "retention is read but not carried out by this version: nothing will be deleted"

// retention reads the rule for all jobs in its older form.
func (l *loader) retention(t *table) {
	enabled := t.boolean("enabled")
	by := t.text("by")
	if by.set && by.text != "age" {
		l.problem(by.line, "retention.by must be age, not %s: retention.value is then a number of days", quote(by.text))
	}
	value, ok := t.count("value")
	if enabled && (ok && value.number == 0 || !t.text("value").set) {
		l.problem(value.line, "retention.value must be a number of days from 1 on")
	}
	t.end()
	if enabled {
		l.note(t.line, unkept)
	}
}

// keep reads the rule of one job.
func (l *loader) keep(t *table) {
	asked := false
	for _, key := range []string{"keep_last", "hourly", "daily", "weekly", "monthly", "yearly"} {
		n, ok := t.count(key)
		asked = asked || ok && n.number > 0
	}
	t.end()
	if asked {
		l.note(t.line, unkept)
	}
}
