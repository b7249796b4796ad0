package archive

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/backupman/backupman/models"
)

// The first bytes of files that age wrote, as they are and as text.
const (
	ageIntro   = "age-encryption.org/"
	armorIntro = armor.Header
)

// An Option changes what a Writer does.
type Option func(*Writer)

// EncryptTo encrypts what was packed with age; each of the recipients opens it.
func EncryptTo(recipients ...age.Recipient) Option {
	return func(w *Writer) { w.recipients = recipients }
}

// LockedError says that a file is encrypted, and none of the keys that were given opens
// it. It says nothing about whether the file is good.
type LockedError struct {
	cause error
	// Passphrase says that a passphrase opens it.
	Passphrase bool
}

func (e *LockedError) Error() string { return e.cause.Error() }

// Unwrap returns the sentence.
func (e *LockedError) Unwrap() error { return e.cause }

// IsEncrypted reports whether a file begins as those of age do.
func IsEncrypted(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte(ageIntro)) || bytes.HasPrefix(begin, []byte(armorIntro))
}

// Decrypt returns a reader of what age encrypted. It returns models.ErrInvalid for what
// age did not encrypt, a LockedError when none of the identities opens it, and a
// DamagedError, also while it is read, for a file that is cut off or was changed.
func Decrypt(r io.Reader, identities ...age.Identity) (io.Reader, error) {
	src := &source{from: r}
	in, err := unarmored(src)
	if err != nil {
		return nil, err
	}
	if len(identities) == 0 {
		return nil, &LockedError{cause: models.Conflictf("it is encrypted with age, and no key was given to open it")}
	}
	out, err := age.Decrypt(in, identities...)
	if err != nil {
		return nil, src.blame(err)
	}
	return &decrypting{from: out, src: src}, nil
}

// FileKey finds the key of one encrypted file, so that it can be read again without the
// work that a passphrase takes. The reader is at the beginning of the file.
func FileKey(r io.Reader, identities ...age.Identity) (age.Identity, error) {
	src := &source{from: r}
	in, err := unarmored(src)
	if err != nil {
		return nil, err
	}
	if len(identities) == 0 {
		return nil, &LockedError{cause: models.Conflictf("it is encrypted with age, and no key was given to open it")}
	}
	header, err := age.ExtractHeader(in)
	if err != nil {
		return nil, src.blame(err)
	}
	key, err := age.DecryptHeader(header, identities...)
	if err != nil {
		return nil, src.blame(err)
	}
	return age.NewInjectedFileKeyIdentity(key), nil
}

// unarmored wants a file that begins as those of age do, and takes off its text form.
func unarmored(src *source) (io.Reader, error) {
	in := bufio.NewReader(src)
	begin, err := in.Peek(len(armorIntro))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(begin, []byte(ageIntro)):
		return in, nil
	case bytes.HasPrefix(begin, []byte(armorIntro)):
		return armor.NewReader(in), nil
	case len(begin) > 0 && bytes.HasPrefix([]byte(ageIntro), begin):
		return nil, Damagedf("the encrypted file is cut off: it ends in the middle of its header")
	}
	return nil, models.Invalidf("it is not a file that age encrypted")
}

// source keeps why no more of an encrypted file could be read.
type source struct {
	from io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// blame tells a place that does not give the file, and a key that does not fit, from a
// file that is not as it was written.
func (s *source) blame(err error) error {
	if s.err != nil {
		return s.err
	}
	var other *age.NoIdentityMatchError
	if !errors.As(err, &other) {
		return Damagedf("the encrypted file is damaged or cut off: %v", err)
	}
	if len(other.StanzaTypes) == 1 && other.StanzaTypes[0] == "scrypt" {
		return &LockedError{Passphrase: true, cause: models.Conflictf("it is encrypted with a passphrase, and what was given is not that passphrase")}
	}
	keys := "a public key"
	if n := len(other.StanzaTypes); n > 1 {
		keys = fmt.Sprintf("%d public keys", n)
	}
	return &LockedError{cause: models.Conflictf("it is encrypted to %s, and what was given is not a private key of one of them", keys)}
}

type decrypting struct {
	from io.Reader
	src  *source
}

func (d *decrypting) Read(p []byte) (int, error) {
	n, err := d.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = d.src.blame(err)
	}
	return n, err
}

// Seal encrypts an inventory, so that a drive does not tell what a dump holds.
func Seal(inv models.Inventory, recipients ...age.Recipient) (string, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipients...)
	if err != nil {
		return "", fmt.Errorf("seal the inventory: %w", err)
	}
	if err := errors.Join(json.NewEncoder(w).Encode(inv), w.Close()); err != nil {
		return "", fmt.Errorf("seal the inventory: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// Unseal reads what Seal made. Its errors are those of Decrypt.
func Unseal(sealed string, identities ...age.Identity) (models.Inventory, error) {
	var inv models.Inventory
	text, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return inv, Damagedf("the sealed part of the manifest is damaged: %v", err)
	}
	from, err := Decrypt(bytes.NewReader(text), identities...)
	if err != nil {
		return inv, err
	}
	plain, err := io.ReadAll(from)
	if err != nil {
		return inv, err
	}
	if err := json.Unmarshal(plain, &inv); err != nil {
		return inv, Damagedf("the sealed part of the manifest is not an inventory: %v", err)
	}
	return inv, nil
}
