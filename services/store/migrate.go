package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-gormigrate/gormigrate/v2"
	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// lockPatience is how long to wait for another process that holds a named lock.
const lockPatience = 60 * time.Second

// migrations are the versions of the tables, oldest first. One that has been
// released is never changed again: a later change is a migration of its own.
func migrations() []*gormigrate.Migration {
	return []*gormigrate.Migration{
		{ID: "0001_first_tables", Migrate: firstTables},
		{ID: "0002_drives", Migrate: drivesTables},
		{ID: "0003_restores", Migrate: restoreTables},
		{ID: "0004_time", Migrate: timeTables},
		{ID: "0005_trust", Migrate: trustTables},
		{ID: "0006_dashboard", Migrate: dashboardTables},
		{ID: "0007_unread", Migrate: unreadColumns},
	}
}

// migrate brings the tables up to date. When they already are, nothing is
// locked or written, so that reading commands work beside anything.
func (s *Store) migrate(ctx context.Context) error {
	const doing = "bring the metadata database up to date"
	current, err := s.isCurrent(ctx)
	if err != nil || current {
		return s.fault(doing, err)
	}
	err = s.migrateTo(ctx, migrations())
	if errors.Is(err, gormigrate.ErrUnknownPastMigration) {
		return s.tooNew()
	}
	return s.fault(doing, err)
}

func (s *Store) migrateTo(ctx context.Context, versions []*gormigrate.Migration) error {
	return s.locked(ctx, "migrate", func(db *gorm.DB) error {
		return gormigrate.New(db, &gormigrate.Options{
			UseTransaction:            s.config.Provider == ProviderSQLite,
			ValidateUnknownMigrations: true,
		}, versions).Migrate()
	})
}

func (s *Store) tooNew() error {
	return models.Conflictf("the metadata database %s was made by a newer version of Backupman: use that version, or another database", s.config)
}

func (s *Store) isCurrent(ctx context.Context) (bool, error) {
	if !s.read(ctx).Migrator().HasTable("migrations") {
		return false, nil
	}
	var done []string
	if err := s.read(ctx).Table("migrations").Pluck("id", &done).Error; err != nil {
		return false, err
	}
	known := migrations()
	missing := slices.ContainsFunc(known, func(m *gormigrate.Migration) bool { return !slices.Contains(done, m.ID) })
	return !missing && len(done) == len(known), nil
}

// createTables creates the tables that are missing. MySQL keeps the tables of
// a migration that was broken off, so that it must be possible to go on.
func createTables(tx *gorm.DB, tables ...any) error {
	if tx.Name() == "mysql" {
		// The binary collation keeps labels apart that differ in case or accent, as SQLite does.
		tx = tx.Set("gorm:table_options", " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin")
	}
	for _, table := range tables {
		if tx.Migrator().HasTable(table) {
			continue
		}
		if err := tx.Migrator().CreateTable(table); err != nil {
			return fmt.Errorf("create the table of %T: %w", table, err)
		}
	}
	return nil
}

// locked runs work while no other process runs work under the same name. On
// MySQL that is a named lock and work gets the connection that holds it; on
// SQLite the transaction that work begins is lock enough.
func (s *Store) locked(ctx context.Context, name string, work func(db *gorm.DB) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.config.Provider == ProviderSQLite {
		return work(s.read(ctx))
	}
	return s.read(ctx).Connection(func(db *gorm.DB) error {
		// Without a session of its own every query would add to the one before.
		db = db.Session(&gorm.Session{NewDB: true})
		key := s.lockKey(name)
		if err := s.takeLock(db, key); err != nil {
			return err
		}
		return errors.Join(work(db), db.Exec("DO RELEASE_LOCK(?)", key).Error)
	})
}

func (s *Store) takeLock(db *gorm.DB, key string) error {
	var taken sql.NullInt64
	if err := db.Raw("SELECT GET_LOCK(?, ?)", key, lockPatience.Seconds()).Row().Scan(&taken); err != nil {
		return err
	}
	if taken.Int64 != 1 {
		return fmt.Errorf("another program has held the lock of the metadata database %s for %s", s.config, lockPatience)
	}
	return nil
}

// lockKey is the lock's name on the server, which all its databases share and
// which may have 64 characters.
func (s *Store) lockKey(name string) string {
	sum := sha256.Sum256([]byte(s.config.DBName))
	return "backupman-" + name + "-" + hex.EncodeToString(sum[:8])
}
