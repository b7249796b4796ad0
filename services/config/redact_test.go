package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
)

func TestNothingPrintsSecrets(t *testing.T) {
	c := load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), base), options(nil))
	if c.Database.Password.Reveal() != "TOPSECRET1" || c.Sources[0].Settings["password"] != "TOPSECRET2" {
		t.Fatal("the secrets were not read")
	}
	for _, value := range []any{c, &c, c.Database, &c.Database, c.HTTP, &c.HTTP, struct{ C any }{c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			noSecret(t, fmt.Sprintf(verb, value))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("loaded", "config", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("loaded", "config", value)
		noSecret(t, log.String())
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		noSecret(t, string(text))
	}
	for _, note := range c.Notes {
		noSecret(t, note)
	}
}
