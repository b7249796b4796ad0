package store

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// Leases and signs of life are written and compared by one clock, which all who share
// the metadata database have in common: the server's on MySQL, because the machines of
// replicas may differ by minutes, and the machine's own on SQLite, which is on one.

// now is what stands for the present in a statement.
func (s *Store) now() any { return s.in(0) }

// in is what stands for a moment in a statement: so long from now, or ago when negative.
func (s *Store) in(d time.Duration) any {
	if s.config.Provider == ProviderMySQL {
		return clause.Expr{SQL: "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND", Vars: []any{d.Microseconds()}}
	}
	return utc(s.machine().Add(d))
}

// Clock returns the present of the clock that all who share the metadata database have in
// common.
func (s *Store) Clock(ctx context.Context) (time.Time, error) { return s.clock(ctx) }

// clock returns the present of the clock that leases are written by.
func (s *Store) clock(ctx context.Context) (time.Time, error) {
	if s.config.Provider != ProviderMySQL {
		return utc(s.machine()), nil
	}
	var now time.Time
	err := s.read(ctx).Raw("SELECT UTC_TIMESTAMP(6)").Row().Scan(&now)
	return now, s.fault("ask the metadata database for the time", err)
}

// machine is the clock of this machine, which tests may set.
func (s *Store) machine() time.Time {
	if s.time != nil {
		return s.time()
	}
	return models.Now()
}

// nobodyOn holds when the node in the named column has no server that was seen within a
// while.
func (s *Store) nobodyOn(column string, within time.Duration) clause.Expr {
	return clause.Expr{
		SQL:  "NOT EXISTS (SELECT 1 FROM runners WHERE runners.node = " + column + " AND runners.serves = ? AND runners.seen_at > ?)",
		Vars: []any{true, s.in(-within)},
	}
}
