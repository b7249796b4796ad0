package middleware

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

// Keys knows the API keys, by digest only.
type Keys struct {
	digests [][sha256.Size]byte
	// required says that a key is asked for although none is configured.
	required bool
}

// NewKeys returns the keys. They are asked for as soon as there is one, and
// always when alwaysRequired.
func NewKeys(keys []string, alwaysRequired bool) *Keys {
	k := &Keys{required: alwaysRequired}
	for _, key := range keys {
		if key != "" {
			k.digests = append(k.digests, sha256.Sum256([]byte(key)))
		}
	}
	return k
}

// Check returns models.ErrUnauthorized unless the request may use the API.
func (k *Keys) Check(r *http.Request) error {
	if len(k.digests) == 0 {
		if !k.required {
			return nil
		}
		return unauthorized("Backupman listens beyond this machine and has no API key: add one to http.api_keys in its configuration and restart it")
	}
	shown, ok := shownKey(r)
	if !ok {
		return unauthorized("an API key is needed: send it as X-Api-Key or as Authorization: Bearer")
	}
	if !k.holds(shown) {
		return unauthorized("this API key is not one of http.api_keys in the configuration")
	}
	return nil
}

// holds compares in a time that tells nothing about the keys.
func (k *Keys) holds(shown string) bool {
	digest, found := sha256.Sum256([]byte(shown)), 0
	for _, known := range k.digests {
		found |= subtle.ConstantTimeCompare(digest[:], known[:])
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

// RequireKey lets only requests through that Check allows.
func RequireKey(keys *Keys, refuse Refuse) gin.HandlerFunc {
	return guard(refuse, func(c *gin.Context) error { return keys.Check(c.Request) })
}

func unauthorized(sentence string) error {
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: sentence}
}
