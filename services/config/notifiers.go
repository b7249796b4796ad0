package config

import "strings"

// notifiers reads who is told. Values are checked only where they are enabled:
// older files keep samples in the rest.
func (l *loader) notifiers(t *table) {
	l.mail(t.sub("mail"))
	l.webhook(t.sub("webhook"))
	t.end()
}

func (l *loader) mail(t *table) {
	enabled := t.boolean("enabled")
	host := t.text("smtp_host")
	t.text("smtp_user")
	t.text("smtp_crypto")
	t.secret("smtp_password")
	if t.text("smtp_port").set {
		t.port("smtp_port")
	}
	to := t.elements("destinations", "notifiers.mail.destinations")
	for _, d := range to {
		l.destination(d, enabled)
	}
	t.end()
	if !enabled {
		return
	}
	if !host.set && !host.bad {
		l.problem(t.line, "notifiers.mail is enabled but has no smtp_host: name the mail server")
	}
	if len(to) == 0 {
		l.problem(t.line, "notifiers.mail is enabled but has no destinations: name who gets the mail")
	}
	l.note(t.line, "notifiers.mail is read but not carried out by this version: no mail will be sent")
}

func (l *loader) destination(t *table, enabled bool) {
	t.text("name")
	email := t.text("email")
	if enabled && !email.bad && !strings.Contains(strings.Trim(email.text, "@"), "@") {
		l.problem(email.line, "%s must be an address such as ops@example.com", t.path("email"))
	}
	t.end()
}

func (l *loader) webhook(t *table) {
	enabled := t.boolean("enabled")
	to := t.elements("endpoints", "notifiers.webhook.endpoints")
	for _, e := range to {
		l.endpoint(e, enabled)
	}
	t.end()
	if !enabled {
		return
	}
	if len(to) == 0 {
		l.problem(t.line, "notifiers.webhook is enabled but has no endpoints: name at least one")
	}
	l.note(t.line, "notifiers.webhook is read but not carried out by this version: nothing will be called")
}

func (l *loader) endpoint(t *table, enabled bool) {
	t.text("name")
	t.secret("token")
	if url := t.text("url"); enabled && !url.bad {
		t.webAddress("url", url)
	}
	t.end()
}
