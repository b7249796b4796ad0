// Package drive keeps copies: one file per kind of place, and a registry that
// names them.
//
// A drive publishes a copy all at once. Until Put has read its reader to io.EOF
// nothing stands under the final name, and after a failed Put nothing of it is
// left. Retries, rate limits and fault injection are decorators around a
// Drive, never inside one.
package drive

import (
	"context"
	"io"
	"time"

	"github.com/backupman/backupman/models"
)

// Drive is one place. Keys are slash-separated relative paths made by
// archive.Key; a drive never touches anything outside its own root.
type Drive interface {
	// Put stores what r yields under key and replaces an earlier copy at once.
	// It publishes only after r returned io.EOF; any other read error is
	// returned and leaves nothing behind. A full disk is models.ErrNoSpace. Of
	// several Puts of one key at one time each publishes its own copy whole, and
	// the last to end is kept.
	Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error)

	// Open reads the copy under key, or returns models.ErrNotFound.
	Open(ctx context.Context, key string) (io.ReadCloser, error)

	// Stat describes the copy under key, or returns models.ErrNotFound.
	Stat(ctx context.Context, key string) (Stored, error)

	// Delete removes the copy under key. Removing what is not there is no error.
	Delete(ctx context.Context, key string) error

	// List calls fn for every copy below prefix, in key order.
	List(ctx context.Context, prefix string, fn func(Stored) error) error

	// Check writes, reads back and deletes a probe, and leaves nothing behind.
	Check(ctx context.Context) (Report, error)

	// Sweep removes what unfinished Puts of key, and of the manifest beside it,
	// left behind, and nothing else. It is called only for keys whose writer is
	// known to be dead: a Put that runs in this process is spared, one that runs
	// in another process may be broken.
	Sweep(ctx context.Context, key string) error
}

// Hint is what is known about an upload before it starts.
type Hint struct {
	// ExpectedSize is a guess in bytes, for choosing part sizes and asking for
	// free space; 0 when nothing is known.
	ExpectedSize int64
	// Local, when set, is a file on this machine with the same content, which a
	// drive on the same file system may link instead of reading r.
	Local *LocalFile
	// Again, when set, opens the same content once more from an offset in bytes,
	// for a drive that sends parts side by side, or carries on after a break. Its
	// readers behave as the one that Put was given: they wait for content that is
	// still being made, and return io.EOF only when it is whole and proven.
	Again func(ctx context.Context, offset int64) (io.ReadCloser, error)
	// Progress, when set, is told how many bytes have been taken so far. It may be
	// called from several goroutines, and with less than before when parts are
	// sent again.
	Progress func(bytes int64)
}

// LocalFile is a growing file that a drive may link.
type LocalFile struct {
	Path string
	// Take reports whether the caller may link the file. Only the first who
	// asks may, so that two local drives hold two copies and not one twice.
	Take func() bool
	// Wait returns nil once the file is complete and proven, or the error that
	// says why it never will be.
	Wait func(ctx context.Context) error
}

// Stored describes one copy.
type Stored struct {
	Key  string
	Size int64
	// Path is the full path or identifier on the provider, for people.
	Path string
	// LocalPath is the path of the file on this machine; empty for remote drives.
	LocalPath string
	// Checksum is what the provider itself computed over the whole stored object,
	// as algorithm and lower-case hexadecimal value, "sha256:…" or "crc64nvme:…";
	// empty where it does not tell one of these. A driver never computes it from
	// what it sent: that would prove nothing.
	Checksum string
	// LockedUntil is the time, in UTC and whole seconds, before which the provider
	// refuses to delete the copy; zero when it may be deleted.
	LockedUntil time.Time
}

// Report is what a drive's check found.
type Report struct {
	// Free and Total are bytes; -1 where the provider does not tell.
	Free  int64
	Total int64
}

// Kind is one kind of drive: what it declares and how one is opened.
type Kind struct {
	models.Kind
	// Open makes a drive at a place whose settings were already checked against
	// the declaration. It does not connect: the first operation does.
	Open func(p Place) (Drive, error)
	// SignIn, for kinds that a person signs in to on the provider's own pages,
	// prepares that; nil for all others.
	SignIn func(p Place) (SignIn, error)
}
