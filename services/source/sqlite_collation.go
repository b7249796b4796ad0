package source

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A program can give SQLite collations of its own, and without them neither a
// check nor a read of what is ordered by one gets going. Backups need no order:
// pages are copied as they are and rows are read as they are stored. So a stand-in
// takes the place of each, on connections that only read.

// mostCollations bounds how many stand-ins one database gets.
const mostCollations = 100

// foreignCollations returns the names of the collations that a check of the
// database needs and SQLite lacks, sorted. SQLite names one at a time; open is
// called with those that are known.
func foreignCollations(ctx context.Context, open func(collations []string) (*sql.DB, error)) ([]string, error) {
	var names []string
	for {
		name, err := nextCollation(ctx, open, names)
		if err != nil {
			return nil, err
		}
		if name == "" {
			slices.Sort(names)
			return names, nil
		}
		names = append(names, name)
	}
}

func nextCollation(ctx context.Context, open func([]string) (*sql.DB, error), known []string) (string, error) {
	db, err := open(known)
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "EXPLAIN PRAGMA quick_check")
	name := missingCollation(err)
	if name == "" || slices.Contains(known, name) || len(known) == mostCollations {
		return "", err
	}
	return name, nil
}

// missingCollation returns the name in SQLite's complaint that it has no such
// collation, empty when err is none.
func missingCollation(err error) string {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code() != sqlite3.SQLITE_ERROR_MISSING_COLLSEQ {
		return ""
	}
	_, name, _ := strings.Cut(e.Error(), "no such collation sequence: ")
	return strings.TrimSuffix(name, fmt.Sprintf(" (%d)", e.Code()))
}

// standInDrivers holds a driver for each set of names, because what a driver
// registers is never freed.
var standInDrivers sync.Map

// openSQLite opens a file with stand-ins for the collations that it uses. CHECK
// constraints may compare by one, so they are left out then.
func openSQLite(path, query string, collations []string) (*sql.DB, error) {
	if len(collations) == 0 {
		return sql.Open("sqlite", sqliteURI(path, query))
	}
	d, err := standInDriver(collations)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(standInConnector{driver: d, uri: sqliteURI(path, query+"&_pragma=ignore_check_constraints(1)")}), nil
}

func standInDriver(collations []string) (*sqlite.Driver, error) {
	key := strings.Join(collations, "\x00")
	if d, ok := standInDrivers.Load(key); ok {
		return d.(*sqlite.Driver), nil
	}
	d := &sqlite.Driver{}
	for _, name := range collations {
		if err := d.RegisterCollationUtf8(name, strings.Compare); err != nil {
			return nil, fmt.Errorf("stand in for the collation %q: %w", name, err)
		}
	}
	kept, _ := standInDrivers.LoadOrStore(key, d)
	return kept.(*sqlite.Driver), nil
}

type standInConnector struct {
	driver *sqlite.Driver
	uri    string
}

func (c standInConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.driver.Open(c.uri)
}

func (c standInConnector) Driver() driver.Driver { return c.driver }

// collationWarnings tells what stand-ins keep from being checked.
func collationWarnings(collations []string) []string {
	if len(collations) == 0 {
		return nil
	}
	return []string{"the order of indexes with a collation that only the database's own program has was not checked, nor were CHECK constraints: " +
		listNames(collations)}
}
