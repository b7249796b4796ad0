package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

func loadText(t *testing.T, text string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kinds := []models.Kind{{Provider: "sqlite", Name: "SQLite"}}
	return config.Load(path, config.Options{Sources: kinds, Drives: []models.Kind{{Provider: "local", Name: "folder"}},
		Env: func(string) (string, bool) { return "", false }})
}

func TestLimitsAndTheEnd(t *testing.T) {
	c, err := loadText(t, "version: 1")
	if err != nil || c.Limits.Concurrent != 4 || c.Limits.All != (models.Limits{}) || c.ShutdownGrace != 30*time.Second {
		t.Errorf("the defaults are %+v, %s (%v)", c.Limits, c.ShutdownGrace, err)
	}
	key := strings.Repeat("k", 32)
	c, err = loadText(t, `
limits: {concurrent: 2, overall: 6, per_host: 1}
shutdown_grace: 5m
http: {signing_key: `+key+`}
data_sources: [{provider: sqlite, label: shop}]
drives: [{provider: local, label: nas}]
jobs: [{label: nightly, data_source: shop, timeout: 6h}]`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Limits != (config.Limits{Concurrent: 2, All: models.Limits{Overall: 6, PerHost: 1}}) || c.ShutdownGrace != 5*time.Minute {
		t.Errorf("limits %+v, grace %s", c.Limits, c.ShutdownGrace)
	}
	if c.Jobs[0].Job.Timeout != 6*time.Hour || c.HTTP.SigningKey.Reveal() != key {
		t.Errorf("timeout %s, key %q", c.Jobs[0].Job.Timeout, c.HTTP.SigningKey)
	}
	if strings.Contains(c.String(), key) {
		t.Error("the key is shown")
	}
}

func TestLimitsThatMakeNoSense(t *testing.T) {
	for text, says := range map[string]string{
		"limits: {concurrent: 0}":          "limits.concurrent must be 1 or more",
		"limits: {per_host: -1}":           "limits.per_host must be 0 or more",
		"limits: {hosts: 1}":               "limits.hosts is not a key",
		"shutdown_grace: soon":             "shutdown_grace must be a length of time",
		"http: {signing_key: secret-text}": "http.signing_key must have 32 characters",
	} {
		_, err := loadText(t, text)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret-text") {
			t.Error("the key is shown")
		}
	}
}
