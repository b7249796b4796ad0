package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

const (
	// unreadTimes is how many readings of a copy have to fail, and unreadFor over how long at
	// least, until it is lost. A server that restarts or a line that is bad for a night fails
	// several readings, too, and a copy that is lost is sent whole once more.
	unreadTimes = 3
	unreadFor   = 24 * time.Hour
)

// isUnreadable reports whether it is the copy's fault that it could not be read: its drive
// works. A drive that is away, and a reading that was broken off, say nothing of a copy.
func isUnreadable(ctx context.Context, d drive.Drive, err error) bool {
	return err != nil && ctx.Err() == nil && works(ctx, d)
}

// unreadTooOften returns the sentence that says why a copy is lost when reading it has failed
// once more, and an empty one while that is too early to tell.
func unreadTooOften(f models.DriveFile, why string, now time.Time) string {
	if f.UnreadSince == nil || f.Unreads+1 < unreadTimes || now.Sub(*f.UnreadSince) < unreadFor {
		return ""
	}
	return fmt.Sprintf("it could not be read since %s, %d times, though its drive works: %s",
		f.UnreadSince.UTC().Format("2006-01-02"), f.Unreads+1, why)
}
