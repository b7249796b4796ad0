package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// tokenBytes is how much chance is in a token: nobody guesses one of 256 bits.
const tokenBytes = 32

// newToken returns a token and what is kept of it.
func newToken() (token, hash string) {
	token = base64.RawURLEncoding.EncodeToString(random(tokenBytes))
	return token, hashed(token)
}

// hashed is what is kept of a token. A token is chance, so that one pass of SHA-256 does.
func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
