package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
)

func TestNotifiers(t *testing.T) {
	p := plan("shop", "nas")
	p.Notifiers = []models.Notifier{
		{Label: "ops", Provider: "mail", Settings: models.Settings{"smtp_host": "mx", "smtp_password": "${secret:mail}"}},
		{Label: "chat", Provider: "webhook", Settings: models.Settings{"url": "https://example.com/TOPSECRET", "format": "slack"}},
		{Label: "lost", Provider: "webhook", Settings: models.Settings{"url": "${secret:gone}"}},
		{Label: "odd", Provider: "pigeon", Settings: models.Settings{"ring": "TOPSECRET"}},
	}
	c := catalog.New(newStore(), sourceKind, driveKind, drive.Place{}, catalog.WithSecrets(fakeSecrets{"mail": "hunter2"}))
	if err := c.Apply(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, n := range c.Notifiers(t.Context()) {
		labels = append(labels, n.Label)
		for name, value := range n.Settings {
			if name == "url" || name == "smtp_password" || strings.Contains(value, "TOPSECRET") {
				t.Errorf("%s is listed with its %s", n.Label, name)
			}
		}
	}
	if want := []string{"ops", "chat", "lost", "odd"}; !slices.Equal(labels, want) {
		t.Errorf("the notifiers are %q, want %q", labels, want)
	}
	opened, err := c.OpenNotifier(t.Context(), "ops")
	if err != nil || opened.Settings["smtp_password"] != "hunter2" || opened.Settings["smtp_host"] != "mx" {
		t.Errorf("opened with %d settings, %v", len(opened.Settings), err)
	}
	if n, err := c.OpenNotifier(t.Context(), "nobody"); !errors.Is(err, models.ErrNotFound) || n.Label != "" {
		t.Errorf("one that is not there: %v", err)
	}
	if n, err := c.OpenNotifier(t.Context(), "lost"); err == nil || n.Label != "lost" || !strings.Contains(err.Error(), `the notifier "lost" takes its url from the stored secret gone`) {
		t.Errorf("one whose secret is gone: %v", err)
	}
	if _, err := c.OpenNotifier(t.Context(), "odd"); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("one of another kind: %v", err)
	}
	if uses := c.SecretUses()["mail"]; !slices.Equal(uses, []string{"notifier ops: smtp_password"}) {
		t.Errorf("the secret is used for %q", uses)
	}
}
