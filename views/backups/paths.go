package backups

import (
	"net/url"
	"strings"
)

// BulkPath is where the list sends what is to be done with several backups. DeletePath asks
// about deleting them, and does it.
const (
	BulkPath   = "/backups/bulk"
	DeletePath = "/backups/delete"
)

// DeletePathOf asks about deleting the backups of these ids.
func DeletePathOf(ids []string, back string) string {
	q := url.Values{"id": ids}
	if back != "" {
		q.Set("back", back)
	}
	return DeletePath + "?" + q.Encode()
}

// BackPath is where a page leads back to: the part of the list that it was opened from.
func BackPath(back string) string {
	if back == "/backups" || strings.HasPrefix(back, "/backups?") {
		return back
	}
	return "/backups"
}
