package config

import (
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// DefaultConcurrent is how many databases one server dumps at once.
	DefaultConcurrent = 4
	// DefaultShutdownGrace is how long what runs may go on after the server was asked to end.
	DefaultShutdownGrace = 30 * time.Second
	// ShortestKey is how many characters a key that signs must have.
	ShortestKey = 32
)

// Limits bound how many databases are dumped at once.
type Limits struct {
	// Concurrent bounds the dumps of one server.
	Concurrent int
	// All bounds those of all servers on one metadata database.
	All models.Limits
}

// limits reads how many databases are dumped at once.
func (l *loader) limits(t *table) Limits {
	limits := Limits{Concurrent: DefaultConcurrent}
	if n, ok := t.count("concurrent"); ok {
		if limits.Concurrent = n.number; n.number == 0 {
			l.problem(n.line, "limits.concurrent must be 1 or more: a server that dumps nothing at a time dumps nothing")
		}
	}
	for key, limit := range map[string]*int{"overall": &limits.All.Overall, "per_host": &limits.All.PerHost} {
		if n, ok := t.count(key); ok {
			*limit = n.number
		}
	}
	t.end()
	return limits
}

// shutdownGrace reads how long what runs may go on when the server ends.
func (t *table) shutdownGrace() time.Duration {
	if grace, ok := t.duration("shutdown_grace"); ok {
		return grace.length
	}
	return DefaultShutdownGrace
}

// timeout reads how long one run of a job may take; 0 when the file does not say.
func (t *table) timeout() time.Duration {
	most, ok := t.duration("timeout")
	if ok && most.length == 0 {
		t.l.problem(most.line, "%s must be longer than nothing: leave it out to bound a dump by 24h", t.path("timeout"))
	}
	return most.length
}

// signingKey reads the key that signs download links; it is never shown.
func (t *table) signingKey() models.Secret {
	key := t.ownSecret("signing_key")
	if key.set && len(key.text) < ShortestKey {
		t.l.problem(key.line, "%s must have %d characters or more: make one with openssl rand -hex 32", t.path("signing_key"), ShortestKey)
	}
	return models.NewSecret(key.text)
}
