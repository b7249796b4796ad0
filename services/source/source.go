// Package source dumps databases: one file per kind, and a registry that names
// them. A source knows how to reach a database, what is in it and how to turn
// it into one stream of bytes that stock tools can restore.
//
// A dump proves itself. Dump returns nil only when the tool ended with status
// 0, the stream carried the format's own end marker, and everything the
// database lists is in it.
package source

import (
	"context"
	"io"

	"github.com/backupman/backupman/models"
)

// Source is one database.
type Source interface {
	// Check tells, before the first run, whether a backup can be made: whether
	// it connects, whether the tool is there and new enough, and what the
	// account may not see. The error is only for a check that could not be
	// carried out; what it found wrong is in the report's Problems.
	Check(ctx context.Context) (models.SourceReport, error)

	// Dump writes one consistent snapshot to req.Out and returns what it held.
	// Any error means that what was written must not be kept. A write error of
	// req.Out is returned so that errors.Is finds it.
	Dump(ctx context.Context, req DumpRequest) (models.Inventory, error)
}

// DumpRequest says where a dump goes.
type DumpRequest struct {
	// Out receives the dump.
	Out io.Writer
	// Log receives what the dump tool says, line by line, without secrets.
	Log io.Writer
	// TempDir is a private folder for option files and snapshots; the caller
	// removes it afterwards.
	TempDir string
	// Tables, when set, is told how many tables have passed.
	Tables *TableCount
}
