package store

import (
	"testing"

	"github.com/backupman/backupman/models"
)

func testMigrateTwice(t *testing.T, s *Store) {
	b := configure(t, s).inserted(t, s, slot(1))
	current := value(s.isCurrent(t.Context()))(t)
	equal(t, "being current after Open", current, true)
	must(t, s.migrate(t.Context()))

	// A migration that was broken off has made its tables without being noted.
	must(t, s.db.Exec("DELETE FROM migrations").Error)
	must(t, s.migrate(t.Context()))
	equal(t, "being current after going on", value(s.isCurrent(t.Context()))(t), true)
	value(s.Backup(t.Context(), b.ID))(t)
}

func testTooNew(t *testing.T, s *Store) {
	must(t, s.db.Exec("INSERT INTO migrations (id) VALUES ('9999_from_the_future')").Error)
	err := s.migrate(t.Context())
	wants(t, err, models.ErrConflict)
	mentions(t, err, "newer version")
}
