package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
)

var sqliteKind = Kind{
	Kind: models.Kind{Provider: "sqlite", Name: "SQLite", Settings: []models.Setting{
		{Name: "db_path", Decides: models.DecidesHow, Label: "File", Help: "Path of the database file.", Type: models.SettingPath, Required: true},
		{Name: "tmp_folder", Decides: models.DecidesHow, Label: "Temporary folder", Help: "Read for older files and not used: snapshots are made in the data folder.", Type: models.SettingPath, Advanced: true, Unused: true},
	}},
	Database:  "db_path",
	Extension: "sqlite",
	Open: func(label string, s models.Settings) (Source, error) {
		return &SQLite{label: label, path: s["db_path"]}, nil
	},
	Read:         readSQLite,
	OpenTarget:   openSQLiteTarget,
	StartScratch: startSQLiteScratch,
}

const (
	// sqlitePagesPerStep is how many pages are copied between two looks at the
	// context: 16 MiB with pages of the usual 4 KiB.
	sqlitePagesPerStep = 4096
	sqliteTool         = "SQLite backup API"
)

// SQLite is a database file. It is read through SQLite's online backup API
// (https://sqlite.org/backup.html) inside one read transaction: unlike a copy
// of the file that includes what is only in the write-ahead log, and unlike
// VACUUM INTO it keeps every rowid.
type SQLite struct {
	label string
	path  string
}

var _ Source = (*SQLite)(nil)

// Check opens the file and counts what is in it.
func (s *SQLite) Check(ctx context.Context) (models.SourceReport, error) {
	report := models.SourceReport{Tool: sqliteTool}
	info, err := os.Stat(s.path)
	if err != nil {
		report.Problems = append(report.Problems, s.missing(err).Error())
		return report, nil
	}
	report.Size = info.Size()
	db, err := s.open(ctx, nil)
	if err != nil {
		report.Problems = append(report.Problems, err.Error())
		return report, nil
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT sqlite_version(), (SELECT count(*) FROM sqlite_schema WHERE type = 'table')").
		Scan(&report.ServerVersion, &report.Tables)
	if err != nil {
		report.Problems = append(report.Problems, s.fault("read", err).Error())
		return report, nil
	}
	report.ToolVersion = report.ServerVersion
	if report.Tables == 0 {
		report.Problems = append(report.Problems, s.empty().Error())
	}
	collations, err := foreignCollations(ctx, func(known []string) (*sql.DB, error) { return s.open(ctx, known) })
	if err != nil {
		report.Problems = append(report.Problems, s.fault("check", err).Error())
	}
	report.Warnings = collationWarnings(collations)
	return report, nil
}

// Dump makes a snapshot in req.TempDir, checks and inventories it, and streams it.
func (s *SQLite) Dump(ctx context.Context, req DumpRequest) (models.Inventory, error) {
	if _, err := os.Stat(s.path); err != nil {
		return models.Inventory{}, s.missing(err)
	}
	snapshot := filepath.Join(req.TempDir, "snapshot.sqlite")
	if err := s.snapshot(ctx, snapshot); err != nil {
		return models.Inventory{}, err
	}
	fmt.Fprintln(req.Log, "snapshot made, checking it")
	inv, err := s.inspect(ctx, snapshot, req.Tables)
	if err != nil {
		return inv, err
	}
	return inv, streamFile(ctx, snapshot, req.Out)
}

func (s *SQLite) inspect(ctx context.Context, snapshot string, count *TableCount) (models.Inventory, error) {
	inv, err := inventorySQLite(ctx, snapshot, count)
	if err != nil {
		return inv, fmt.Errorf("check the snapshot of %s: %w", s.path, err)
	}
	inv.Database = s.path
	if len(inv.Tables) == 0 {
		return inv, s.empty()
	}
	return inv, nil
}

// snapshot copies the database as of one moment.
func (s *SQLite) snapshot(ctx context.Context, to string) error {
	db, err := s.open(ctx, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return s.fault("open", err)
	}
	defer conn.Close()
	// The read transaction holds one state of the database over all steps; without
	// it a writer would make the backup start again and again.
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return s.fault("read", err)
	}
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		return s.fault("read", err)
	}
	err = conn.Raw(func(driver any) error { return copyPages(ctx, driver, sqliteURI(to, "")) })
	if err != nil {
		return s.fault("copy", err)
	}
	return nil
}

// copyPages copies the database that driver reads into the one that a URI names, in one
// transaction there.
func copyPages(ctx context.Context, driver any, to string) error {
	source, ok := driver.(interface {
		NewBackup(dst string) (*sqlite.Backup, error)
	})
	if !ok {
		return errors.New("the SQLite driver has no backup API")
	}
	b, err := source.NewBackup(to)
	if err != nil {
		return err
	}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, b.Finish())
		}
		if more, err = b.Step(sqlitePagesPerStep); err != nil {
			return errors.Join(err, b.Finish())
		}
	}
	return b.Finish()
}

// open reads without writing where SQLite can. A database whose last writer
// crashed must be rolled back first, which only a writer may do.
func (s *SQLite) open(ctx context.Context, collations []string) (*sql.DB, error) {
	var first error
	for _, mode := range []string{"ro", "rw"} {
		db, err := openSQLite(s.path, "mode="+mode+"&_pragma=busy_timeout(30000)", collations)
		if err != nil {
			return nil, s.fault("open", err)
		}
		db.SetMaxOpenConns(1)
		var n int
		if err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err == nil {
			return db, nil
		}
		_ = db.Close()
		if first == nil {
			first = err
		}
		if !needsWriter(err) {
			break
		}
	}
	return nil, s.fault("open", first)
}

func needsWriter(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_READONLY || code == sqlite3.SQLITE_CANTOPEN
}

func (s *SQLite) missing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return models.NotFoundf("data source %q: there is no file at %s: correct db_path, or put the database back", s.label, s.path)
	}
	return fmt.Errorf("data source %q: %w", s.label, err)
}

func (s *SQLite) empty() error {
	return models.Invalidf("data source %q: %s holds no table: correct db_path if this is not the database you mean", s.label, s.path)
}

func (s *SQLite) fault(doing string, err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			return models.Invalidf("data source %q: %s is not an SQLite database, or it is encrypted", s.label, s.path)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return models.Conflictf("data source %q: %s is locked by another program: try again when its long write is over", s.label, s.path)
		case sqlite3.SQLITE_FULL:
			return models.NoSpacef("data source %q: no space for a snapshot of %s in the data folder: free space there, or move the data folder", s.label, s.path)
		case sqlite3.SQLITE_CORRUPT:
			return models.Conflictf("data source %q: %s is damaged (%v): repair it, or restore an earlier backup", s.label, s.path, err)
		}
	}
	return fmt.Errorf("data source %q: %s %s: %w", s.label, doing, s.path, err)
}

func streamFile(ctx context.Context, path string, out io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the snapshot: %w", err)
	}
	defer f.Close()
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := f.Read(buf)
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the snapshot: %w", err)
		}
	}
}

func quoteSQLite(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// sqliteURI names a file in the form of https://sqlite.org/uri.html.
func sqliteURI(path, query string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}
	return u.String()
}
