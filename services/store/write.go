package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// deadlockAttempts is how often a transaction is made before a deadlock is an error.
const deadlockAttempts = 8

// textLimit bounds a sentence or a list of warnings; logLimit bounds a log.
// Both stay below what MySQL's mediumtext holds.
const (
	textLimit = 1 << 20
	logLimit  = 15 << 20
)

// read returns a handle for queries outside a transaction.
func (s *Store) read(ctx context.Context) *gorm.DB { return s.db.WithContext(ctx) }

// readOften is read for the few statements that every request of a page makes. SQLite, which
// runs in this process, takes longer to understand them than to answer; it keeps them.
func (s *Store) readOften(ctx context.Context) *gorm.DB {
	return s.db.Session(&gorm.Session{Context: s.often(ctx), PrepareStmt: s.config.Provider == ProviderSQLite})
}

// often is the context of a statement that reads a row or a few. SQLite answers it sooner than
// it could be stopped, and watching for that takes two goroutines each time.
func (s *Store) often(ctx context.Context) context.Context {
	if s.config.Provider == ProviderSQLite {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// rowsOften is readOften without the mapper, for statements that take longer to put together
// than to answer.
func (s *Store) rowsOften(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s.config.Provider != ProviderSQLite {
		return s.pool.QueryContext(ctx, query, args...)
	}
	kept, known := s.statements.Load(query)
	if !known {
		made, err := s.pool.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		if kept, known = s.statements.LoadOrStore(query, made); known { // somebody else was quicker
			if err := made.Close(); err != nil {
				return nil, err
			}
		}
	}
	return kept.(*sql.Stmt).QueryContext(s.often(ctx), args...)
}

// write runs change in one transaction, and again when the server undid it to
// end a deadlock. change must therefore have no effect of its own.
func (s *Store) write(ctx context.Context, doing string, change func(tx *gorm.DB) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return s.fault(doing, err)
	}
	defer leave()
	for range deadlockAttempts {
		err = s.read(ctx).Transaction(change)
		if !isDeadlock(err) {
			break
		}
	}
	return s.fault(doing, err)
}

// enter waits for this process's turn to write, where the engine takes one
// writer at a time.
func (s *Store) enter(ctx context.Context) (leave func(), err error) {
	if s.turn == nil {
		return func() {}, nil
	}
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// forUpdate locks the rows it reads on MySQL. SQLite's transactions hold the
// whole database already and ignore it.
func forUpdate(tx *gorm.DB) *gorm.DB {
	return tx.Clauses(clause.Locking{Strength: "UPDATE"})
}

// utc returns the time as both engines keep it, so that what is read equals
// what was written.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func utcOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	kept := utc(*t)
	return &kept
}

func utcOrNow(t time.Time) time.Time {
	if t.IsZero() {
		return models.Now()
	}
	return utc(t)
}

// storable makes text of any origin fit both engines: MySQL refuses bytes that
// are not UTF-8, which a tool's stderr may hold, and more than its column takes.
func storable(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
