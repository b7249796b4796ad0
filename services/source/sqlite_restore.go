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

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// sqlitePartial is what the name of a file ends in while a dump is written to it.
const sqlitePartial = ".partial"

// Restore makes a new file whole before it gets its name, and writes into one that exists
// in one transaction: programs that have it open see the old state or the new one. So
// whatever fails leaves the target as it was.
func (t *SQLiteTarget) Restore(ctx context.Context, req RestoreRequest) error {
	err := t.restore(ctx, req)
	if err == nil {
		return nil
	}
	t.rollBack(context.WithoutCancel(ctx))
	return &TargetLeft{Cause: err, Untouched: true}
}

// rollBack reads the target, so that SQLite undoes at once what a full disk kept it from
// undoing; otherwise the next program that may write does.
func (t *SQLiteTarget) rollBack(ctx context.Context) {
	db, err := openSQLite(t.path, "mode=rw", nil)
	if err != nil {
		return
	}
	defer db.Close()
	_, _ = textsSQLite(ctx, db, "SELECT name FROM sqlite_schema LIMIT 1")
}

func (t *SQLiteTarget) restore(ctx context.Context, req RestoreRequest) error {
	if len(req.Tables) == 0 && !t.exists() {
		return t.restoreNew(ctx, req)
	}
	if err := t.mayOverwrite(ctx, req); err != nil {
		return err
	}
	dump := filepath.Join(req.TempDir, "restore.sqlite")
	if err := t.receive(ctx, req, dump); err != nil {
		return err
	}
	defer func() { _ = os.Remove(dump) }()
	if len(req.Tables) > 0 {
		return t.restoreTables(ctx, req, dump)
	}
	return t.overwrite(ctx, req, dump)
}

// mayOverwrite refuses to write a whole dump over something unless that was asked for.
func (t *SQLiteTarget) mayOverwrite(ctx context.Context, req RestoreRequest) error {
	if req.Replace || len(req.Tables) > 0 {
		return nil
	}
	state, err := t.Look(ctx)
	if err != nil {
		return err
	}
	if len(state.Problems) > 0 {
		return models.Conflictf("%s", state.Problems[0])
	}
	if !state.Empty() {
		return models.Conflictf("%s holds %d tables: replace it, or choose an empty or new file", t.path, len(state.Tables))
	}
	return nil
}

// receive takes the dump into a file and checks it, before anything is done to the target.
func (t *SQLiteTarget) receive(ctx context.Context, req RestoreRequest, path string) error {
	dump, err := req.Open(ctx)
	if err != nil {
		return err
	}
	defer dump.Close()
	if err := receiveSQLite(ctx, dump, path, req.Progress); err != nil {
		return err
	}
	if err := checkSQLiteDump(ctx, path, req.RawSize); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// checkSQLiteDump checks that a dump is whole and that its pages hang together. A size of
// 0 is not known.
func checkSQLiteDump(ctx context.Context, path string, size int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if size > 0 && info.Size() != size {
		return models.Invalidf("the dump has %d bytes and should have %d", info.Size(), size)
	}
	if err := checkSQLiteLength(path); err != nil {
		return err
	}
	db, _, err := openSQLiteDump(ctx, path)
	if err != nil {
		return damagedDump(err)
	}
	defer db.Close()
	return damagedDump(quickCheck(ctx, db))
}

// restoreNew writes the dump beside the target and gives it the name when it is whole.
func (t *SQLiteTarget) restoreNew(ctx context.Context, req RestoreRequest) error {
	if problems := t.absent(); len(problems) > 0 {
		return models.Conflictf("%s", problems[0])
	}
	partial := t.path + sqlitePartial
	err := t.receive(ctx, req, partial)
	if errors.Is(err, fs.ErrExist) {
		return models.Conflictf("%s is in the way: another restore writes it, or one was killed: remove it when none runs", partial)
	}
	if err != nil {
		return err
	}
	if err := t.publish(partial); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return disk.SyncFolder(filepath.Dir(t.path))
}

// publish gives a whole file the target's name unless there is one by now. Where there
// are no links, an empty file takes the name first.
func (t *SQLiteTarget) publish(partial string) error {
	err := os.Link(partial, t.path)
	if err == nil {
		return os.Remove(partial)
	}
	if errors.Is(err, fs.ErrExist) {
		return t.madeMeanwhile()
	}
	f, err := os.OpenFile(t.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return t.madeMeanwhile()
	}
	if err != nil {
		return t.fault("make", err)
	}
	if err := errors.Join(f.Close(), os.Rename(partial, t.path)); err != nil {
		return errors.Join(t.fault("make", err), os.Remove(t.path))
	}
	return nil
}

func (t *SQLiteTarget) madeMeanwhile() error {
	return models.Conflictf("%s was made by another program meanwhile: look at it, and restore into another file or replace it", t.path)
}

// overwrite copies a dump over a database through SQLite's backup API, which takes part in
// the locks of all programs that have it open.
func (t *SQLiteTarget) overwrite(ctx context.Context, req RestoreRequest, dump string) error {
	from, err := openSQLite(dump, sqliteUntrusted, nil)
	if err != nil {
		return err
	}
	defer from.Close()
	again, err := t.leaveWAL(ctx, from)
	if err != nil {
		return err
	}
	err = t.copyOver(ctx, from)
	if e := again(context.WithoutCancel(ctx)); e != nil && err == nil {
		warn(req, fmt.Sprintf("%s was restored, and could not be put back into the mode of a write-ahead log: %v", t.path, e))
	}
	return err
}

func (t *SQLiteTarget) copyOver(ctx context.Context, from *sql.DB) error {
	conn, err := from.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = conn.Raw(func(driver any) error { return copyPages(ctx, driver, sqliteURI(t.path, sqliteWriter)) })
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return t.fault("write", err)
	}
	return nil
}

// leaveWAL makes ready for pages of another size, which can't be written through a
// write-ahead log. It returns what puts the database back into its mode.
func (t *SQLiteTarget) leaveWAL(ctx context.Context, from *sql.DB) (again func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	if differ, err := t.needsOtherPages(ctx, from); err != nil || !differ {
		return nothing, err
	}
	if mode, err := t.setJournal(ctx, "DELETE"); err != nil || mode != "delete" {
		return nil, models.Conflictf("%s has pages of another size than the backup, and other programs have it open: end them, and restore again", t.path)
	}
	return func(ctx context.Context) error {
		_, err := t.setJournal(ctx, "WAL")
		return err
	}, nil
}

// needsOtherPages reports whether the target has a write-ahead log and pages of another size
// than a dump.
func (t *SQLiteTarget) needsOtherPages(ctx context.Context, from *sql.DB) (bool, error) {
	var want, have int
	var mode string
	if err := from.QueryRowContext(ctx, "PRAGMA page_size").Scan(&want); err != nil {
		return false, err
	}
	db, err := openSQLite(t.path, sqliteWriter, nil)
	if err != nil {
		return false, t.fault("open", err)
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT page_size, journal_mode FROM pragma_page_size, pragma_journal_mode").Scan(&have, &mode)
	if err != nil {
		return false, t.fault("open", err)
	}
	return have != want && strings.EqualFold(mode, "wal"), nil
}

func (t *SQLiteTarget) setJournal(ctx context.Context, mode string) (string, error) {
	db, err := openSQLite(t.path, sqliteWriter, nil)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var now string
	err = db.QueryRowContext(ctx, "PRAGMA journal_mode = "+mode).Scan(&now)
	return now, err
}

func warn(req RestoreRequest, sentence string) {
	if req.Warn != nil {
		req.Warn(sentence)
	}
}
