package store

import (
	"log/slog"
	"testing"
	"time"
)

// A server that is gone without a word must be given up, but not while it waits
// for a lock that another program holds.
func TestMySQLConnectionsAreGivenUp(t *testing.T) {
	m, err := mysqlSettings(Config{Provider: ProviderMySQL, Host: "127.0.0.1", DBName: "b", User: "b"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if m.Timeout <= 0 || m.Timeout > time.Minute {
		t.Errorf("dials for %s", m.Timeout)
	}
	if m.ReadTimeout <= lockPatience || m.ReadTimeout > 2*time.Minute {
		t.Errorf("waits %s for an answer, and the server may wait %s for a lock", m.ReadTimeout, lockPatience)
	}
	if m.WriteTimeout <= 0 || m.WriteTimeout > 2*time.Minute {
		t.Errorf("writes for %s", m.WriteTimeout)
	}
}
