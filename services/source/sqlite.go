package source

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

var sqliteKind = Kind{
	Kind: models.Kind{Provider: "sqlite", Name: "SQLite", Settings: []models.Setting{
		{Name: "db_path", Label: "File", Help: "Path of the database file.", Type: models.SettingPath, Required: true},
		{Name: "tmp_folder", Label: "Temporary folder", Help: "Read for older files and not used: snapshots are made in the data folder.", Type: models.SettingPath, Advanced: true},
	}},
	Database:  "db_path",
	Extension: "sqlite",
	Open: func(label string, s models.Settings) (Source, error) {
		return &SQLite{label: label, path: s["db_path"]}, nil
	},
	Prove: proveSQLite,
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
	inv, err := s.inspect(ctx, snapshot)
	if err != nil {
		return inv, err
	}
	return inv, streamFile(ctx, snapshot, req.Out)
}

func (s *SQLite) inspect(ctx context.Context, snapshot string) (models.Inventory, error) {
	inv, err := inventorySQLite(ctx, snapshot)
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
	err = conn.Raw(func(driver any) error { return copyPages(ctx, driver, to) })
	if err != nil {
		return s.fault("copy", err)
	}
	return nil
}

func copyPages(ctx context.Context, driver any, to string) error {
	source, ok := driver.(interface {
		NewBackup(dst string) (*sqlite.Backup, error)
	})
	if !ok {
		return errors.New("the SQLite driver has no backup API")
	}
	b, err := source.NewBackup(sqliteURI(to, ""))
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

// proveSQLite restores a dump into a file of dir and returns what the file holds.
func proveSQLite(ctx context.Context, dump io.Reader, dir string) (models.Inventory, error) {
	path := filepath.Join(dir, "scratch.sqlite")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return models.Inventory{}, fmt.Errorf("make the scratch file: %w", err)
	}
	if _, err := io.Copy(f, dump); err != nil {
		if disk.Full(err) {
			err = models.NoSpacef("no space for a scratch database in %s: free space there", dir)
		}
		return models.Inventory{}, errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return models.Inventory{}, fmt.Errorf("close the scratch file: %w", err)
	}
	return inventorySQLite(ctx, path)
}

// inventorySQLite checks a file that nobody writes to and digests its tables.
func inventorySQLite(ctx context.Context, path string) (models.Inventory, error) {
	inv := models.Inventory{Database: path, Tool: sqliteTool}
	open := func(collations []string) (*sql.DB, error) { return openSQLite(path, "mode=ro&immutable=1", collations) }
	collations, err := foreignCollations(ctx, open)
	if err != nil {
		return inv, fmt.Errorf("check the database: %w", err)
	}
	inv.Warnings = collationWarnings(collations)
	db, err := open(collations)
	if err != nil {
		return inv, err
	}
	defer db.Close()
	if err := quickCheck(ctx, db); err != nil {
		return inv, err
	}
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&inv.ServerVersion); err != nil {
		return inv, err
	}
	inv.ToolVersion = inv.ServerVersion
	tables, err := listSQLite(ctx, db, &inv)
	if err != nil {
		return inv, err
	}
	for _, name := range tables {
		digest, err := digestSQLite(ctx, db, name)
		if err != nil {
			return inv, fmt.Errorf("read table %q: %w", name, err)
		}
		inv.Tables = append(inv.Tables, digest)
	}
	return inv, nil
}

func quickCheck(ctx context.Context, db *sql.DB) error {
	var verdict string
	err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if err != nil {
		return fmt.Errorf("check the database: %w", err)
	}
	if verdict != "ok" {
		return models.Conflictf("the database is damaged (%s): repair it, or restore an earlier backup", strings.TrimSpace(verdict))
	}
	return nil
}

// listSQLite adds every object to the inventory and returns the tables whose
// rows can be read: virtual tables keep theirs in ordinary shadow tables, and
// may need a module that only their own program has.
func listSQLite(ctx context.Context, db *sql.DB, inv *models.Inventory) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var kind, name, definition string
		if err := rows.Scan(&kind, &name, &definition); err != nil {
			return nil, err
		}
		inv.Objects = append(inv.Objects, models.Object{Kind: models.ObjectKind(kind), Name: name})
		virtual := strings.HasPrefix(strings.ToUpper(definition), "CREATE VIRTUAL")
		if kind == "table" && !virtual {
			tables = append(tables, name)
		}
	}
	return tables, rows.Err()
}

// digestSQLite hashes every row of a table in storage order. A unary plus keeps
// the driver from turning declared dates into times, so that values are hashed
// as they are stored.
func digestSQLite(ctx context.Context, db *sql.DB, table string) (models.TableDigest, error) {
	digest := models.TableDigest{Name: table}
	columns, err := columnsSQLite(ctx, db, table)
	if err != nil {
		return digest, err
	}
	rows, err := db.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+quoteSQLite(table))
	if err != nil {
		return digest, err
	}
	defer rows.Close()
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	sum := &rowHash{hash: sha256.New()}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return digest, err
		}
		sum.add(values)
		digest.Rows++
	}
	digest.Bytes, digest.SHA256 = sum.bytes, hex.EncodeToString(sum.hash.Sum(nil))
	return digest, rows.Err()
}

// columnsSQLite returns an expression for each stored column; generated ones
// follow from the others.
func columnsSQLite(ctx context.Context, db *sql.DB, table string) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var columns []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		columns = append(columns, "+"+quoteSQLite(name))
	}
	return columns, rows.Err()
}

// rowHash hashes typed values so that no two different rows look alike.
type rowHash struct {
	hash  hash.Hash
	bytes int64
	buf   []byte
}

func (h *rowHash) add(values []any) {
	h.buf = h.buf[:0]
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			h.buf = append(h.buf, 'n')
		case int64:
			h.buf = binary.BigEndian.AppendUint64(append(h.buf, 'i'), uint64(v))
		case float64:
			h.buf = binary.BigEndian.AppendUint64(append(h.buf, 'f'), math.Float64bits(v))
		case string:
			h.buf = append(binary.BigEndian.AppendUint64(append(h.buf, 't'), uint64(len(v))), v...)
		case []byte:
			h.buf = append(binary.BigEndian.AppendUint64(append(h.buf, 'b'), uint64(len(v))), v...)
		default:
			h.buf = fmt.Appendf(append(h.buf, '?'), "%T:%v", v, v)
		}
	}
	h.hash.Write(h.buf)
	h.bytes += int64(len(h.buf))
}

func quoteSQLite(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// sqliteURI names a file in the form of https://sqlite.org/uri.html.
func sqliteURI(path, query string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}
	return u.String()
}
