package config

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// defaultFiles are looked for in the working directory when none is named.
var defaultFiles = []string{"config.yaml", "config.yml"}

type digest [sha256.Size]byte

// Load reads the named file, or the one that BACKUPMAN_CONFIG names, or
// config.yaml or config.yml in the working directory, or none. Its error is an
// Errors that tells every mistake.
func Load(path string, opts Options) (Config, error) {
	path, named := choose(path, opts)
	l := &loader{file: path, dir: filepath.Dir(path), env: opts.lookup}
	c := defaults()
	body, err := readIfThere(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && named:
		l.outside(path, "there is no such file: check the path, or leave it out to start without one")
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		l.outside(path, "it cannot be read: "+reason(err))
	default:
		c.File, c.sum = path, sha256.Sum256(body)
		l.root(body, &c, opts)
	}
	l.override(&c, opts)
	if c.Database.Provider == providerSQLite && c.Database.Path == "" {
		c.Database.Path = filepath.Join(c.Data, databaseFile)
	}
	return l.result(c)
}

func defaults() Config {
	return Config{
		Data:     DefaultData,
		Database: Database{Provider: providerSQLite},
		HTTP:     HTTP{Listen: DefaultListen},
		Outgoing: Outgoing{Private: true},
		Limits:   Limits{Concurrent: DefaultConcurrent},
		Accounts: Accounts{Enabled: true, Idle: DefaultIdle, Longest: DefaultLongest},
		Audit:    Audit{Keep: DefaultAuditKeep},

		ShutdownGrace: DefaultShutdownGrace,
	}
}

// choose returns the file to read, and whether somebody named it.
func choose(path string, opts Options) (string, bool) {
	if path != "" {
		return path, true
	}
	if path, ok := opts.lookup(envConfig); ok && path != "" {
		return path, true
	}
	for _, path := range defaultFiles {
		if _, err := os.Stat(path); err == nil {
			return path, false
		}
	}
	return "", false
}

func readIfThere(path string) ([]byte, error) {
	if path == "" {
		return nil, fs.ErrNotExist
	}
	body, err := os.ReadFile(path)
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), err
}

// reason is an error's cause without the path that is told already.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
