package backups

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Failure is what is told of a failed backup, and of one that somebody cancelled.
type Failure struct {
	// Cancelled says that nothing went wrong; Tone and Icon say so, too.
	Cancelled bool
	Tone      components.Tone
	Icon      string
	// Title says where it failed and Error why. Meaning says what can be restored all the same,
	// with the way to it where that is another backup. WayOut says what to do.
	Title, Error, Meaning, WayOut string
	GoodPath, GoodWords           string
	Actions                       []components.Action
	// Ways lead to where it is mended.
	Ways []Way
	// Said is the end of the log; empty when there is none.
	Said string
}

// saidLines is how many lines of the log stand beside a failure.
const saidLines = 25

func newFailure(f Facts, now time.Time) *Failure {
	b := f.Backup
	told := &Failure{Tone: components.ToneBad, Icon: "cross", Title: failureWords(b), Error: human.Own("data source", b.Error), WayOut: wayOut(b), Actions: mending(b), Ways: Ways(b, f.Owners), Said: lastLines(f.Log, saidLines)}
	if b.Cancelled() {
		told.Cancelled, told.Tone, told.Icon = true, CancelledChip.Tone, CancelledChip.Icon
	}
	if len(told.Ways) > 0 && !told.Ways[0].Passes {
		for i := range told.Actions {
			told.Actions[i].Primary = false
		}
	}
	finished := 0
	for _, c := range b.DriveFiles {
		if c.Status == models.StatusFinished {
			finished++
		}
	}
	last := f.Known.Last
	switch {
	case finished > 0 && b.DisprovenAt == nil:
		told.Meaning = "It can be restored: " + human.Count(int64(finished)) + " of " + human.Plural(int64(len(b.DriveFiles)), "copy", "copies") + " can be used."
	case last == nil:
		told.Meaning = "Nothing of it can be restored, and its job has no finished backup."
	default:
		told.Meaning = "Nothing of it can be restored."
		told.GoodPath, told.GoodWords = Path(last.ID), "The newest finished backup of its job was made "+human.Age(now, last.CreatedAt)+"."
	}
	return told
}
