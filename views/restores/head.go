package restores

import (
	"time"

	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
)

// NewHead says what is restored, a backup or an uploaded file.
func NewHead(facts Facts, now time.Time) Head {
	if b := facts.Backup; b != nil {
		return Head{Title: "Restore " + b.Label, Came: "Backed up", Made: components.Ago(now, &b.CreatedAt), Size: b.Size, BackPath: backups.Path(b.ID), BackWords: "The backup of " + b.Label}
	}
	h := Head{Title: "Restore an uploaded file", Came: "Uploaded", BackPath: "/restores", BackWords: "All restores"}
	if u := facts.Upload; u != nil {
		h.Title, h.Made, h.Size = "Restore "+u.Name, components.Ago(now, &u.CreatedAt), u.Size
	}
	return h
}
