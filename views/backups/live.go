package backups

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Known is what is known beside a backup itself.
type Known struct {
	// Last is the job's newest finished backup, whose size tells how far a
	// running one has come; nil when there is none.
	Last *models.Backup
	// Drives are by id. A drive that is not there any more is missing.
	Drives map[string]models.Drive
}

// Live is how far a pending backup has come.
type Live struct {
	// Doing is a short sentence.
	Doing string
	// Moves says that there is something to show a bar for.
	Moves    bool
	Progress components.Progress
	// Bytes is how much was read from the database, Packed how much was written.
	Bytes, Packed int64
	// Rate and Elapsed are words; empty when there is nothing to tell.
	Rate, Elapsed string
}

// NewLive builds the progress of a pending backup.
func NewLive(b models.Backup, k Known, now time.Time) Live {
	l := Live{Doing: doing(b), Bytes: b.RawSize, Packed: b.Size}
	if b.StartedAt == nil || b.Phase == models.PhaseQueued {
		return l
	}
	elapsed := max(now.Sub(*b.StartedAt), 0)
	l.Moves, l.Elapsed = true, human.Duration(elapsed)
	l.Progress = components.Progress{Label: "Progress of " + b.Label, Percent: percent(b, k)}
	if b.Phase == models.PhaseDumping && b.RawSize > 0 && elapsed >= time.Second {
		l.Rate = human.Bytes(int64(float64(b.RawSize)/elapsed.Seconds())) + "/s"
	}
	return l
}

func doing(b models.Backup) string {
	switch b.Phase {
	case models.PhaseDumping:
		return "Reading the database"
	case models.PhaseUploading:
		return "Finishing the copies"
	case models.PhaseVerifying:
		return "Reading the copies back"
	}
	return "Waiting for its turn"
}

// percent guesses how much is done: while dumping by the last backup's size, or else by the tables,
// by what the drives have taken while uploading; -1 when there is no telling.
// The guess stays below 100, because only settling is the end.
func percent(b models.Backup, k Known) int {
	switch b.Phase {
	case models.PhaseDumping:
		if k.Last != nil {
			return share(b.RawSize, k.Last.RawSize)
		}
		return share(int64(b.TablesDone), int64(b.TablesTotal))
	case models.PhaseUploading:
		var taken int64
		for _, f := range b.DriveFiles {
			taken += min(f.Size, b.Size)
		}
		return share(taken, b.Size*int64(len(b.DriveFiles)))
	}
	return -1
}

func share(part, whole int64) int {
	if whole <= 0 {
		return -1
	}
	return int(min(float64(part)/float64(whole)*100, 99))
}
