package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// sqliteWriter opens a target for writing. Nothing of a dump's schema is trusted, and
// what was valid where it was dumped is not judged again.
const sqliteWriter = "mode=rw&_pragma=busy_timeout(10000)&_pragma=trusted_schema(0)" +
	"&_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)"

// sqliteBeside are the ends of the files that SQLite keeps beside a database. A new
// database would take those of an earlier one for its own.
var sqliteBeside = []string{"-journal", "-wal", "-shm"}

// SQLiteTarget is a database file that dumps are restored into.
type SQLiteTarget struct {
	label string
	path  string
}

var _ Target = (*SQLiteTarget)(nil)

func openSQLiteTarget(label string, s models.Settings) (Target, error) {
	path, err := filepath.Abs(s["db_path"])
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", s["db_path"], err)
	}
	return &SQLiteTarget{label: label, path: path}, nil
}

// Create makes an empty file, which is an empty database. SQLite has no defaults to set.
func (t *SQLiteTarget) Create(_ context.Context, _ string) error {
	if problems := t.absent(); len(problems) > 0 && !t.exists() {
		return models.Conflictf("%s", problems[0])
	}
	f, err := os.OpenFile(t.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return t.unlessEmpty()
	}
	if err != nil {
		return t.fault("make", err)
	}
	return f.Close()
}

// unlessEmpty returns ErrConflict when there is a file that holds anything.
func (t *SQLiteTarget) unlessEmpty() error {
	info, err := os.Stat(t.path)
	if err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return nil
	}
	return models.Conflictf("%s exists already: choose another file, or move it away", t.path)
}

func (t *SQLiteTarget) exists() bool {
	_, err := os.Stat(t.path)
	return err == nil
}

// Drop removes the file and those that SQLite keeps beside it, the database last: without
// it they would be taken for those of the next database of that name.
func (t *SQLiteTarget) Drop(context.Context) error {
	info, err := os.Lstat(t.path)
	if err == nil && !info.Mode().IsRegular() {
		return models.Conflictf("%s is no file of its own: remove it by hand", t.path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return t.fault("remove", err)
	}
	for _, end := range append(sqliteBeside[:len(sqliteBeside):len(sqliteBeside)], "") {
		if err := os.Remove(t.path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return t.fault("remove", err)
		}
	}
	if err != nil {
		return nil
	}
	return disk.SyncFolder(filepath.Dir(t.path))
}

// SameServer reports whether both are one file, by whatever path or link.
func (t *SQLiteTarget) SameServer(_ context.Context, other Target) (bool, error) {
	o, ok := other.(*SQLiteTarget)
	if !ok {
		return false, nil
	}
	mine, err1 := os.Stat(t.path)
	theirs, err2 := os.Stat(o.path)
	if err1 == nil && err2 == nil {
		return os.SameFile(mine, theirs), nil
	}
	return placeOf(t.path) == placeOf(o.path), nil
}

// placeOf returns where a file would be made, without links among its folders.
func placeOf(path string) string {
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return path
	}
	return filepath.Join(folder, filepath.Base(path))
}

// TryViews reads every row of every view. One that needs what only the database's own
// program has can't be judged here, and says nothing against a dump.
func (t *SQLiteTarget) TryViews(ctx context.Context) ([]string, error) {
	db, err := openSQLite(t.path, "mode=rw&_pragma=query_only(1)&_pragma=trusted_schema(0)&_pragma=busy_timeout(10000)", nil)
	if err != nil {
		return nil, t.fault("open", err)
	}
	defer db.Close()
	views, err := textsSQLite(ctx, db, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
	if err != nil {
		return nil, t.fault("read", err)
	}
	var found []string
	for _, view := range views {
		err := drain(ctx, db, "SELECT * FROM "+quoteSQLite(view))
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil && !needsItsProgram(err) {
			found = append(found, fmt.Sprintf("the view %s can't be read: %v", view, err))
		}
	}
	return found, nil
}

// drain reads every row of a query.
func drain(ctx context.Context, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// textsSQLite returns the first column of every row.
func textsSQLite(ctx context.Context, db sqliteQuerier, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, rows.Err()
}

// sqliteQuerier is a database, or one connection to it.
type sqliteQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// fault turns what SQLite or the file system says into a sentence.
func (t *SQLiteTarget) fault(doing string, err error) error {
	var e *sqlite.Error
	switch {
	case disk.Full(err):
		return t.full()
	case !errors.As(err, &e):
		return fmt.Errorf("data source %q: %s %s: %w", t.label, doing, t.path, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return models.Conflictf("data source %q: %s is in use by another program: end that, or try again when it is done", t.label, t.path)
	case sqlite3.SQLITE_FULL:
		return t.full()
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return models.Conflictf("data source %q: %s is damaged, or is no SQLite database (%v): move it away with the files that begin with its name, and restore again",
			t.label, t.path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return models.Conflictf("data source %q: %s can't be written (%v): let this program's account write the file and its folder", t.label, t.path, err)
	}
	return models.Conflictf("data source %q: %s %s: %v", t.label, doing, t.path, err)
}

func (t *SQLiteTarget) full() error {
	return models.NoSpacef("data source %q: no space for %s: free space on its file system", t.label, t.path)
}
