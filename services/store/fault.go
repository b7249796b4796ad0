package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	driver "github.com/go-sql-driver/mysql"
	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
)

// The server errors of MySQL and MariaDB that are told from others; see their
// reference of server error codes.
const (
	mysqlDiskFull    = 1021
	mysqlWriteFailed = 1026
	mysqlEngineError = 1030
	mysqlDuplicate   = 1062
	mysqlTableFull   = 1114
	mysqlLockTimeout = 1205
	mysqlDeadlock    = 1213
)

// fault wraps an error of the database with what was being done, and turns the
// ones that a person can mend into sentences.
func (s *Store) fault(doing string, err error) error {
	var told *models.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return err
	case s.isFull(err):
		return fullDisk(s.config.String())
	case isLocked(err):
		return fmt.Errorf("%s: the metadata database %s is locked by another program that does not let go: %w", doing, s.config, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func fullDisk(name string) error {
	return models.NoSpacef("the disk under the metadata database %s is full: make space there and try again", name)
}

// isFull reports whether the database had no room to write. SQLite tells a
// full disk apart when it writes, but not when it extends its shared memory or
// syncs; then the folder itself is asked.
func (s *Store) isFull(err error) bool {
	if code, ok := mysqlCode(err); ok {
		return mysqlFull(code, err)
	}
	switch sqlitePrimary(err) {
	case sqlite3.SQLITE_FULL:
		return true
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return folderIsFull(filepath.Dir(s.config.Path))
	}
	return noSpace(err)
}

func mysqlFull(code uint16, err error) bool {
	switch code {
	case mysqlDiskFull, mysqlTableFull:
		return true
	case mysqlWriteFailed, mysqlEngineError:
		return strings.Contains(err.Error(), "28") && strings.Contains(err.Error(), "No space left")
	}
	return false
}

func noSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// folderIsFull writes as much as SQLite takes at least, and removes it again.
func folderIsFull(folder string) bool {
	f, err := os.CreateTemp(folder, ".space-*")
	if err != nil {
		return noSpace(err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(make([]byte, 64<<10))
	return noSpace(errors.Join(err, f.Close()))
}

func isLocked(err error) bool {
	if code, ok := mysqlCode(err); ok {
		return code == mysqlLockTimeout
	}
	primary := sqlitePrimary(err)
	return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
}

// isDeadlock reports whether the server undid the transaction to let another
// one pass; trying again is the remedy.
func isDeadlock(err error) bool {
	code, ok := mysqlCode(err)
	return ok && code == mysqlDeadlock
}

func isDuplicate(err error) bool {
	if code, ok := mysqlCode(err); ok {
		return code == mysqlDuplicate
	}
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

func isMissing(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// isNotFound reports whether a sentence says that something does not exist.
func isNotFound(err error) bool { return errors.Is(err, models.ErrNotFound) }

func mysqlCode(err error) (uint16, bool) {
	var failure *driver.MySQLError
	if errors.As(err, &failure) {
		return failure.Number, true
	}
	return 0, false
}

// sqliteCode returns the extended result code, 0 when the error is not SQLite's.
func sqliteCode(err error) int {
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		return failure.Code()
	}
	return 0
}

func sqlitePrimary(err error) int { return sqliteCode(err) & 0xff }

// errorCode names an error without the values that its text may quote.
func errorCode(err error) string {
	if code, ok := mysqlCode(err); ok {
		return fmt.Sprintf("mysql %d", code)
	}
	if code := sqliteCode(err); code != 0 {
		return fmt.Sprintf("sqlite %d", code)
	}
	return fmt.Sprintf("%T", err)
}
