package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
)

// sqliteCounted is how large a database may be for its rows to be counted, in bytes: to
// count is to read.
const sqliteCounted = 256 << 20

// Look tells what is in the file. Rows are counted in small databases only.
func (t *SQLiteTarget) Look(ctx context.Context) (models.TargetState, error) {
	state := models.TargetState{Database: t.path, Server: sqlite3.SQLITE_VERSION}
	info, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		state.Problems = t.absent()
		return state, nil
	}
	if err != nil {
		return state, t.fault("look at", err)
	}
	state.Exists = true
	if !info.Mode().IsRegular() {
		state.Problems = []string{fmt.Sprintf("%s is no file: name the file of a database", t.path)}
		return state, nil
	}
	t.measure(&state, info)
	if problem := t.unwritable(); problem != "" {
		state.Problems = append(state.Problems, problem)
	}
	if info.Size() == 0 {
		return state, nil
	}
	if err := t.contents(ctx, &state); err != nil {
		state.Problems = append(state.Problems, err.Error())
	}
	return state, context.Cause(ctx)
}

// absent says what keeps the file from being made.
func (t *SQLiteTarget) absent() []string {
	folder := filepath.Dir(t.path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []string{fmt.Sprintf("there is no folder %s: make it", folder)}
	case err != nil || !info.IsDir():
		return []string{fmt.Sprintf("%s is no folder: name a file in a folder", folder)}
	case unix.Access(folder, unix.W_OK|unix.X_OK) != nil:
		return []string{fmt.Sprintf("the folder %s can't be written: let this program's account write it", folder)}
	}
	for _, end := range sqliteBeside {
		if strings.HasSuffix(t.path, end) {
			return []string{fmt.Sprintf("%s is what SQLite calls a file of its own beside a database, and it would take it for one: choose another name", t.path)}
		}
	}
	for _, end := range append(sqliteBeside[:len(sqliteBeside):len(sqliteBeside)], "") {
		if _, err := os.Lstat(t.path + end); err == nil && end == "" {
			return []string{fmt.Sprintf("%s is a link to nothing: remove it, or name another file", t.path)}
		} else if err == nil {
			return []string{fmt.Sprintf("there is %s without its database, and a new one would take it for its own: move it away", t.path+end)}
		}
	}
	return nil
}

// unwritable says what keeps a file that exists from being written: SQLite makes others
// beside it.
func (t *SQLiteTarget) unwritable() string {
	real, err := filepath.EvalSymlinks(t.path)
	if err != nil {
		return err.Error()
	}
	for path, mode := range map[string]uint32{real: unix.W_OK, filepath.Dir(real): unix.W_OK | unix.X_OK} {
		if unix.Access(path, mode) != nil {
			return fmt.Sprintf("%s can't be written: let this program's account write %s and its folder", path, t.path)
		}
	}
	return ""
}

// measure adds size and age, with what is not in the file yet.
func (t *SQLiteTarget) measure(state *models.TargetState, info fs.FileInfo) {
	state.Size = info.Size()
	changed := info.ModTime().UTC()
	if wal, err := os.Stat(t.path + "-wal"); err == nil && wal.Size() > 0 {
		state.Size += wal.Size()
		if wal.ModTime().After(changed) {
			changed = wal.ModTime().UTC()
		}
	}
	state.ChangedAt = &changed
}

// contents lists the tables, counts everything else and tries whether the database can be
// written.
func (t *SQLiteTarget) contents(ctx context.Context, state *models.TargetState) error {
	db, err := (&SQLite{label: t.label, path: t.path}).open(ctx, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	names, err := textsSQLite(ctx, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return t.fault("read", err)
	}
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL").Scan(&state.Objects)
	if err != nil {
		return t.fault("read", err)
	}
	for _, name := range names {
		state.Tables = append(state.Tables, models.TargetTable{TableName: models.TableName{Name: name}, Rows: -1})
	}
	if state.Size <= sqliteCounted {
		countSQLite(ctx, db, state.Tables)
	}
	return t.tryLock(ctx)
}

// countSQLite counts rows and bytes. A table that can't be read, such as a virtual one of
// a program's own, keeps -1 rows.
func countSQLite(ctx context.Context, db *sql.DB, tables []models.TargetTable) {
	for i, table := range tables {
		var n int64
		if db.QueryRowContext(ctx, "SELECT count(*) FROM "+quoteSQLite(table.Name)).Scan(&n) == nil {
			tables[i].Rows = n
		}
		_ = db.QueryRowContext(ctx, `SELECT coalesce(sum(pgsize), 0) FROM dbstat
			WHERE aggregate = TRUE AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?)`, table.Name).Scan(&tables[i].Bytes)
	}
}

// tryLock asks for the lock of a writer and gives it back.
func (t *SQLiteTarget) tryLock(ctx context.Context) error {
	db, err := openSQLite(t.path, "mode=rw&_pragma=busy_timeout(2000)", nil)
	if err != nil {
		return t.fault("open", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return t.fault("lock", err)
	}
	_, err = db.ExecContext(ctx, "ROLLBACK")
	return err
}
