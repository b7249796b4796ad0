package secrets

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/backupman/backupman/models"
)

// version begins every sealed text.
const version = "bm1"

const (
	// readPause is how long after its source was read a key that is not known is no reason
	// to read it again.
	readPause = 10 * time.Second
	// sealPause is how long is sealed with what a command printed before it is asked again:
	// nothing else tells that somebody has put another key first there.
	sealPause = time.Minute
)

// Keyring seals with the first of its keys, and opens what any of them sealed. It is
// safe for concurrent use.
type Keyring struct {
	source Source
	now    func() time.Time

	mu   sync.Mutex
	keys []key
	// stamp tells whether the source's file has changed since the keys were read.
	stamp string
	// again is when the source was last read because a key was not known, and readAt when
	// it was read for whatever reason.
	again, readAt time.Time
}

// NewKeyring returns a keyring whose keys are read when they are first needed.
func NewKeyring(source Source) *Keyring { return &Keyring{source: source, now: time.Now} }

// Format keeps every verb from printing what is in the keys.
func (k *Keyring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "keyring") }

// Load reads the keys, so that what is wrong with their source is known at the start of
// a server and not in the night.
func (k *Keyring) Load(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.read(ctx)
}

// read asks the source; when it fails the keys that are known stay.
func (k *Keyring) read(ctx context.Context) error {
	stamp := k.source.stamp()
	text, err := k.source.text(ctx)
	if err != nil {
		return err
	}
	keys, err := parseKeys(text, k.source.name())
	if err != nil {
		return err
	}
	k.keys, k.stamp, k.readAt = keys, stamp, k.now()
	return nil
}

// fresh reads the keys where there are none yet, or where they may have changed: what is
// sealed with a key that a rotation is about to drop would be lost. A command that fails
// is no reason to seal nothing.
func (k *Keyring) fresh() error {
	switch {
	case len(k.keys) == 0 || k.stamp != k.source.stamp():
		return k.read(context.Background())
	case k.source.isCommand() && k.now().Sub(k.readAt) >= sealPause:
		if err := k.read(context.Background()); err != nil {
			k.readAt = k.now()
		}
	}
	return nil
}

// Seal encrypts a text for one field of one row. Each call gives another sealed text.
func (k *Keyring) Seal(plain []byte, row, field string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.fresh(); err != nil {
		return "", err
	}
	first := k.keys[0]
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce) // never fails
	sealed := first.aead.Seal(nonce, nonce, plain, binding(row, field))
	return version + "." + first.id + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Unseal returns what Seal was given for the same row and field. A key that is not known
// has the source read again, because another process may have rotated it.
func (k *Keyring) Unseal(sealed, row, field string) ([]byte, error) {
	id, body, ok := parts(sealed)
	if !ok {
		return nil, models.Conflictf("what is stored as %s of %s is not a sealed text: it was changed by something else, so set it again", field, row)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	opens, err := k.find(id, row, field)
	if err != nil {
		return nil, err
	}
	size := opens.aead.NonceSize()
	if len(body) < size {
		return nil, damaged(row, field)
	}
	plain, err := opens.aead.Open(nil, body[:size], body[size:], binding(row, field))
	if err != nil {
		return nil, damaged(row, field)
	}
	return plain, nil
}

func damaged(row, field string) error {
	return models.Conflictf("what is stored as %s of %s does not open: it was changed, or put there from another place, so set it again", field, row)
}

// find returns the key with an id.
func (k *Keyring) find(id, row, field string) (key, error) {
	if len(k.keys) == 0 {
		if err := k.read(context.Background()); err != nil {
			return key{}, err
		}
	}
	if known, ok := k.known(id); ok {
		return known, nil
	}
	if k.now().Sub(k.again) >= readPause {
		k.again = k.now()
		if err := k.read(context.Background()); err != nil {
			return key{}, err
		}
	}
	if known, ok := k.known(id); ok {
		return known, nil
	}
	return key{}, models.Conflictf("%s of %s was sealed with another key (%s), and %s has %s: add that key there as a further line; all servers on one metadata database need the same key",
		field, row, id, k.source.name(), k.ids())
}

func (k *Keyring) known(id string) (key, bool) {
	for _, known := range k.keys {
		if known.id == id {
			return known, true
		}
	}
	return key{}, false
}

// ids names the keys in a sentence.
func (k *Keyring) ids() string {
	var ids []string
	for _, known := range k.keys {
		ids = append(ids, known.id)
	}
	return "only " + strings.Join(ids, ", ")
}

// current reports whether a text was sealed with the key that seals now.
func (k *Keyring) current(sealed string) bool {
	id, _, ok := parts(sealed)
	k.mu.Lock()
	defer k.mu.Unlock()
	return ok && len(k.keys) > 0 && k.keys[0].id == id
}

// stillSeals reports whether the key that sealed a text is the one that seals now, after
// a look at whether the keys have changed.
func (k *Keyring) stillSeals(sealed string) (bool, error) {
	k.mu.Lock()
	err := k.fresh()
	k.mu.Unlock()
	return err == nil && k.current(sealed), err
}

// Sealed reports whether a text has the form of one that was sealed.
func Sealed(text string) bool {
	_, _, ok := parts(text)
	return ok
}

func parts(sealed string) (id string, body []byte, ok bool) {
	words := strings.Split(sealed, ".")
	if len(words) != 3 || words[0] != version || words[1] == "" {
		return "", nil, false
	}
	body, err := base64.RawURLEncoding.Strict().DecodeString(words[2])
	return words[1], body, err == nil
}

// binding is the additional data of a sealed text. The lengths keep one pair of words
// from reading as another.
func binding(row, field string) []byte {
	out := []byte(version)
	for _, word := range []string{row, field} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(word)))
		out = append(out, word...)
	}
	return out
}
