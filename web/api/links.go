package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// linkLife is how long a download link works.
	linkLife = 5 * time.Minute
	// minKey is the shortest signing key that is used.
	minKey = 16

	expiresParameter   = "Expires"
	signatureParameter = "Signature"
	fileParameter      = "DriveFileId"
)

// Links signs and checks download links. A signature covers the backup, the
// copy that was asked for and the second in which the link ends, so that it
// opens nothing else and not for longer.
type Links struct {
	key []byte
	now func() time.Time
}

// NewLinks returns links signed with key. Without a key of some length a random
// one is made, and links end with the process.
func NewLinks(key []byte, now func() time.Time) *Links {
	if len(key) < minKey {
		key = make([]byte, sha256.Size)
		_, _ = rand.Read(key) // It never fails: see crypto/rand.
	}
	return &Links{key: key, now: now}
}

// Sign returns the query of a link to a copy, and when it ends. An empty
// driveFileID stands for whichever copy is best.
func (l *Links) Sign(backupID, driveFileID string) (url.Values, time.Time) {
	expires := l.now().UTC().Add(linkLife).Truncate(time.Second)
	query := url.Values{}
	if driveFileID != "" {
		query.Set(fileParameter, driveFileID)
	}
	query.Set(expiresParameter, strconv.FormatInt(expires.Unix(), 10))
	query.Set(signatureParameter, base64.RawURLEncoding.EncodeToString(l.digest(backupID, driveFileID, expires.Unix())))
	return query, expires
}

// Check returns models.ErrUnauthorized unless the query is a link to this copy
// that has not ended.
func (l *Links) Check(backupID string, query url.Values) error {
	shown, err := base64.RawURLEncoding.DecodeString(query.Get(signatureParameter))
	expires, parseErr := strconv.ParseInt(query.Get(expiresParameter), 10, 64)
	if err != nil || parseErr != nil || !hmac.Equal(shown, l.digest(backupID, query.Get(fileParameter), expires)) {
		return refused("this download link is not whole or is for another file: ask for a new one")
	}
	if !l.now().Before(time.Unix(expires, 0)) {
		return refused("this download link has expired: ask for a new one")
	}
	return nil
}

func (l *Links) digest(backupID, driveFileID string, expires int64) []byte {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte("download\n" + backupID + "\n" + driveFileID + "\n" + strconv.FormatInt(expires, 10)))
	return mac.Sum(nil)
}

func refused(sentence string) error {
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: sentence}
}
