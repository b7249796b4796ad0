package backups

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// givenUp is the age of a backup whose failed copies are no longer made by themselves.
const givenUp = 14 * 24 * time.Hour

// healing says when a failed copy is made again, what becomes of one that could not be read, and whether a check of its drive is
// what that waits for. Copies of a dump that failed are not, for there is nothing to
// copy, and neither are those of a backup that was cancelled.
func healing(b models.Backup, f models.DriveFile, now time.Time) (words string, afterCheck bool) {
	switch {
	case f.Unread():
		return "Reading it failed " + times(f.Unreads) + " since " + human.Exact(*f.UnreadSince) +
			", though the drive works. When that goes on for a day, the copy is made again.", false
	case f.Status != models.StatusFailed || b.Status != models.StatusFailed || b.DumpedAt == nil || b.CancelAskedAt != nil:
		return "", false
	case f.HealAt != nil && f.HealAt.After(now.Add(time.Minute)):
		return "It is made again by itself in about " + human.Span(f.HealAt.Sub(now)) + ".", false
	case f.HealAt != nil:
		return "It is made again by itself in a moment, while the server runs.", false
	case f.Heals >= models.MaxHeals || now.Sub(b.CreatedAt) > givenUp:
		return "It is no longer made by itself: press Make the missing copies.", false
	}
	return "It waits for the drive: mend it, then check it on the", true
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return human.Count(int64(n)) + " times"
}
