package backups

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestLive(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	started := now.Add(-10 * time.Second)
	last := &models.Backup{RawSize: 1000}
	files := []models.DriveFile{{Size: 100}, {Size: 50}}
	cases := map[string]struct {
		backup  models.Backup
		last    *models.Backup
		moves   bool
		percent int
		rate    string
	}{
		"queued":                    {models.Backup{Phase: models.PhaseQueued}, last, false, 0, ""},
		"dumping, nothing to go by": {models.Backup{Phase: models.PhaseDumping, StartedAt: &started, RawSize: 40_000_000}, nil, true, -1, "4.0 MB/s"},
		"dumping, halfway":          {models.Backup{Phase: models.PhaseDumping, StartedAt: &started, RawSize: 500}, last, true, 50, "50 B/s"},
		"dumping more than before":  {models.Backup{Phase: models.PhaseDumping, StartedAt: &started, RawSize: 5000}, last, true, 99, "500 B/s"},
		"uploading":                 {models.Backup{Phase: models.PhaseUploading, StartedAt: &started, Size: 100, DriveFiles: files}, last, true, 75, ""},
		"uploading nothing known":   {models.Backup{Phase: models.PhaseUploading, StartedAt: &started, DriveFiles: files}, last, true, -1, ""},
		"verifying":                 {models.Backup{Phase: models.PhaseVerifying, StartedAt: &started}, last, true, -1, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := NewLive(c.backup, Known{Last: c.last}, now)
			if l.Moves != c.moves || l.Progress.Percent != c.percent || l.Rate != c.rate || l.Doing == "" {
				t.Errorf("got %+v", l)
			}
		})
	}
}
