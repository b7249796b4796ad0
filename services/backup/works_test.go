package backup

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// silentDrive never answers whether it works.
type silentDrive struct{ drive.Drive }

func (silentDrive) Check(ctx context.Context) (drive.Report, error) {
	<-ctx.Done()
	return drive.Report{}, ctx.Err()
}

// A drive that says nothing at all says nothing of its copies, and holds nobody up.
func TestASilentDriveLosesNoCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if isGone(t.Context(), silentDrive{}, models.ErrNotFound) {
			t.Error("its copy is called missing")
		}
		if isUnreadable(t.Context(), silentDrive{}, context.DeadlineExceeded) {
			t.Error("its copy is called unreadable")
		}
	})
}
