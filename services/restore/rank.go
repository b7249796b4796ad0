package restore

import (
	"cmp"
	"context"
	"slices"

	"github.com/backupman/backupman/models"
)

// candidate is a finished copy, and what is known of its drive.
type candidate struct {
	file  models.DriveFile
	drive string
	// failing says that the drive's newest check failed.
	failing bool
}

// speeds are the kinds of drive, fastest first, and what is said of each.
var speeds = []struct {
	providers []string
	why       string
}{
	{[]string{"local"}, "a folder of this machine"},
	{[]string{"s3"}, "object storage, which reads fast"},
	{[]string{"sftp", "webdav"}, "another machine, over the network"},
	{[]string{"google_drive"}, "Google Drive, which reads slowly"},
	{[]string{"rclone"}, "through rclone, which reads slowly"},
}

func speedOf(provider string) int {
	for i, s := range speeds {
		if slices.Contains(s.providers, provider) {
			return i
		}
	}
	return len(speeds)
}

// rank puts copies into the order in which they are tried: those on drives that work and
// that could be read when that was last tried, then by how fast the kind of drive reads, then those that were read back last.
func rank(candidates []candidate) []models.RestoreCopy {
	candidates = slices.Clone(candidates)
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		if a.failing != b.failing {
			return map[bool]int{true: 1, false: -1}[a.failing]
		}
		if a.file.Unread() != b.file.Unread() {
			return map[bool]int{true: 1, false: -1}[a.file.Unread()]
		}
		return cmp.Or(cmp.Compare(speedOf(a.file.Provider), speedOf(b.file.Provider)), compareVerified(b.file, a.file), cmp.Compare(a.file.ID, b.file.ID))
	})
	copies := make([]models.RestoreCopy, 0, len(candidates))
	for i, c := range candidates {
		copies = append(copies, models.RestoreCopy{DriveFileID: c.file.ID, DriveID: c.file.DriveID, Drive: c.drive,
			Provider: c.file.Provider, Proposed: i == 0, Why: c.why()})
	}
	return copies
}

func compareVerified(a, b models.DriveFile) int {
	switch {
	case a.VerifiedAt != nil && b.VerifiedAt != nil:
		return a.VerifiedAt.Compare(*b.VerifiedAt)
	case a.VerifiedAt != nil:
		return 1
	case b.VerifiedAt != nil:
		return -1
	}
	return 0
}

func (c candidate) why() string {
	why := "a kind of drive that reads at an unknown speed"
	if i := speedOf(c.file.Provider); i < len(speeds) {
		why = speeds[i].why
	}
	if c.file.VerifiedAt == nil {
		why += "; never read back"
	} else {
		why += "; found identical on " + c.file.VerifiedAt.UTC().Format("2006-01-02")
	}
	if c.file.Unread() {
		why += "; could not be read on " + c.file.UnreadAt.UTC().Format("2006-01-02")
	}
	if c.failing {
		why += "; its drive failed its newest check"
	}
	return why
}

// finishedCopies counts the copies that should be whole, also those that can't be tried.
func finishedCopies(b models.Backup) int {
	n := 0
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			n++
		}
	}
	return n
}

// copies returns the copies of a backup that can be tried, fastest first. Those on
// drives that are no longer configured can't be.
func (s *Service) copies(ctx context.Context, b models.Backup) ([]models.RestoreCopy, error) {
	checks, err := s.Store.DriveChecks(ctx)
	if err != nil {
		return nil, err
	}
	var candidates []candidate
	for _, f := range b.DriveFiles {
		if f.Status != models.StatusFinished {
			continue
		}
		_, row, err := s.Catalog.OpenDrive(ctx, f.DriveID)
		if err != nil {
			s.Log.Warn("a copy can't be restored from", "backup_id", b.ID, "drive_id", f.DriveID, "error", err)
			continue
		}
		check, checked := checks[f.DriveID]
		candidates = append(candidates, candidate{file: f, drive: row.Label, failing: checked && !check.Good()})
	}
	return rank(candidates), nil
}

// chosen returns the copies to try in order: all, or the one that was asked for.
func chosen(b models.Backup, copies []models.RestoreCopy, driveFileID string) ([]models.RestoreCopy, error) {
	if len(copies) == 0 {
		return nil, models.Conflictf("backup %s has no finished copy on a drive that is configured: wait until one is made, or add the drive again", b.ID)
	}
	if driveFileID == "" {
		return copies, nil
	}
	for _, c := range copies {
		if c.DriveFileID == driveFileID {
			return []models.RestoreCopy{c}, nil
		}
	}
	return nil, models.NotFoundf("backup %s has no finished copy %s on a drive that is configured", b.ID, driveFileID)
}
