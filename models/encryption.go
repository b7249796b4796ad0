package models

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// EncryptionAge is the one way in which dumps are encrypted: age, https://age-encryption.org/v1.
const EncryptionAge = "age"

// Encryption says how the dumps of a job are encrypted. The zero Encryption writes them
// as they are.
type Encryption struct {
	// Recipients are age public keys. Each opens a dump by itself.
	Recipients []string `json:",omitempty"`
	// Passphrase says that a passphrase opens the dumps instead. The passphrase itself
	// is kept by the configuration only.
	Passphrase bool `json:",omitempty"`
}

// On reports whether dumps are encrypted.
func (e Encryption) On() bool { return e.Passphrase || len(e.Recipients) > 0 }

// Word is what is recorded of a dump: EncryptionAge, or nothing.
func (e Encryption) Word() string {
	if e.On() {
		return EncryptionAge
	}
	return ""
}

// Fingerprint names what opens the dumps: it changes with the recipients and with
// whether a passphrase is used. It is empty where nothing is encrypted.
func (e Encryption) Fingerprint() string {
	if !e.On() {
		return ""
	}
	keys := slices.Sorted(slices.Values(e.Recipients))
	if e.Passphrase {
		keys = append(keys, "passphrase")
	}
	sum := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	return hex.EncodeToString(sum[:])
}

// Unlock is what opens an encrypted dump. It is held in memory while a run needs it, and
// never written down.
type Unlock struct {
	// Identity is an age identity file: one or more private keys, a line each.
	Identity Secret
	// Passphrase is that of a dump which was encrypted with one.
	Passphrase Secret
	// Former are passphrases that were in use before, and are tried after it.
	Former []Secret
}

// Empty reports whether there is nothing to open a dump with.
func (u Unlock) Empty() bool { return u.Identity.Empty() && u.Passphrase.Empty() && len(u.Former) == 0 }
