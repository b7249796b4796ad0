package config_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/notify"
)

func TestNotifiers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	o := options(nil)
	o.Notifiers = notify.Kinds()
	c := load(t, write(t, path, `notifiers:
  mail:
    enabled: true
    smtp_host: mx
    from: backups@example.com
    destinations:
      - {name: Team/A, email: a@example.com, events: [backup.failed, backup.finished], jobs: [shop]}
      - {email: b@example.com}
  webhook:
    enabled: true
    endpoints:
      - {url: "https://example.com/x"}
      - {name: webhook, url: "${secret:slack.url}", token: "${secret:slack.token}", format: slack}
`), o)
	var labels []string
	for _, n := range c.Plan().Notifiers {
		labels = append(labels, n.Label)
		if kind, err := notify.Lookup(n.Provider); err != nil || len(notify.Check(n)) > 0 {
			t.Errorf("%s: %v, %v", n.Label, err, notify.Check(n))
		} else {
			for name := range n.Settings {
				if _, known := kind.Setting(name); !known {
					t.Errorf("%s: the setting %s is not declared", n.Label, name)
				}
			}
		}
	}
	if want := []string{"Team-A", "b@example.com", "webhook", "webhook 2"}; !slices.Equal(labels, want) {
		t.Fatalf("the notifiers are %q, want %q", labels, want)
	}
	team, hook := c.Notifiers[0], c.Notifiers[3]
	if !slices.Equal(team.Events, []models.Event{models.EventFailed, models.EventFinished}) || !slices.Equal(team.Jobs, []string{"shop"}) {
		t.Errorf("the team is told of %q of %q", team.Events, team.Jobs)
	}
	if team.Settings["smtp_crypto"] != "starttls" || team.Settings["smtp_port"] != "587" || team.Settings["from"] != "backups@example.com" {
		t.Errorf("mail goes by %s port %s from %s", team.Settings["smtp_crypto"], team.Settings["smtp_port"], team.Settings["from"])
	}
	if hook.Settings["url"] != "${secret:slack.url}" || hook.Settings["token"] != "${secret:slack.token}" || hook.Settings["format"] != "slack" {
		t.Error("the references of the second webhook are not kept")
	}
	if c.Notifiers[2].Settings["format"] != "json" {
		t.Errorf("the form is %q by default", c.Notifiers[2].Settings["format"])
	}
}

func TestEncryptionOfMail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	for said, want := range map[string]string{
		"":                                     "starttls",
		"smtp_port: 465":                       "tls",
		"smtp_crypto: ssl":                     "tls",
		"smtp_crypto: TLS":                     "tls",
		"smtp_crypto: tls, smtp_port: 587":     "starttls",
		"smtp_crypto: tls, smtp_port: 465":     "tls",
		"smtp_crypto: none, smtp_port: 25":     "none",
		"smtp_crypto: starttls, smtp_port: 25": "starttls",
	} {
		c := load(t, write(t, path, "notifiers: {mail: {enabled: true, smtp_host: m, destinations: [{email: a@b.example}], "+said+"}}\n"), options(nil))
		if got := c.Notifiers[0].Settings["smtp_crypto"]; got != want {
			t.Errorf("%q is taken for %s, want %s", said, got, want)
		}
	}
}

func TestMistakesInNotifiers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	o := options(nil)
	o.Notifiers = notify.Kinds()
	for yaml, want := range map[string]string{
		"webhook: {enabled: true, endpoints: [{url: 'https://x.example', format: teams}]}":           "format must be json, slack, discord or ntfy",
		"webhook: {enabled: true, endpoints: [{url: 'https://x.example', events: [backup.fialed]}]}": "did you mean backup.failed?",
		"webhook: {enabled: true}": "has no endpoints",
		"mail: {enabled: true, smtp_host: m, smtp_crypto: rot13, destinations: [{email: a@b.example}]}": "smtp_crypto must be starttls, tls or none",
		"mail: {enabled: true, destinations: [{email: a@b.example}]}":                                   "has no smtp_host",
	} {
		_, err := config.Load(write(t, path, "notifiers: {"+yaml+"}\n"), o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", yaml, err, want)
		}
	}
}
