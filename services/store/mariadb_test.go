package store

import (
	"log/slog"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

func TestMariaDB(t *testing.T) {
	server := servers.MariaDB(t)
	contract(t, reusing(t, server))
	testReplicas(t, server)
}

// TestOracleMySQL runs the contract where the other MySQL is at hand.
func TestOracleMySQL(t *testing.T) {
	server := servers.RealMySQL(t)
	contract(t, reusing(t, server))
	testReplicas(t, server)
}

// reusing opens a store for each test after the other. Making all tables takes a server
// longer than most tests do, so that a test which leaves its database in order leaves it,
// emptied, to the next.
func reusing(t *testing.T, server *servers.MySQL) func(t *testing.T) *Store {
	var free []string
	return func(test *testing.T) *Store {
		test.Helper()
		if len(free) == 0 {
			free = append(free, server.Database(t))
		}
		name := free[len(free)-1]
		free = free[:len(free)-1]
		test.Cleanup(func() {
			if !test.Failed() && emptied(test, server, name) {
				free = append(free, name)
			}
		})
		return openOn(test, server, name)
	}
}

// emptied removes all rows but those of the migrations, and reports whether it could: a test
// may have broken its database.
func emptied(t *testing.T, server *servers.MySQL, name string) bool {
	t.Helper()
	db := server.DB(t, name)
	var versions int
	if err := db.QueryRow("SELECT COUNT(*) FROM migrations WHERE id <> 'SCHEMA_INIT'").Scan(&versions); err != nil || versions != len(migrations()) {
		return false
	}
	var tables []string
	rows, err := db.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 'migrations'")
	if err != nil {
		return false
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return false
		}
		tables = append(tables, table)
	}
	for _, table := range tables {
		if _, err := db.Exec("DELETE FROM `" + table + "`"); err != nil {
			return false
		}
	}
	return rows.Err() == nil && len(tables) > 0
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

// testFrozen: a process that freezes while it counts what is dumped holds nobody back
// for long.
func testFrozen(t *testing.T, server *servers.MySQL) {
	name := server.Database(t)
	frozen, other := openOn(t, server, name), openOn(t, server, name)
	ids := onHosts(t, other, "a")
	must(t, frozen.makeLimits(t.Context()))
	tx := frozen.db.Begin()
	must(t, tx.Error)
	defer tx.Rollback()
	must(t, lockLimits(tx))
	b, err := other.ClaimNextDump(t.Context(), "r1", soon, models.Limits{Overall: 1})
	must(t, err)
	equal(t, "the claimed backup", b.ID, ids[0])
	if err := lockLimits(tx); err == nil {
		t.Error("what was frozen goes on with its transaction")
	}
}

func testReplicas(t *testing.T, server *servers.MySQL) {
	t.Run("a process freezes in a transaction", func(t *testing.T) {
		t.Parallel()
		testFrozen(t, server)
	})
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
		testIdleQueue(t, s, n)
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

// testIdleQueue: what every replica asks each second reads nothing of the past.
func testIdleQueue(t *testing.T, s *Store, n int) {
	ctx := t.Context()
	here := models.Place{Node: "here", Patience: time.Minute}
	for what, ask := range map[string]func() error{
		"a dump": func() error {
			_, err := s.ClaimNextDump(ctx, "r1", soon, models.Limits{Overall: 1, PerHost: 1})
			return err
		},
		"overdue":         func() error { _, _, err := s.NextOverdue(ctx); return err },
		"a copy":          func() error { _, err := s.NextToCopy(ctx, here); return err },
		"what is held":    func() error { _, err := s.Held(ctx); return err },
		"what is to heal": func() error { _, err := s.HealDue(ctx, here, models.Now(), 16); return err },
	} {
		before := rowsOrScanned(t, s)
		if err := ask(); err != nil {
			wants(t, err, models.ErrNotFound)
		}
		if read := rowsOrScanned(t, s) - before; read > n/4 {
			t.Errorf("looking for %s read %d rows of %d backups", what, read, n)
		}
	}
}

// rowsOrScanned counts what was read without an index, too.
func rowsOrScanned(t *testing.T, s *Store) int {
	t.Helper()
	var counters []struct{ Value int }
	must(t, s.db.Raw("SHOW SESSION STATUS LIKE 'Handler_read_%'").Scan(&counters).Error)
	sum := 0
	for _, c := range counters {
		sum += c.Value
	}
	return sum
}
