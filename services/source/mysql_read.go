package source

import (
	"context"
	"errors"
	"io"

	"github.com/backupman/backupman/models"
)

// readMySQL reads a dump to its end, without a server, and returns what it holds. It
// refuses what neither vendor's dump tool writes.
func readMySQL(ctx context.Context, dump io.Reader, _ string) (models.Inventory, error) {
	guard := newMySQLGuard(nil, nil)
	if err := guardDump(ctx, guard, dump, nil); err != nil {
		return models.Inventory{}, err
	}
	header := guard.scan.header
	inv := models.Inventory{Database: header.database, ServerVersion: header.server, Tables: guard.scan.Tables(), Objects: guard.scan.Objects()}
	if header.tool.version != (version{}) {
		inv.Tool, inv.ToolVersion = mysqlToolName(header.tool), header.tool.version.String()
	}
	return inv, nil
}

// guardDump hands a dump to a guard, and tells progress, when set, how far it is.
func guardDump(ctx context.Context, guard *mysqlGuard, dump io.Reader, progress func(int64)) error {
	buf := make([]byte, readSize)
	var read int64
	for {
		n, err := dump.Read(buf)
		if n > 0 {
			if _, err := guard.Write(buf[:n]); err != nil {
				return err
			}
			read += int64(n)
			if progress != nil {
				progress(read)
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return guard.end()
		case err != nil:
			return err
		}
	}
}
