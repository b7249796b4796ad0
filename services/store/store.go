// Package store keeps the metadata: sources, drives, jobs, backups, their
// manifests, logs, drills, restores and alarms. It holds the only gorm queries of the project,
// on embedded SQLite or on a MySQL or MariaDB server that several replicas
// share, and behaves the same on both.
//
// Times go in and come out as UTC in microseconds. Errors that a person can
// act on are models.Fault values; every other error is wrapped with what was
// being done.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// The providers of a metadata database.
const (
	ProviderSQLite = "sqlite"
	ProviderMySQL  = "mysql"
)

// Config says where the metadata database is.
type Config struct {
	// Provider is ProviderSQLite, ProviderMySQL (for MariaDB as well), or empty for SQLite.
	Provider string
	// Path is the SQLite file. Its folder is made when it is missing.
	Path string
	// Host is a name, an address, or the path of a socket when it starts with
	// a slash. Port 0 means 3306.
	Host     string
	Port     int
	DBName   string
	User     string
	Password string
	// TLS is "true", "false", "skip-verify" or "preferred"; empty means "false".
	TLS string
}

// String names the database without the account, so that a Config can stand
// in a log or an error.
func (c Config) String() string {
	if c.Provider == ProviderMySQL {
		return c.DBName + " on " + c.address()
	}
	return c.Path
}

func (c Config) address() string {
	if c.socket() {
		return c.Host
	}
	port := c.Port
	if port == 0 {
		port = 3306
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(port))
}

func (c Config) socket() bool { return len(c.Host) > 0 && c.Host[0] == '/' }

// Store is an open metadata database. It is safe for concurrent use.
type Store struct {
	config Config
	db     *gorm.DB
	pool   *sql.DB
	// turn holds one token when the engine takes one writer at a time. Queueing
	// here is fair, which SQLite's own waiting is not.
	turn chan struct{}
	// time is the clock of this machine; nil is models.Now.
	time func() time.Time
	// rows are the names of the facts that are there for transactions to lock.
	rows sync.Map
	// statements are those of rowsOften that SQLite has taken in, by their text. They end with
	// the pool.
	statements sync.Map
}

// Open opens the metadata database and brings its tables up to date. It is
// safe for several processes to open one database at the same moment.
func Open(ctx context.Context, c Config, log *slog.Logger) (*Store, error) {
	s, err := connect(ctx, c, log)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.migrate(ctx), s.learn()); err != nil {
		_ = s.pool.Close()
		return nil, err
	}
	return s, nil
}

// learn has the mapper look at what refers to something else before anything else is asked: at
// the first sight of a backup it changes what it knows of copies, without a lock, while
// others may read that.
func (s *Store) learn() error {
	statement := gorm.Statement{DB: s.db}
	if err := statement.Parse(&models.Backup{}); err != nil {
		return fmt.Errorf("look at how backups are stored: %w", err)
	}
	return nil
}

func connect(ctx context.Context, c Config, log *slog.Logger) (*Store, error) {
	switch c.Provider {
	case ProviderSQLite, "":
		return openSQLite(ctx, c, log)
	case ProviderMySQL:
		return openMySQL(ctx, c, log)
	}
	return nil, models.Invalidf("%q is not a kind of metadata database: use %q or %q", c.Provider, ProviderSQLite, ProviderMySQL)
}

func (c Config) gorm(log *slog.Logger) *gorm.Config {
	return &gorm.Config{
		Logger:                 newQueryLog(log),
		NowFunc:                models.Now,
		SkipDefaultTransaction: true,
		QueryFields:            true,
	}
}

// Close closes every connection.
func (s *Store) Close() error {
	if err := s.pool.Close(); err != nil {
		return fmt.Errorf("close the metadata database %s: %w", s.config, err)
	}
	return nil
}

// Ping tells whether the metadata database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	err := s.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM jobs WHERE id = ''").Scan(&one)
	return s.fault("ask whether the metadata database answers", err)
}
