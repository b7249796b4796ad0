package setup

import (
	"net/url"

	"github.com/backupman/backupman/views/plan"
)

// Path is where the guided set-up begins.
const Path = plan.SetupPath

// The addresses of its steps.
const (
	SourcePath = Path + "/source"
	DrivesPath = Path + "/drives"
	JobPath    = Path + "/job"
)

// CheckPath is the step that shows what was found of a source.
func CheckPath(sourceID string) string { return Path + "/check/" + sourceID }

// DrivesOf is the step that chooses the drives of a source, with those that are chosen.
func DrivesOf(sourceID string, driveIDs ...string) string {
	return DrivesPath + "?" + chosen(sourceID, driveIDs)
}

// JobOf is the step that makes the job of a source and its drives.
func JobOf(sourceID string, driveIDs ...string) string {
	return JobPath + "?" + chosen(sourceID, driveIDs)
}

func chosen(sourceID string, driveIDs []string) string {
	q := url.Values{"source": {sourceID}}
	if len(driveIDs) > 0 {
		q["drive"] = driveIDs
	}
	return q.Encode()
}

// firstStep is one of the steps to the first backup, as the empty overview tells it.
type firstStep struct{ icon, title, sentence string }

var firstSteps = []firstStep{
	{"database", "Your database", "MySQL, MariaDB, PostgreSQL or SQLite. Backupman looks what is in it and what its account may read."},
	{"upload", "Where copies go", "A folder, S3, SFTP, WebDAV, Google Drive or rclone. Two places are better than one."},
	{"shield", "The first backup", "Choose when it runs and how long backups are kept, and watch the first one being made and proven."},
}
