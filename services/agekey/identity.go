package agekey

import (
	"errors"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/backupman/backupman/models"
)

// longestIdentity is the longest identity file that is read, in bytes.
const longestIdentity = 1 << 20

// Identities returns the private keys and the passphrases, the present one first, of what a person or the
// configuration gave. It returns models.ErrInvalid for what is no identity file.
func Identities(u models.Unlock) ([]age.Identity, error) {
	var all []age.Identity
	if !u.Identity.Empty() {
		keys, err := parseIdentity(u.Identity.Reveal())
		if err != nil {
			return nil, models.Invalidf("the private key that was given %v", err)
		}
		for _, k := range keys {
			all = append(all, k.identity)
		}
	}
	for _, phrase := range append([]models.Secret{u.Passphrase}, u.Former...) {
		if phrase.Empty() {
			continue
		}
		i, err := age.NewScryptIdentity(phrase.Reveal())
		if err != nil {
			return nil, models.Invalidf("the passphrase can't be used")
		}
		i.SetMaxWorkFactor(mostWork)
		all = append(all, &scryptIdentity{i})
	}
	return all, nil
}

// CheckIdentity looks whether a text is an identity file. Its error ends a sentence that
// begins with the setting's name.
func CheckIdentity(identity models.Secret) error {
	_, err := parseIdentity(identity.Reveal())
	return err
}

// Opens reports whether an identity file has the private key of one of the recipients.
func Opens(identity models.Secret, recipients []string) bool {
	keys, err := parseIdentity(identity.Reveal())
	if err != nil {
		return false
	}
	return slices.ContainsFunc(keys, func(k key) bool { return slices.Contains(recipients, k.public) })
}

// key is a private key and its public one, in the form of Recipient.Text.
type key struct {
	identity age.Identity
	public   string
}

// Why a text is no identity file. Each ends a sentence that begins with the setting's name.
var (
	errPublic    = errors.New("is a public key, which opens nothing: give the private key, a line that begins with AGE-SECRET-KEY-, or an SSH private key")
	errNoKey     = errors.New("is not an age identity file: give the file with the private key, which has a line that begins with AGE-SECRET-KEY-, or an SSH private key")
	errBroken    = errors.New("is not an age identity file: a line begins with AGE-SECRET-KEY- and is damaged, so copy it again whole")
	errProtected = errors.New("is protected by a passphrase of its own: take that off first, with age -d for an age file and with ssh-keygen -p for an SSH key")
	errWide      = errors.New("is written as UTF-16, as some shells of Windows do, which no age reads: save it as UTF-8 or plain text")
	errLong      = errors.New("is longer than any identity file")
)

func parseIdentity(text string) ([]key, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	switch {
	case len(text) > longestIdentity:
		return nil, errLong
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return nil, errWide
	case strings.HasPrefix(text, "age-encryption.org/"), strings.Contains(text, "BEGIN AGE ENCRYPTED FILE"):
		return nil, errProtected
	case strings.Contains(text, "PRIVATE KEY-----"):
		return parseSSH(text)
	}
	var keys []key
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, err := parseKey(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errNoKey
	}
	return keys, nil
}

func parseKey(line string) (key, error) {
	switch {
	case strings.HasPrefix(line, "AGE-SECRET-KEY-PQ-1"):
		if i, err := age.ParseHybridIdentity(line); err == nil {
			return key{i, i.Recipient().String()}, nil
		}
		return key{}, errBroken
	case strings.HasPrefix(line, "AGE-SECRET-KEY-1"):
		if i, err := age.ParseX25519Identity(line); err == nil {
			return key{i, i.Recipient().String()}, nil
		}
		return key{}, errBroken
	case strings.HasPrefix(line, "age1"), strings.HasPrefix(line, "ssh-"):
		return key{}, errPublic
	}
	return key{}, errNoKey
}

func parseSSH(text string) ([]key, error) {
	signer, err := ssh.ParsePrivateKey([]byte(text))
	var protected *ssh.PassphraseMissingError
	if errors.As(err, &protected) {
		return nil, errProtected
	}
	if err != nil {
		return nil, errNoKey
	}
	i, err := agessh.ParseIdentity([]byte(text))
	if err != nil {
		return nil, errors.New("is an SSH key of a kind that age does not know: use ed25519 or RSA")
	}
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return []key{{i, withoutComment(public)}}, nil
}
