package jobs

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// RemovalLine is a copy that is being removed from a drive, or was.
type RemovalLine struct {
	Drive, FileName string
	Size            int64
	// Made is when the backup was made.
	Made   components.Moment
	Reason string
	Chip   components.Chip
	// At is when the drive confirmed, or will be asked again.
	At components.Moment
	// Error is what the drive said last; empty when it said nothing.
	Error string
}

func newRemovalLine(r models.Removal, f Facts, now time.Time) RemovalLine {
	line := RemovalLine{
		Drive: f.driveName(r.DriveID), FileName: r.FileName, Size: r.Size, Made: clock(r.BackupMade, f.Job, now), Reason: human.Sentence(r.Reason),
	}
	switch {
	case r.DoneAt != nil:
		line.Chip, line.At = components.Chip{Tone: components.ToneQuiet, Icon: "check", Text: "Removed"}, components.Ago(now, r.DoneAt)
	case r.Error != "":
		line.Chip, line.At = components.Chip{Tone: components.ToneWarn, Icon: "clock", Text: "Waiting for the drive"}, components.Ago(now, r.TryAt)
		line.Error = human.Sentence(r.Error)
	default:
		line.Chip = components.Chip{Tone: components.ToneBusy, Icon: "clock", Text: "Being removed"}
	}
	return line
}
