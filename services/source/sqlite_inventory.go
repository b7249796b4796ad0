package source

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/backupman/backupman/models"
)

// sqliteUntrusted opens a file that nobody writes to and that may be hostile: what its
// schema says reaches no function or virtual table that does more than compute, and
// damaged pages are looked for. Extensions can't be loaded at all.
const sqliteUntrusted = "mode=ro&immutable=1&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)"

// inventorySQLite checks a file that nobody writes to and digests its tables; count is told
// of each.
func inventorySQLite(ctx context.Context, path string, count *TableCount) (models.Inventory, error) {
	inv := models.Inventory{Database: path, Tool: sqliteTool}
	db, collations, err := openSQLiteDump(ctx, path)
	if err != nil {
		return inv, fmt.Errorf("check the database: %w", err)
	}
	defer db.Close()
	inv.Warnings = collationWarnings(collations)
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
	count.expect(len(tables))
	for i, name := range tables {
		digest, err := digestSQLite(ctx, db, name)
		if err != nil {
			return inv, fmt.Errorf("read table %q: %w", name, err)
		}
		inv.Tables = append(inv.Tables, digest)
		count.reach(i + 1)
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
		inv.Objects = append(inv.Objects, models.Object{Kind: models.ObjectKind(kind), Name: name, Definition: digestSQL(definition)})
		virtual := strings.HasPrefix(strings.ToUpper(definition), "CREATE VIRTUAL")
		if kind == "table" && !virtual {
			tables = append(tables, name)
		}
	}
	return tables, rows.Err()
}

// digestSQL returns the SHA-256 of a statement, empty for an index that SQLite makes by
// itself for a constraint and that has none.
func digestSQL(statement string) string {
	if statement == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(statement))
	return hex.EncodeToString(sum[:])
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
