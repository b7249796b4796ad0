package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/backupman/backupman/models"
)

const (
	// shortest is in characters; longest bounds what is hashed, in bytes.
	shortest = 12
	longest  = 256
	// besides is how many characters a password has beside the name of its owner.
	besides = 6

	// atOnce bounds the memory of sign-ins, of which each takes what cost says; waiting
	// bounds how many wait for their turn.
	atOnce  = 2
	waiting = 64
)

// cost is what hashing a password takes.
type cost struct {
	time, memory uint32 // memory is in KiB
	threads      uint8
}

// usual is the second recommended option of RFC 9106, section 4, for where 2 GiB are too
// much: three passes over 64 MiB.
var usual = cost{time: 3, memory: 64 << 10, threads: 4}

const (
	saltBytes = 16
	hashBytes = 32
)

// most is the highest cost of a stored hash that is carried out.
var most = cost{time: 64, memory: 1 << 20, threads: 64}

// hasher hashes passwords, a few at a time.
type hasher struct {
	cost  cost
	turns chan struct{}
	queue chan struct{}
	// nobody is a hash that no password has, for accounts that there are not.
	nobody string
}

func newHasher(c cost) *hasher {
	h := &hasher{cost: c, turns: make(chan struct{}, atOnce), queue: make(chan struct{}, atOnce+waiting)}
	h.nobody = c.text(random(saltBytes), random(hashBytes))
	return h
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never returns an error
	return b
}

// text is the PHC string format: https://github.com/P-H-C/phc-string-format.
func (c cost) text(salt, hash []byte) string {
	code := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads, code(salt), code(hash))
}

// parse reads what text wrote.
func parse(text string) (c cost, salt, hash []byte, err error) {
	broken := func() (cost, []byte, []byte, error) {
		return cost{}, nil, nil, fmt.Errorf("the stored hash of a password is not one of argon2id")
	}
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return broken()
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil || n != 3 {
		return broken()
	}
	decode := base64.RawStdEncoding.Strict().DecodeString
	if salt, err = decode(parts[4]); err != nil {
		return broken()
	}
	if hash, err = decode(parts[5]); err != nil {
		return broken()
	}
	if c.time == 0 || c.threads == 0 || c.time > most.time || c.memory > most.memory || c.threads > most.threads || len(hash) < 16 {
		return broken()
	}
	return c, salt, hash, nil
}

// turn waits until a password may be hashed.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, &models.Fault{Kind: models.ErrTooMany, Sentence: "too many people sign in at this moment: try again in a minute"}
	}
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, context.Cause(ctx)
	}
}

// hash returns what is kept of a password. still is asked once more when it is its turn:
// of many that race for one thing, most need not be hashed any more.
func (h *hasher) hash(ctx context.Context, password models.Secret, still func() error) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if still != nil {
		if err := still(); err != nil {
			return "", err
		}
	}
	salt := random(saltBytes)
	return h.cost.text(salt, h.cost.derive(password, salt, hashBytes)), nil
}

func (c cost) derive(password models.Secret, salt []byte, n int) []byte {
	return argon2.IDKey([]byte(password.Reveal()), salt, c.time, c.memory, c.threads, uint32(n))
}

// verify reports whether a password has a hash, and whether the hash is of another cost
// than new ones. An empty hash is no password's, and takes as long to say.
func (h *hasher) verify(ctx context.Context, password models.Secret, text string) (good, old bool, err error) {
	known := text != ""
	if !known {
		text = h.nobody
	}
	c, salt, want, err := parse(text)
	if err != nil {
		return false, false, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	same := subtle.ConstantTimeCompare(c.derive(password, salt, len(want)), want) == 1
	return same && known && len(password.Reveal()) <= longest, c != h.cost, nil
}

// checkPassword says what is wrong with a password that somebody chose.
func checkPassword(name string, password models.Secret) error {
	text := password.Reveal()
	switch {
	case utf8.RuneCountInString(text) < shortest:
		return models.Invalidf("the password is too short: choose one with at least %d characters, such as four words that have nothing to do with each other", shortest)
	case len(text) > longest:
		return models.Invalidf("the password is too long: choose one with at most %d bytes", longest)
	case utf8.RuneCountInString(strings.ReplaceAll(strings.ToLower(text), name, "")) < besides:
		return models.Invalidf("the password is made of the account's name: choose another")
	case fewCharacters(text):
		return models.Invalidf("the password repeats the same few characters: choose another")
	}
	return nil
}

func fewCharacters(text string) bool {
	kinds := map[rune]bool{}
	for _, r := range text {
		kinds[r] = true
	}
	return len(kinds) < 5
}
