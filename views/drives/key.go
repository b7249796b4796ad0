package drives

import (
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// HostKey is the key that a drive's server shows.
type HostKey struct {
	Host, Fingerprint string
	// Known says that this very key is trusted already.
	Known bool
}

// KeyView is the page on which a person compares the key of a drive's server.
type KeyView struct {
	Page      layout.Page
	ID, Label string
	Key       HostKey
	// Next is as in Facts.
	Next string
	// Changed says that the drive has worked before, so that another key was trusted.
	Changed bool
	// Error is why the newest check failed; empty when it did not, or when the page
	// says so itself.
	Error string
}

// NewKeyView builds the page from the drive's newest check, nil when there was none,
// and what its server shows now.
func NewKeyView(page layout.Page, d models.Drive, check *models.DriveCheck, key HostKey) KeyView {
	v := KeyView{Page: page, ID: d.ID, Label: d.Label, Key: key}
	if check == nil {
		return v
	}
	v.Changed = !key.Known && check.GoodAt != nil
	if v.Changed || !strings.Contains(check.Error, key.Fingerprint) {
		v.Error = human.Sentence(OwnWords(check.Error, d.Label))
	}
	return v
}
