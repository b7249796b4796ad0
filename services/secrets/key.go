package secrets

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/backupman/backupman/models"
)

// key is one key, ready for use.
type key struct {
	// id tells keys apart and gives nothing of them away.
	id string
	// line is the key as its source has it.
	line models.Secret
	aead cipher.AEAD
}

// NewKey makes a key, in the form in which a source has it.
func NewKey() models.Secret {
	raw := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(raw) // never fails
	return models.NewSecret(base64.StdEncoding.EncodeToString(raw))
}

// parseKeys reads keys, one a line; the first seals. from completes the sentence
// "… has no key" and never holds one.
func parseKeys(text, from string) ([]key, error) {
	var keys []key
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, ok := parseKey(line)
		if !ok {
			return nil, models.Invalidf("%s has a line that is not a key of 32 bytes in base64: make one with openssl rand -base64 32", from)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, models.Invalidf("%s has no key: put one there, made with openssl rand -base64 32", from)
	}
	return keys, nil
}

// parseKey takes both alphabets of base64, with its padding or without.
func parseKey(line string) (key, bool) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(line, "="))
	raw, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return key{}, false
	}
	aead, err := chacha20poly1305.NewX(raw)
	if err != nil {
		return key{}, false
	}
	sum := sha256.Sum256(append([]byte("backupman secrets key "), raw...))
	return key{id: hex.EncodeToString(sum[:6]), line: models.NewSecret(line), aead: aead}, true
}
