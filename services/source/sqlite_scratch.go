package source

import (
	"context"
	"path/filepath"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/backupman/backupman/models"
)

// startSQLiteScratch names a file for the scratch database. SQLite needs no server.
func startSQLiteScratch(_ context.Context, req ScratchRequest) (Scratch, error) {
	return Scratch{
		Settings: models.Settings{"db_path": filepath.Join(req.Dir, "scratch.sqlite")},
		Server:   sqlite3.SQLITE_VERSION,
		Stop:     func() error { return nil },
	}, nil
}
