package cli

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestACancelledBackupIsListedAsCancelled(t *testing.T) {
	asked := time.Now()
	for want, b := range map[string]models.Backup{
		"cancelled": {Status: models.StatusFailed, CancelAskedAt: &asked},
		"failed":    {Status: models.StatusFailed},
		"finished":  {Status: models.StatusFinished, CancelAskedAt: &asked},
	} {
		if got := statusWord(b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
