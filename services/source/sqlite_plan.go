package source

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// openSQLiteDump opens a received dump, with stand-ins for the collations that it uses,
// whose names it returns. An error tells that SQLite can't make sense of it.
func openSQLiteDump(ctx context.Context, path string) (*sql.DB, []string, error) {
	open := func(collations []string) (*sql.DB, error) { return openSQLite(path, sqliteUntrusted, collations) }
	collations, err := foreignCollations(ctx, open)
	if err != nil {
		return nil, nil, err
	}
	db, err := open(collations)
	return db, collations, err
}

// planTables reads from a dump what some of its tables are made of. It refuses those that
// can't be restored by themselves. The statements can be executed as they are: SQLite has
// read them as its schema, and reads none that goes on after its first statement.
func planTables(ctx context.Context, dump string, names []models.TableName) ([]sqliteTable, error) {
	db, _, err := openSQLiteDump(ctx, dump)
	if err != nil {
		return nil, damagedDump(err)
	}
	defer db.Close()
	var plan []sqliteTable
	for _, name := range names {
		table, err := planTable(ctx, db, name.Name)
		if err != nil {
			return nil, damagedDump(err)
		}
		if !restores(plan, table.name) {
			plan = append(plan, table)
		}
	}
	return plan, nil
}

func planTable(ctx context.Context, db *sql.DB, name string) (sqliteTable, error) {
	table := sqliteTable{name: name}
	var kind string
	var withoutRowID bool
	err := db.QueryRowContext(ctx, `SELECT l.type, l.wr, s.sql FROM sqlite_schema s
		JOIN pragma_table_list(s.name) l ON l.schema = 'main' WHERE s.type = 'table' AND s.name = ?`, name).
		Scan(&kind, &withoutRowID, &table.create)
	if errors.Is(err, sql.ErrNoRows) {
		return table, models.NotFoundf("the backup has no table %s", name)
	}
	if err != nil {
		return table, err
	}
	if err := aloneSQLite(name, kind); err != nil {
		return table, err
	}
	if table.columns, err = copiedColumns(ctx, db, name, withoutRowID); err != nil {
		return table, err
	}
	if table.parts, err = textsSQLite(ctx, db, `SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type IN ('index', 'trigger')
		AND sql IS NOT NULL ORDER BY type, rowid`, name); err != nil {
		return table, err
	}
	table.position, err = positionOf(ctx, db, name)
	return table, err
}

// aloneSQLite refuses tables that are not by themselves.
func aloneSQLite(name, kind string) error {
	switch {
	case strings.HasPrefix(strings.ToLower(name), "sqlite_"):
		return models.Invalidf("the table %s is SQLite's own: it comes along with the tables that it is about", name)
	case kind == "virtual":
		return models.Invalidf("the table %s is a virtual table, which can't be restored by itself: restore the whole database", name)
	case kind == "shadow":
		return models.Invalidf("the table %s is part of a virtual table, which can't be restored by itself: restore the whole database", name)
	}
	return nil
}

// copiedColumns returns the columns whose values are stored, and the number of the row by
// a name that no column has taken.
func copiedColumns(ctx context.Context, db *sql.DB, table string, withoutRowID bool) ([]string, error) {
	all, err := textsSQLite(ctx, db, "SELECT name FROM pragma_table_xinfo(?)", table)
	if err != nil {
		return nil, err
	}
	stored, err := textsSQLite(ctx, db, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", table)
	if err != nil {
		return nil, err
	}
	var columns []string
	for _, name := range stored {
		columns = append(columns, quoteSQLite(name))
	}
	if withoutRowID {
		return columns, nil
	}
	for _, word := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.ContainsFunc(all, func(name string) bool { return strings.EqualFold(name, word) }) {
			return append(columns, word), nil
		}
	}
	return columns, nil
}

// positionOf returns what AUTOINCREMENT has given last.
func positionOf(ctx context.Context, db *sql.DB, table string) (sql.NullInt64, error) {
	var position sql.NullInt64
	var any int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'sqlite_sequence'").Scan(&any)
	if err != nil || any == 0 {
		return position, err
	}
	err = db.QueryRowContext(ctx, "SELECT seq FROM sqlite_sequence WHERE name = ?", table).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return position, err
}
