package drives

import (
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// KeyView is the page on which a person compares the key of a drive's server.
type KeyView struct {
	Page      layout.Page
	ID, Label string
	// Host is the server, Fingerprint that of the key it shows.
	Host, Fingerprint string
	// Known says that this very key is trusted already.
	Known bool
	// Error is why the newest check failed; empty when it did not.
	Error string
}

// NewKeyView builds the page; the caller says what key the server shows.
func NewKeyView(page layout.Page, d models.Drive, check *models.DriveCheck, host, fingerprint string, known bool) KeyView {
	v := KeyView{Page: page, ID: d.ID, Label: d.Label, Host: host, Fingerprint: fingerprint, Known: known}
	if check != nil {
		v.Error = human.Sentence(check.Error)
	}
	return v
}
