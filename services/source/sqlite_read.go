package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

const (
	// sqliteMagic is what every database file begins with, sqliteHeader how long the
	// header is: https://sqlite.org/fileformat.html.
	sqliteMagic  = "SQLite format 3\x00"
	sqliteHeader = 100
)

// readSQLite takes a dump into a file of dir, checks it as a whole and returns what it
// holds. Reading runs nothing: views and triggers are only looked at.
func readSQLite(ctx context.Context, dump io.Reader, dir string) (models.Inventory, error) {
	path := filepath.Join(dir, "dump.sqlite")
	if err := receiveSQLite(ctx, dump, path, nil); err != nil {
		return models.Inventory{}, err
	}
	defer func() { _ = os.Remove(path) }()
	return inspectSQLiteDump(ctx, path)
}

// inspectSQLiteDump checks a received dump and inventories it.
func inspectSQLiteDump(ctx context.Context, path string) (models.Inventory, error) {
	if err := checkSQLiteLength(path); err != nil {
		return models.Inventory{}, err
	}
	inv, err := inventorySQLite(ctx, path, nil)
	if err != nil {
		return models.Inventory{}, damagedDump(err)
	}
	inv.Database = ""
	if len(inv.Tables) == 0 {
		return models.Inventory{}, models.Invalidf("the dump holds no table")
	}
	return inv, nil
}

// damagedDump says in a sentence that SQLite can't make sense of a dump.
func damagedDump(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return models.Invalidf("the dump is damaged: %v", err)
	case sqlite3.SQLITE_ERROR:
		return models.Invalidf("the dump can't be read: %v", err)
	}
	return err
}

// receiveSQLite writes a dump to a new file and brings it to the disk. On an error the
// file is gone.
func receiveSQLite(ctx context.Context, dump io.Reader, path string, progress func(int64)) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make a file for the dump: %w", err)
	}
	_, err = io.Copy(f, &dumpReader{ctx: ctx, from: dump, progress: progress})
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		return nil
	}
	if disk.Full(err) {
		err = models.NoSpacef("no space for a copy of the database in %s: free space there", filepath.Dir(path))
	}
	return errors.Join(err, os.Remove(path))
}

// dumpReader tells how much was read, and ends with its context.
type dumpReader struct {
	ctx      context.Context
	from     io.Reader
	progress func(int64)
	done     int64
}

func (r *dumpReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.from.Read(p)
	r.done += int64(n)
	if r.progress != nil && n > 0 {
		r.progress(r.done)
	}
	return n, err
}

// checkSQLiteLength refuses a file that has not as many pages as its header counts. A
// header that an old version of SQLite wrote counts none.
func checkSQLiteLength(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the dump: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("measure the dump: %w", err)
	}
	header := make([]byte, sqliteHeader)
	if _, err := io.ReadFull(f, header); err != nil || !strings.HasPrefix(string(header), sqliteMagic) {
		return models.Invalidf("the dump is no SQLite database")
	}
	page, pages := pagesSQLite(header)
	if page == 0 || info.Size()%page != 0 || pages > 0 && info.Size() != page*pages {
		return models.Invalidf("the dump is not whole: its header counts %d pages of %d bytes, and it has %d bytes", pages, page, info.Size())
	}
	return nil
}

// pagesSQLite returns the size of a page in bytes and how many pages the header counts, 0
// when that is not known.
func pagesSQLite(header []byte) (size, count int64) {
	size = int64(binary.BigEndian.Uint16(header[16:]))
	if size == 1 {
		size = 64 << 10
	}
	changes, countedAt := binary.BigEndian.Uint32(header[24:]), binary.BigEndian.Uint32(header[92:])
	if changes != countedAt {
		return size, 0
	}
	return size, int64(binary.BigEndian.Uint32(header[28:]))
}
