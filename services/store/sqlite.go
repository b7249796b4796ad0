package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

const (
	// sqliteConnections bounds the readers that work beside the one writer.
	sqliteConnections = 8
	// sqliteOpenPatience bounds the wait for other processes that open the same
	// new file: turning it to WAL needs it alone and does not wait by itself.
	sqliteOpenPatience = 15 * time.Second
	sqliteOpenPause    = 20 * time.Millisecond
)

// sqliteOptions are the DSN's parameters. Without the busy timeout and the
// immediate transactions concurrent writers fail instead of waiting; the time
// format keeps microseconds and sorts as text.
const sqliteOptions = "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
	"&_pragma=foreign_keys(1)&_time_format=sqlite&_timezone=UTC&_txlock=immediate"

func openSQLite(ctx context.Context, c Config, log *slog.Logger) (*Store, error) {
	path, err := prepareFile(c.Path)
	if err != nil {
		return nil, err
	}
	c.Provider, c.Path = ProviderSQLite, path
	s := &Store{config: c, turn: make(chan struct{}, 1)}
	s.db, err = patiently(ctx, func() (*gorm.DB, error) { return dialSQLite(c, log) })
	if err != nil {
		return nil, s.fault("open the metadata database "+path, err)
	}
	if s.pool, err = s.db.DB(); err != nil {
		return nil, fmt.Errorf("open the metadata database %s: %w", path, err)
	}
	s.pool.SetMaxOpenConns(sqliteConnections)
	s.pool.SetMaxIdleConns(sqliteConnections)
	return s, nil
}

// dialSQLite uses the driver that modernc.org/sqlite registers as "sqlite",
// because it needs no C compiler.
func dialSQLite(c Config, log *slog.Logger) (*gorm.DB, error) {
	dialector := sqlite.Dialector{DriverName: "sqlite", DSN: sqliteDSN(c.Path)}
	db, err := gorm.Open(dialector, c.gorm(log))
	if err != nil && db != nil {
		if pool, poolErr := db.DB(); poolErr == nil {
			_ = pool.Close()
		}
	}
	return db, err
}

// sqliteDSN writes an absolute path as a URI, in which ?, # and % would
// otherwise end or change the name.
func sqliteDSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + sqliteOptions
}

// prepareFile makes the folder and the empty file, readable by nobody else.
// SQLite gives its -wal and -shm files the same mode.
func prepareFile(path string) (string, error) {
	if path == "" {
		return "", models.Invalidf("the metadata database has no path: name a file for it")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the metadata database %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", unusable(path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", unusable(path, err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("create the metadata database %s: %w", path, err)
	}
	return path, nil
}

func unusable(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return models.Invalidf("the metadata database %s may not be read and written by this account: give it the right to, or name another path", path)
	}
	if noSpace(err) {
		return fullDisk(path)
	}
	return fmt.Errorf("create the metadata database %s: %w", path, err)
}

func patiently(ctx context.Context, open func() (*gorm.DB, error)) (*gorm.DB, error) {
	ctx, cancel := context.WithTimeout(ctx, sqliteOpenPatience)
	defer cancel()
	for {
		db, err := open()
		if !isLocked(err) {
			return db, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(sqliteOpenPause):
		}
	}
}
