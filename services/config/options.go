package config

import (
	"os"
	"strings"

	"github.com/backupman/backupman/models"
)

// Options are what a configuration is read with.
type Options struct {
	// Sources and Drives are the kinds that a file may name.
	Sources []models.Kind
	Drives  []models.Kind
	// Notifiers are the kinds of notifiers; the file has its own form for each.
	Notifiers []models.Kind
	// Env looks an environment variable up; nil means os.LookupEnv.
	Env func(string) (string, bool)
	// Overrides are the flags.
	Overrides Overrides
}

// Overrides are what flags said; empty fields were not given.
type Overrides struct {
	Data   string
	Listen string
}

// The environment variables that come over the file.
const (
	envConfig  = "BACKUPMAN_CONFIG"
	envData    = "BACKUPMAN_DATA"
	envListen  = "BACKUPMAN_LISTEN"
	envAPIKeys = "BACKUPMAN_API_KEYS"
)

// EnvSecretsKey is the environment variable that may have the key which seals secrets.
const EnvSecretsKey = "BACKUPMAN_SECRETS_KEY"

func (o Options) lookup(name string) (string, bool) {
	if o.Env == nil {
		return os.LookupEnv(name)
	}
	return o.Env(name)
}

// override puts the environment and then the flags over what the file said.
func (l *loader) override(c *Config, o Options) {
	if data, ok := o.lookup(envData); ok && data != "" {
		c.Data = data
	}
	if listen, ok := o.lookup(envListen); ok && listen != "" {
		l.outside(envListen, checkListen(listen))
		c.HTTP.Listen = listen
	}
	if keys, ok := o.lookup(envAPIKeys); ok && keys != "" {
		c.HTTP.APIKeys = splitKeys(keys)
	}
	if key, ok := o.lookup(EnvSecretsKey); ok && key != "" {
		c.Secrets = Secrets{Key: models.NewSecret(key)}
	}
	if o.Overrides.Data != "" {
		c.Data = o.Overrides.Data
	}
	if o.Overrides.Listen != "" {
		l.outside("--listen", checkListen(o.Overrides.Listen))
		c.HTTP.Listen = o.Overrides.Listen
	}
}

// splitKeys reads keys parted by commas.
func splitKeys(text string) []models.Secret {
	var keys []models.Secret
	for key := range strings.SplitSeq(text, ",") {
		if key = strings.TrimSpace(key); key != "" {
			keys = append(keys, models.NewSecret(key))
		}
	}
	return keys
}
