package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// The providers of the notifiers that a file has a form for.
const (
	mailNotifier    = "mail"
	webhookNotifier = "webhook"
)

// notifiers reads who is told: one notifier for each destination and for each endpoint.
// Values are checked only where they are enabled: older files keep samples in the rest.
func (l *loader) notifiers(t *table, kinds []models.Kind) []models.Notifier {
	n := &notifierList{l: l, kinds: kinds}
	n.mail(t.sub(mailNotifier))
	n.webhook(t.sub(webhookNotifier))
	t.end()
	return n.all
}

// notifierList collects notifiers and gives each a label of its own.
type notifierList struct {
	l     *loader
	kinds []models.Kind
	all   []models.Notifier
}

func (n *notifierList) mail(t *table) {
	enabled := t.boolean("enabled")
	host := t.text("smtp_host")
	set := models.Settings{"smtp_host": host.text, "smtp_user": t.text("smtp_user").text, "smtp_password": t.secret("smtp_password").text, "from": t.text("from").text}
	if port, ok := t.port("smtp_port"); ok {
		set["smtp_port"] = fmt.Sprint(port.number)
	}
	set["smtp_crypto"] = n.crypto(t, set["smtp_port"], enabled)
	set["smtp_port"] = cmp.Or(set["smtp_port"], map[string]string{"starttls": "587", "tls": "465", "none": "25"}[set["smtp_crypto"]])
	to := t.elements("destinations", "notifiers.mail.destinations")
	for _, d := range to {
		n.destination(d, set, enabled)
	}
	t.end()
	if !enabled {
		return
	}
	if !host.set && !host.bad {
		n.l.problem(t.line, "notifiers.mail is enabled but has no smtp_host: name the mail server")
	}
	if len(to) == 0 {
		n.l.problem(t.line, "notifiers.mail is enabled but has no destinations: name who gets the mail")
	}
}

// crypto reads how the connection is encrypted. Older files say ssl for a connection that
// is encrypted from its first byte, and tls also for one that becomes so, which is all that
// the ports 25 and 587 know.
func (n *notifierList) crypto(t *table, port string, enabled bool) string {
	s := t.text("smtp_crypto")
	word := strings.ToLower(s.text)
	switch {
	case word == "" && port == "465", word == "ssl", word == "ssl/tls":
		return "tls"
	case word == "", word == "tls" && (port == "25" || port == "587"):
		return "starttls"
	case word == "starttls", word == "tls", word == "none":
	case enabled && !s.bad:
		n.l.problem(s.line, "%s must be starttls, tls or none, not %s", t.path("smtp_crypto"), quote(s.text))
	}
	return word
}

func (n *notifierList) destination(t *table, server models.Settings, enabled bool) {
	name, email := t.text("name"), t.text("email")
	if enabled && !email.bad && !strings.Contains(strings.Trim(email.text, "@"), "@") {
		n.l.problem(email.line, "%s must be an address such as ops@example.com", t.path("email"))
	}
	set := models.Settings{"to": email.text}
	for key, value := range server {
		if value != "" {
			set[key] = value
		}
	}
	n.add(t, models.Notifier{Label: cmp.Or(name.text, email.text), Provider: mailNotifier, Settings: set}, enabled)
}

func (n *notifierList) webhook(t *table) {
	enabled := t.boolean("enabled")
	to := t.elements("endpoints", "notifiers.webhook.endpoints")
	for _, e := range to {
		n.endpoint(e, enabled)
	}
	t.end()
	if enabled && len(to) == 0 {
		n.l.problem(t.line, "notifiers.webhook is enabled but has no endpoints: name at least one")
	}
}

func (n *notifierList) endpoint(t *table, enabled bool) {
	name, url := t.text("name"), t.secret("url")
	if enabled && !url.bad && url.ref == "" {
		t.webAddress("url", url)
	}
	set := models.Settings{"url": url.text}
	if token := t.secret("token"); token.set {
		set["token"] = token.text
	}
	set["format"] = n.format(t)
	n.add(t, models.Notifier{Label: cmp.Or(name.text, webhookNotifier), Provider: webhookNotifier, Settings: set}, enabled)
}

func (n *notifierList) format(t *table) string {
	s := t.text("format")
	declared := n.declared(webhookNotifier, "format")
	if s.set {
		return t.value(declared, s)
	}
	return declared.Default
}

// declared returns how a kind declares a setting.
func (n *notifierList) declared(provider, name string) models.Setting {
	for _, k := range n.kinds {
		if d, ok := k.Setting(name); ok && k.Provider == provider {
			return d
		}
	}
	return models.Setting{Name: name, Type: models.SettingText}
}

// add reads what all notifiers have in common, and keeps one that is enabled.
func (n *notifierList) add(t *table, made models.Notifier, enabled bool) {
	made.Events = t.events()
	made.Jobs = values(t.texts("jobs"))
	t.end()
	if !enabled {
		return
	}
	if fault := labelFault(made.Label); fault != "" {
		n.l.problem(t.line, "%s %s", t.path("name"), fault)
	}
	made.Label = n.free(strings.ReplaceAll(made.Label, "/", "-"))
	n.all = append(n.all, made)
}

func eventNames() []string {
	var names []string
	for _, e := range models.Events() {
		names = append(names, string(e))
	}
	return names
}

// free returns a label that no notifier has yet: older files name several alike, or not
// at all.
func (n *notifierList) free(label string) string {
	taken := func(l string) bool {
		return slices.ContainsFunc(n.all, func(m models.Notifier) bool { return m.Label == l })
	}
	free := label
	for i := 2; taken(free); i++ {
		free = fmt.Sprintf("%s %d", label, i)
	}
	return free
}
