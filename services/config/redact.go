package config

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// String tells the outline of a configuration, without settings or secrets.
func (c Config) String() string {
	return fmt.Sprintf("config{file: %q, data: %q, %s, %s, sources: %d, drives: %d, jobs: %d, notes: %d}",
		c.File, c.Data, c.Database, c.HTTP, len(c.Sources), len(c.Drives), len(c.Jobs), len(c.Notes))
}

// GoString keeps %#v from printing secrets.
func (c Config) GoString() string { return c.String() }

// Format keeps every other verb from printing secrets.
func (c Config) Format(f fmt.State, _ rune) { write(f, c.String()) }

// LogValue keeps slog from printing secrets.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText keeps encoders from printing secrets.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String tells where the metadata is kept, without the password.
func (d Database) String() string {
	if d.Provider != providerMySQL {
		return fmt.Sprintf("database: %s %q", d.Provider, d.Path)
	}
	return fmt.Sprintf("database: %s %q on %s:%d", d.Provider, d.DBName, d.Host, d.Port)
}

// GoString keeps %#v from printing the password.
func (d Database) GoString() string { return d.String() }

// Format keeps every other verb from printing the password.
func (d Database) Format(f fmt.State, _ rune) { write(f, d.String()) }

// LogValue keeps slog from printing the password.
func (d Database) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText keeps encoders from printing the password.
func (d Database) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String tells where is listened, and how many keys there are.
func (h HTTP) String() string {
	return "http: " + h.Listen + ", api keys: " + strconv.Itoa(len(h.APIKeys))
}

// GoString keeps %#v from printing the keys.
func (h HTTP) GoString() string { return h.String() }

// Format keeps every other verb from printing the keys.
func (h HTTP) Format(f fmt.State, _ rune) { write(f, h.String()) }

// LogValue keeps slog from printing the keys.
func (h HTTP) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalText keeps encoders from printing the keys.
func (h HTTP) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// write ignores the error as fmt does: there is nobody to tell.
func write(f fmt.State, text string) { _, _ = io.WriteString(f, text) }
