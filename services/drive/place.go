package drive

import (
	"context"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

// Place is one configured drive, as a driver opens it.
type Place struct {
	// Label is what people call the drive; sentences name it.
	Label    string
	Settings models.Settings
	// StateDir is a folder of this installation where drivers keep what they
	// learn, such as host keys that a person has accepted. It may not exist yet;
	// empty when nothing may be kept.
	StateDir string
	// Installation tells the probe files of this installation from those of others
	// that use the same place. It has letters, digits and dashes only.
	Installation string
	// Policy is how a driver that can carry on after a break tries again.
	Policy Policy
	// Outgoing says which addresses a driver connects to; nil is outgoing.Default.
	Outgoing *outgoing.Policy
}

// SignIn lets this program into an account through the provider's own page
// (RFC 6749, with the proof key of RFC 7636).
type SignIn interface {
	// URL is the provider's page. It sends the person on to redirect, with state
	// and a code.
	URL(redirect, state, verifier string) string
	// Finish trades the code for a token and keeps that where the drive looks for it.
	Finish(ctx context.Context, redirect, code, verifier string) error
}

// Linker is a drive that can make a link which downloads a copy from the provider
// directly, for whoever has the link.
type Linker interface {
	// Link returns a link to the copy under key that works for the given number of
	// seconds and saves as fileName. It returns models.ErrConflict when the
	// settings forbid links.
	Link(ctx context.Context, key, fileName string, seconds int) (string, error)
}

// Scanner is a drive that, where Hint.Again is set, reads the content it was given only
// to learn about it, its digests and how much is there, and sends what it reads from
// Hint.Again. Only that counts against a rate limit.
type Scanner interface {
	Scans()
}

// Truster is a drive whose server is known by a key, which a person must have
// accepted once.
type Truster interface {
	// HostKey asks the server for its key, without signing in.
	HostKey(ctx context.Context) (HostKey, error)
	// Trust accepts the key: from then on the server must show this one.
	Trust(key HostKey) error
}

// HostKey is the public key of a server.
type HostKey struct {
	// Host is the server's address as it is looked up among the known ones.
	Host string
	// Fingerprint is what people compare, such as "SHA256:…".
	Fingerprint string
	// Line is the key in the form of a known_hosts file, sshd(8).
	Line string
	// Known says that this very key has been accepted before.
	Known bool
}

// As finds a capability of a drive, or of what its decorators are put around.
func As[T any](d Drive) (T, bool) {
	for d != nil {
		if found, ok := d.(T); ok {
			return found, true
		}
		w, ok := d.(interface{ Unwrap() Drive })
		if !ok {
			break
		}
		d = w.Unwrap()
	}
	var none T
	return none, false
}
