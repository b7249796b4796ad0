package middleware

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/backupman/backupman/models"
)

// Keys knows the API keys.
type Keys struct {
	current func() []string
	// required says that a key is asked for although none is configured.
	required bool
}

// NewKeys returns the keys that current tells, which is asked for each request,
// so that a key that was taken away opens nothing more. They are asked for as
// soon as there is one, and always when alwaysRequired.
func NewKeys(current func() []string, alwaysRequired bool) *Keys {
	return &Keys{current: current, required: alwaysRequired}
}

// digests are of the keys, so that comparing them tells nothing of their lengths.
func (k *Keys) digests() [][sha256.Size]byte {
	var digests [][sha256.Size]byte
	for _, key := range k.current() {
		if key != "" {
			digests = append(digests, sha256.Sum256([]byte(key)))
		}
	}
	return digests
}

// Check returns models.ErrUnauthorized unless the request may use the API, and whether it
// may because of a key.
func (k *Keys) Check(r *http.Request) (keyed bool, err error) {
	known := k.digests()
	if len(known) == 0 {
		if !k.required {
			return false, nil
		}
		return false, unauthorized("other machines can reach Backupman and it has no API key: add one to http.api_keys in its configuration")
	}
	shown, ok := shownKey(r)
	if !ok {
		return false, unauthorized("an API key is needed: send it as X-Api-Key or as Authorization: Bearer")
	}
	if !holds(known, shown) {
		return false, unauthorized("this API key is not one of http.api_keys in the configuration")
	}
	return true, nil
}

// holds compares in a time that tells nothing about the keys.
func holds(known [][sha256.Size]byte, shown string) bool {
	digest, found := sha256.Sum256([]byte(shown)), 0
	for _, one := range known {
		found |= subtle.ConstantTimeCompare(digest[:], one[:])
	}
	return found == 1
}

func shownKey(r *http.Request) (string, bool) {
	if key := r.Header.Get("X-Api-Key"); key != "" {
		return key, true
	}
	scheme, key, found := strings.Cut(r.Header.Get("Authorization"), " ")
	key = strings.TrimSpace(key)
	return key, found && strings.EqualFold(scheme, "Bearer") && key != ""
}

func unauthorized(sentence string) error {
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: sentence}
}
