package source

import (
	"context"
	"io"

	"github.com/backupman/backupman/models"
)

// Target is a database that a dump is restored into. A dump is code: whatever it
// holds, restoring it changes nothing but the target's own database and runs no
// program. What can't be told apart from that is refused.
//
// Errors that a person can act on are models.Fault values; the words of the vendor's
// client are part of the sentence. What the target lacks to restore this dump, such as
// an extension or a newer version, is an *IncapableError: the dump may be good.
type Target interface {
	// Look tells what is there now, without changing anything. The error is only for a
	// question that could not be asked; what keeps a restore from being made is in
	// TargetState.Problems.
	Look(ctx context.Context) (models.TargetState, error)

	// Create makes the database, empty, with the defaults of Inventory.Options. It
	// returns models.ErrConflict when there already is one. Options come from a file
	// on a drive and are not trusted.
	Create(ctx context.Context, options string) error

	// Drop removes the database and everything in it. One that is not there is no error.
	Drop(ctx context.Context) error

	// Restore writes a dump into the database, which exists unless Replace is set. The
	// first error of the client ends it. With neither Replace nor Tables the database
	// must be empty.
	Restore(ctx context.Context, req RestoreRequest) error

	// TryViews reads every view, and returns a sentence for each that can't be read.
	TryViews(ctx context.Context) ([]string, error)

	// SameServer proves whether this target's server is another's. It does something on
	// this server that only connections to the same server can see, and asks the other
	// for it. A host name, an address or a proxy between has no say.
	SameServer(ctx context.Context, other Target) (bool, error)
}

// RestoreRequest says what is restored and how.
type RestoreRequest struct {
	// Open reads the unpacked dump from its beginning. It may be called several times.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// RawSize is the length of the unpacked dump in bytes.
	RawSize int64
	// Inventory is what Kind.Read found in this very dump.
	Inventory models.Inventory
	// Tables are those to restore, each listed in Inventory.Tables; empty is everything.
	// What a table needs, such as its indexes, triggers, types and sequences, comes along.
	Tables []models.TableName
	// Replace removes what is there under the same names first. Where the engine can, a
	// restore that fails then leaves the target as it was; a *TargetLeft tells.
	Replace bool
	// Scratch says that the target is a scratch database, in which nothing of the dump
	// may run by itself: a server that would run its events is not capable.
	Scratch bool
	// Log receives what the client says, line by line, without secrets.
	Log io.Writer
	// Warn, when set, is told in a sentence of something that did not come back as it
	// was, or that has to be looked at; the restore goes on.
	Warn func(sentence string)
	// TempDir is a private folder, which the caller removes.
	TempDir string
	// Progress, when set, is told how many bytes of the dump have been taken so far.
	Progress func(bytes int64)
}

// IncapableError says that a server can't restore a dump for a reason that lies with
// the server: the dump may be good. Its cause is a sentence.
type IncapableError struct{ Cause error }

func (e *IncapableError) Error() string { return e.Cause.Error() }

// Unwrap returns the sentence.
func (e *IncapableError) Unwrap() error { return e.Cause }

// Incapablef returns an IncapableError with a sentence of kind models.ErrConflict.
func Incapablef(format string, args ...any) error {
	return &IncapableError{Cause: models.Conflictf(format, args...)}
}

// TargetLeft tells what a restore that failed has left in the target.
type TargetLeft struct {
	Cause error
	// Untouched says that the target is as it was before; otherwise it may hold a part
	// of the dump.
	Untouched bool
}

func (e *TargetLeft) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *TargetLeft) Unwrap() error { return e.Cause }

// ScratchRequest asks for a server, or a folder, that scratch databases can be made on.
type ScratchRequest struct {
	// Dir is a private folder of this drill. When this program is root it belongs to
	// nobody else and can be passed through, so that a server can run as another account.
	Dir string
	// Inventory is what is to be restored: its versions decide which server is fit.
	Inventory models.Inventory
	// Settings are the source's own, for paths of programs; nil when it is gone.
	Settings models.Settings
	// Log receives what the server says while it starts.
	Log io.Writer
}

// Scratch is a private server, reached by socket only, that ends with Stop.
type Scratch struct {
	// Settings open the scratch database with Kind.Open and Kind.OpenTarget. The
	// database is not made yet.
	Settings models.Settings
	// Server is its version.
	Server string
	// Stop ends the server and returns once no process of it is left. The caller
	// removes the folder.
	Stop func() error
}
