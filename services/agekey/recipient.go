package agekey

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/agessh"

	"github.com/backupman/backupman/models"
)

// LeastPassphrase is how many characters a passphrase has at least. Whoever has a copy
// can try passphrases at leisure.
const LeastPassphrase = 12

// Recipient is a public key.
type Recipient struct {
	age.Recipient
	// Text is the key in its one form: without a comment.
	Text string
	// Quantum says that it withstands quantum computers. Such keys and others can't be
	// recipients of one file.
	Quantum bool
}

// Why a text is no public key. Each ends a sentence that begins with the setting's name.
var (
	errPrivate = errors.New("holds a PRIVATE KEY, which does not belong here: write the public key in its place, which age-keygen -y prints, and make a new pair if others can read this file or have a copy of it")
	errPlugin  = errors.New("is a key of an age plugin, which this version does not know: use a key of age-keygen, or an SSH key")
	errMalform = errors.New("is not an age public key: it begins with age1 and is damaged, so copy it again whole")
	errUnknown = errors.New("is not an age public key: those begin with age1, ssh-ed25519 or ssh-rsa")
	errSSH     = errors.New("is not an SSH public key that age knows: use ssh-ed25519, or ssh-rsa of at least 2048 bits, and copy it whole")
)

// ParseRecipient reads a public key: of age-keygen, also a post-quantum one, or of SSH.
// Its error ends a sentence that begins with the setting's name.
func ParseRecipient(text string) (Recipient, error) {
	text = strings.TrimSpace(text)
	switch {
	case isPrivate(text):
		return Recipient{}, errPrivate
	case strings.HasPrefix(text, "age1pq1"):
		r, err := age.ParseHybridRecipient(text)
		return made(r, text, true, err, errMalform)
	case strings.HasPrefix(text, "age1") && strings.Contains(text[len("age1"):], "1"):
		return Recipient{}, errPlugin // the human-readable part of Bech32 ends at the last 1
	case strings.HasPrefix(text, "age1"):
		r, err := age.ParseX25519Recipient(text)
		return made(r, text, false, err, errMalform)
	case strings.HasPrefix(text, "ssh-"):
		r, err := agessh.ParseRecipient(text)
		return made(r, withoutComment(text), false, err, errSSH)
	}
	return Recipient{}, errUnknown
}

func made(r age.Recipient, text string, quantum bool, err, why error) (Recipient, error) {
	if err != nil {
		return Recipient{}, why
	}
	return Recipient{Recipient: r, Text: text, Quantum: quantum}, nil
}

// isPrivate tells private keys, which people take for public ones.
func isPrivate(text string) bool {
	upper := strings.ToUpper(text)
	return strings.Contains(upper, "AGE-SECRET-KEY-") || strings.Contains(upper, "PRIVATE KEY")
}

// withoutComment leaves out what SSH keys have behind the key.
func withoutComment(key string) string {
	fields := strings.Fields(key)
	return strings.Join(fields[:min(2, len(fields))], " ")
}

// Recipients returns what the dumps of a job are encrypted to; passphrase is the job's.
// It returns models.ErrConflict when the passphrase is needed and missing.
func Recipients(e models.Encryption, passphrase models.Secret) ([]age.Recipient, error) {
	if e.Passphrase {
		return passphraseRecipient(passphrase)
	}
	var all []age.Recipient
	for _, text := range e.Recipients {
		r, err := ParseRecipient(text)
		if err != nil {
			return nil, models.Invalidf("a recipient of the encryption %v", err)
		}
		all = append(all, r.Recipient)
	}
	if len(all) == 0 {
		return nil, models.Invalidf("the encryption has no recipients: name at least one, or a passphrase")
	}
	if w, err := age.Encrypt(io.Discard, all...); err != nil || w.Close() != nil {
		return nil, models.Invalidf("the recipients of the encryption can't be used together: post-quantum keys, age1pq1…, and others exclude each other")
	}
	return all, nil
}

// CheckPassphrase refuses a passphrase that others guess, or that nobody can type where the
// program age asks for it. Its error ends a sentence that begins with the setting's name,
// and does not show it.
func CheckPassphrase(passphrase models.Secret) error {
	text := passphrase.Reveal()
	unseen := func(r rune) bool { return !unicode.IsPrint(r) }
	switch {
	case utf8.RuneCountInString(text) < LeastPassphrase:
		return fmt.Errorf("must have at least %d characters, because whoever has a copy can try passphrases at leisure: write several words", LeastPassphrase)
	case strings.ContainsAny(text, "\r\n"):
		return errors.New("has more than one line, or the line end of another system behind it, which the program age can't be given: write it in one line")
	case !utf8.ValidString(text), strings.ContainsFunc(text, unseen):
		return errors.New("holds signs that can't be seen or typed, such as those that some editors put at the beginning of a file, so that nobody could open the backups by hand: write it in plain letters, and a file as UTF-8 without a byte order mark")
	}
	return nil
}

func passphraseRecipient(passphrase models.Secret) ([]age.Recipient, error) {
	if passphrase.Empty() {
		return nil, models.Conflictf("the passphrase of the encryption is not known to this process: name it in the configuration")
	}
	if err := CheckPassphrase(passphrase); err != nil {
		return nil, models.Conflictf("the passphrase of the encryption %v", err)
	}
	r, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return nil, models.Invalidf("the passphrase of the encryption can't be used")
	}
	return []age.Recipient{&scryptRecipient{r}}, nil
}

// Short is a public key for a sentence: those that are long without their middle.
func Short(recipient string) string {
	const most, begin, end = 70, 24, 12
	if len(recipient) <= most {
		return recipient
	}
	return recipient[:begin] + "…" + recipient[len(recipient)-end:]
}
