package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
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
	onceParameter      = "Once"
	fileParameter      = "DriveFileId"
)

// Links signs and checks download links. A signature covers the backup, the copy that was
// asked for, the second in which the link ends and a word that no other link has, so that
// it opens nothing else and not for longer, and is used up without any other.
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
	query.Set(onceParameter, rand.Text())
	query.Set(signatureParameter, l.signature(backupID, query))
	return query, expires
}

// Check returns models.ErrUnauthorized unless the query is a link to this copy
// that has not ended. The signature is compared as it is written: by its text it is
// remembered that a link was used, and several texts decode to the same bytes.
func (l *Links) Check(backupID string, query url.Values) error {
	expires, err := strconv.ParseInt(query.Get(expiresParameter), 10, 64)
	if err != nil || !hmac.Equal([]byte(query.Get(signatureParameter)), []byte(l.signature(backupID, query))) {
		return refused("this download link is not whole or is for another file: ask for a new one")
	}
	if !l.now().Before(time.Unix(expires, 0)) {
		return refused("this download link has expired: ask for a new one")
	}
	return nil
}

// expires is when the link of a query that was checked ends.
func (l *Links) expires(query url.Values) time.Time {
	seconds, err := strconv.ParseInt(query.Get(expiresParameter), 10, 64)
	if err != nil {
		return l.now()
	}
	return time.Unix(seconds, 0)
}

func (l *Links) signature(backupID string, query url.Values) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(strings.Join([]string{"download", backupID, query.Get(fileParameter), query.Get(expiresParameter), query.Get(onceParameter)}, "\n")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func refused(sentence string) error {
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: sentence}
}
