package store

import (
	"log/slog"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

func TestMariaDB(t *testing.T) {
	server := servers.MariaDB(t)
	contract(t, func(t *testing.T) *Store { return openOn(t, server, server.Database(t)) })
	testReplicas(t, server)
}

// TestOracleMySQL runs the contract where the other MySQL is at hand.
func TestOracleMySQL(t *testing.T) {
	server := servers.RealMySQL(t)
	contract(t, func(t *testing.T) *Store { return openOn(t, server, server.Database(t)) })
	testReplicas(t, server)
}

func configOf(server *servers.MySQL, name string) Config {
	return Config{Provider: ProviderMySQL, Host: server.Host, Port: server.Port, DBName: name, User: server.User, Password: server.Password}
}

func openOn(t *testing.T, server *servers.MySQL, name string) *Store {
	t.Helper()
	s, err := Open(t.Context(), configOf(server, name), slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.Ping(t.Context()))
	return s
}

func testReplicas(t *testing.T, server *servers.MySQL) {
	t.Run("replicas start together", func(t *testing.T) {
		name := server.Database(t)
		stores := make([]*Store, 8)
		race(t, len(stores), func(i int) (err error) {
			stores[i], err = Open(t.Context(), configOf(server, name), nil)
			return err
		})
		if t.Failed() {
			return
		}
		f := configure(t, stores[0])
		won := race(t, 16, func(i int) error {
			return stores[i%8].InsertBackup(t.Context(), f.backup(slot(i)))
		})
		equal(t, "the number of winners", won, 1)
		for _, s := range stores {
			must(t, s.Close())
		}
	})
	t.Run("an encrypted connection", func(t *testing.T) {
		c := configOf(server, server.Database(t))
		c.TLS = "skip-verify"
		s, err := Open(t.Context(), c, nil)
		must(t, err)
		defer s.Close()
		var name, cipher string
		must(t, s.db.Raw("SHOW STATUS LIKE 'Ssl_cipher'").Row().Scan(&name, &cipher))
		if cipher == "" {
			t.Fatal("the connection is not encrypted")
		}
		c.TLS = "perhaps"
		_, err = Open(t.Context(), c, nil)
		wants(t, err, models.ErrInvalid)
	})
	t.Run("a wrong password is not told", func(t *testing.T) {
		c := configOf(server, server.Database(t))
		c.Password = "not-the-password"
		_, err := Open(t.Context(), c, nil)
		mentions(t, err, c.DBName, "Access denied")
		refuseWord(t, err.Error(), c.Password)
	})
	t.Run("socket", func(t *testing.T) {
		c := configOf(server, server.Database(t))
		c.Host = server.Socket
		s, err := Open(t.Context(), c, nil)
		must(t, err)
		must(t, s.Close())
	})
}
