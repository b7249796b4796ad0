package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
)

// sqliteTable is what a dump says about one table that is restored by itself.
type sqliteTable struct {
	name string
	// create makes the table; parts make its indexes and then its triggers.
	create string
	parts  []string
	// columns are those with values of their own, quoted: with the number of the row,
	// where rows have one that can be named.
	columns []string
	// position is the highest number that AUTOINCREMENT has given; not valid where the
	// table has none.
	position sql.NullInt64
}

// restoreTables copies tables out of a dump into the target, in one transaction.
func (t *SQLiteTarget) restoreTables(ctx context.Context, req RestoreRequest, dump string) error {
	plan, err := planTables(ctx, dump, req.Tables)
	if err != nil {
		return err
	}
	if t.exists() {
		return t.copyTables(ctx, req, dump, plan)
	}
	if err := t.Create(ctx, ""); err != nil {
		return err
	}
	if err := t.copyTables(ctx, req, dump, plan); err != nil {
		return errors.Join(err, t.Drop(ctx))
	}
	return nil
}

func (t *SQLiteTarget) copyTables(ctx context.Context, req RestoreRequest, dump string, plan []sqliteTable) error {
	db, err := openSQLite(t.path, sqliteWriter, nil)
	if err != nil {
		return t.fault("open", err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return t.fault("open", err)
	}
	defer conn.Close()
	if err := t.attach(ctx, conn, dump); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return t.fault("lock", err)
	}
	if err := t.copyAll(ctx, conn, req, plan); err != nil {
		_, undo := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, undoFailed(undo))
	}
	warnOfOrphans(ctx, conn, req, plan)
	return nil
}

// undoFailed leaves out that SQLite has undone a transaction by itself.
func undoFailed(err error) error {
	if err == nil || strings.Contains(err.Error(), "no transaction is active") {
		return nil
	}
	return err
}

// attach makes the dump readable as "backup". An empty target takes the dump's encoding
// and size of pages first.
func (t *SQLiteTarget) attach(ctx context.Context, conn *sql.Conn, dump string) error {
	from, _, err := openSQLiteDump(ctx, dump)
	if err != nil {
		return err
	}
	defer from.Close()
	var encoding, mine string
	var page int
	err = from.QueryRowContext(ctx, "SELECT encoding, page_size FROM pragma_encoding, pragma_page_size").Scan(&encoding, &page)
	if err != nil {
		return damagedDump(err)
	}
	for _, pragma := range []string{"encoding = '" + encoding + "'", fmt.Sprintf("page_size = %d", page)} {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return t.fault("open", err)
		}
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA encoding").Scan(&mine); err != nil {
		return t.fault("open", err)
	}
	if mine != encoding {
		return Incapablef("%s keeps text as %s and the backup as %s: restore these tables into a new file", t.path, mine, encoding)
	}
	if _, err := conn.ExecContext(ctx, "ATTACH ? AS backup", sqliteURI(dump, "mode=ro&immutable=1")); err != nil {
		return damagedDump(err)
	}
	return nil
}

// copyAll does everything that is in the transaction. Triggers come last, so that none
// runs while rows are copied.
func (t *SQLiteTarget) copyAll(ctx context.Context, conn *sql.Conn, req RestoreRequest, plan []sqliteTable) error {
	if err := t.clear(ctx, conn, req.Replace, plan); err != nil {
		return err
	}
	for _, table := range plan {
		fmt.Fprintf(req.Log, "restoring table %s\n", table.name)
		if err := table.copy(ctx, conn); err != nil {
			return t.tableFault(ctx, table, err)
		}
	}
	for _, table := range plan {
		for _, part := range table.parts {
			if _, err := conn.ExecContext(ctx, part); err != nil {
				return t.tableFault(ctx, table, err)
			}
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return t.fault("write", err)
	}
	return nil
}

// clear drops the tables that are in the way when they are to be replaced.
func (t *SQLiteTarget) clear(ctx context.Context, conn *sql.Conn, replace bool, plan []sqliteTable) error {
	for _, table := range plan {
		var kind, name string
		err := conn.QueryRowContext(ctx, `SELECT type, name FROM main.sqlite_schema
			WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')`, table.name).Scan(&kind, &name)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil:
			return t.fault("read", err)
		case kind == "view":
			return models.Conflictf("%s has a view called %s, where the backup has a table: restore that table into a new file", t.path, name)
		case !replace:
			return models.Conflictf("%s has a table %s: replace it, or restore into a new file", t.path, name)
		}
		if _, err := conn.ExecContext(ctx, "DROP TABLE main."+quoteSQLite(name)); err != nil {
			return t.fault("replace a table of", err)
		}
	}
	return nil
}

// copy makes the table as the dump has it, with its rows and its position.
func (s sqliteTable) copy(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, s.create); err != nil {
		return err
	}
	columns, name := strings.Join(s.columns, ", "), quoteSQLite(s.name)
	_, err := conn.ExecContext(ctx, "INSERT INTO main."+name+" ("+columns+") SELECT "+columns+" FROM backup."+name)
	if err != nil || !s.position.Valid {
		return err
	}
	if _, err := conn.ExecContext(ctx, "DELETE FROM main.sqlite_sequence WHERE name = ?", s.name); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)", s.name, s.position.Int64)
	return err
}

// tableFault says which table could not be restored, and whether SQLite lacks what the
// table needs.
func (t *SQLiteTarget) tableFault(ctx context.Context, table sqliteTable, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if needsItsProgram(err) {
		return Incapablef("the table %s needs what only its own program has (%v): restore the whole database instead", table.name, err)
	}
	var e *sqlite.Error
	if errors.As(err, &e) && slices.Contains([]int{sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}, e.Code()&0xff) {
		return models.Conflictf("the table %s can't be restored into %s: %v", table.name, t.path, err)
	}
	return t.fault("write", err)
}

// needsItsProgram reports whether SQLite lacks a function, a collation or a module that the
// program of a database brings.
func needsItsProgram(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, lacks := range []string{"no such function: ", "no such collation sequence: ", "no such module: ", "unknown function: "} {
		if strings.Contains(e.Error(), lacks) {
			return true
		}
	}
	return false
}

// warnOfOrphans tells of rows that refer to rows which are not there, or not any more.
func warnOfOrphans(ctx context.Context, conn *sql.Conn, req RestoreRequest, plan []sqliteTable) {
	rows, err := conn.QueryContext(ctx, `SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2`)
	if err != nil {
		warn(req, fmt.Sprintf("the references between tables could not be checked: %v", err))
		return
	}
	defer rows.Close()
	for rows.Next() {
		var table, parent string
		var n int
		if err := rows.Scan(&table, &parent, &n); err != nil {
			return
		}
		if restores(plan, table) || restores(plan, parent) {
			warn(req, fmt.Sprintf("%d rows of table %s refer to rows of table %s that are not there", n, table, parent))
		}
	}
	if err := rows.Err(); err != nil {
		warn(req, fmt.Sprintf("the references between tables could not be checked: %v", err))
	}
}

func restores(plan []sqliteTable, name string) bool {
	return slices.ContainsFunc(plan, func(t sqliteTable) bool { return strings.EqualFold(t.name, name) })
}
