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

// rowsRead returns how many rows and index entries the one connection has read.
func rowsRead(t *testing.T, s *Store) int {
	t.Helper()
	var counters []struct{ Value int }
	must(t, s.db.Raw("SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_first','Handler_read_key','Handler_read_last','Handler_read_next','Handler_read_prev')").Scan(&counters).Error)
	sum := 0
	for _, c := range counters {
		sum += c.Value
	}
	return sum
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
		testWriters(t, stores)
		f := configure(t, stores[0])
		won := race(t, 16, func(i int) error {
			return stores[i%8].InsertBackup(t.Context(), f.backup(slot(i)))
		})
		equal(t, "the number of winners", won, 1)
		for _, s := range stores {
			must(t, s.Close())
		}
	})
	t.Run("a filtered walk reads each backup once", func(t *testing.T) {
		s := openOn(t, server, server.Database(t))
		f := configure(t, s)
		const n = 4 * chunk
		history(t, s, f, n)
		s.pool.SetMaxOpenConns(1)
		for _, filter := range []models.BackupFilter{
			{}, {JobID: f.job.ID}, {Label: f.job.Label}, {Status: models.StatusFinished},
			{JobID: f.job.ID, Status: models.StatusFinished},
		} {
			before := rowsRead(t, s)
			equal(t, "the number of backups", len(everyBackup(t, s, filter)), n)
			// Each has two drive files, and each page looks up its entry.
			if read := rowsRead(t, s) - before; read > 5*n {
				t.Errorf("walking %d backups of %+v read %d rows", n, filter, read)
			}
		}
		before := rowsRead(t, s)
		value(s.JobSummaries(t.Context()))(t)
		if read := rowsRead(t, s) - before; read > n+100 {
			t.Errorf("summarizing %d backups read %d rows", n, read)
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
