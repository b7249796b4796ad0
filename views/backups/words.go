package backups

import (
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// Path returns the address of a backup's page.
func Path(id string) string { return "/backups/" + id }

// ServerWords name what restored a backup. Versions of MySQL and MariaDB tell which of
// the two they are; those of the others are bare numbers.
func ServerWords(provider, version string) string {
	if version == "" || provider != "sqlite" && provider != "postgres" {
		return version
	}
	return ProviderName(provider) + " " + version
}

// ProviderName is the word in prose for a kind of source or drive; a kind that
// is not known here keeps its own word.
func ProviderName(provider string) string {
	names := map[string]string{
		"mysql": "MySQL or MariaDB", "postgres": "PostgreSQL", "sqlite": "SQLite",
		"local": "folder", "s3": "S3 bucket", "google_drive": "Google Drive", "sftp": "SFTP server",
		"webdav": "WebDAV server", "rclone": "rclone remote",
	}
	if name, ok := names[provider]; ok {
		return name
	}
	return provider
}

// TriggerWords says what started a backup, a restore or a drill.
func TriggerWords(t models.Trigger) string {
	switch t {
	case models.TriggerSchedule:
		return "on schedule"
	case models.TriggerPage:
		return "by hand"
	case models.TriggerAPI:
		return "through the API"
	case models.TriggerCLI:
		return "from the command line"
	case models.TriggerAdopt:
		return "elsewhere, and found on a drive"
	}
	return string(t)
}

// phaseWords says what a pending backup is doing.
func phaseWords(p models.Phase) string {
	switch p {
	case models.PhaseQueued:
		return "Queued"
	case models.PhaseDumping:
		return "Dumping"
	case models.PhaseUploading:
		return "Uploading"
	case models.PhaseVerifying:
		return "Verifying"
	}
	return string(p)
}

// failureWords is the heading of why a backup failed. One whose dump is good lacks
// copies, whenever that was found.
func failureWords(b models.Backup) string {
	if b.Cancelled() {
		return "This run was cancelled"
	}
	if b.DumpedAt != nil {
		return "Not every copy is good"
	}
	return whileWords(b.Phase)
}

// whileWords says what a failed backup was doing when it failed.
func whileWords(p models.Phase) string {
	switch p {
	case models.PhaseDumping:
		return "This run failed while dumping"
	case models.PhaseUploading:
		return "This run failed while uploading"
	case models.PhaseVerifying:
		return "This run failed while verifying its copies"
	}
	return "This run failed before it started"
}

// copyChip says how a copy of a backup stands.
func copyChip(b models.Backup, f models.DriveFile) components.Chip {
	if b.Cancelled() && f.Status == models.StatusFailed {
		return components.Chip{Tone: components.ToneQuiet, Icon: "stop", Text: "Not made"}
	}
	if f.Unread() {
		return components.Chip{Tone: components.ToneWarn, Icon: "warning", Text: "Could not be read"}
	}
	return statusChip(f.Status)
}

// statusChip says how a backup or a copy stands.
func statusChip(s models.Status) components.Chip {
	switch s {
	case models.StatusPending:
		return components.Chip{Tone: components.ToneBusy, Icon: "turning", Text: "Pending"}
	case models.StatusFailed:
		return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Failed"}
	}
	return components.Chip{Tone: components.ToneGood, Icon: "check", Text: "Finished"}
}

// CancelledChip says that somebody ended a run, which nobody needs to be alarmed about.
var CancelledChip = components.Chip{Tone: components.ToneQuiet, Icon: "stop", Text: "Cancelled"}

// backupChip says how a backup stands, with what it is doing while pending.
func backupChip(b models.Backup) components.Chip {
	if b.Cancelled() {
		return CancelledChip
	}
	c := statusChip(b.Status)
	if b.Status == models.StatusPending {
		c.Text = phaseWords(b.Phase)
	}
	return c
}
