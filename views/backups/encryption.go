package backups

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// Lock is what is told of an encrypted backup.
type Lock struct {
	// Words say what opens it, Keys are the public keys.
	Words string
	Keys  []string
	// Passphrase and Key say what may be given to open it.
	Passphrase, Key bool
}

// newLock returns nil for a backup that is not encrypted.
func newLock(f Facts) *Lock {
	if f.Backup.Encryption == "" {
		return nil
	}
	l := &Lock{Words: "Encrypted with age. Each of these public keys’ private keys opens it:"}
	var file models.FileFacts
	if f.Manifest != nil {
		file = f.Manifest.File
	}
	l.Keys = file.Recipients
	l.Passphrase, l.Key = Opens(file, f.Manifest == nil)
	switch {
	case f.Manifest == nil:
		l.Words = "Encrypted with age."
	case l.Passphrase:
		l.Words = "Encrypted with age. A passphrase opens it."
	case len(l.Keys) == 1:
		l.Words = "Encrypted with age. The private key of this public key opens it:"
	}
	return l
}

// Opens says whether a passphrase or a key opens a file; unknown is for one of which
// that is not known.
func Opens(f models.FileFacts, unknown bool) (passphrase, key bool) {
	if unknown {
		return true, true
	}
	return len(f.Recipients) == 0, len(f.Recipients) > 0
}

// byHandNote tells of the key.
func byHandNote(file string, locked *Lock) string {
	if locked == nil || !strings.HasSuffix(file, ".age") {
		return ""
	}
	if locked.Passphrase && !locked.Key {
		return " age asks for the passphrase."
	}
	return " KEY_FILE is the file with the private key."
}
