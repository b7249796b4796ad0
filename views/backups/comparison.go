package backups

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Comparison is how a comparison of copies with the dump stands.
type Comparison struct {
	// Running says that it has not ended; nothing else is known then.
	Running bool
	EndedAt time.Time
	// Verdicts tell what was found, copy by copy.
	Verdicts []models.CopyVerdict
	// Problem is a sentence that says why it could not be made; empty when it was.
	Problem string
}

// ComparisonNote is a comparison as the page tells it.
type ComparisonNote struct {
	Running bool
	Tone    components.Tone
	Icon    string
	Title   string
	Lines   []string
}

func newComparisonNote(f Facts, now time.Time) *ComparisonNote {
	c := f.Comparison
	switch {
	case c == nil:
		return nil
	case c.Running:
		return &ComparisonNote{Running: true, Tone: components.ToneBusy, Icon: "turning", Title: "The copies are being compared",
			Lines: []string{"Each is read back from its drive, which takes as long as a download. This page tells when it is done; you need not wait here."}}
	case c.Problem != "":
		return &ComparisonNote{Tone: components.ToneBad, Icon: "cross", Title: "The copies could not be compared", Lines: []string{human.Sentence(c.Problem)}}
	}
	return verdictNote(f, human.Age(now, c.EndedAt))
}

// verdictNote tells what a comparison found: lost copies are worse than those whose
// drive could not be asked.
func verdictNote(f Facts, when string) *ComparisonNote {
	n := &ComparisonNote{Tone: components.ToneGood, Icon: "check", Title: "The copies were compared " + when}
	identical := 0
	for _, v := range f.Comparison.Verdicts {
		name := copyName(f, v.DriveID)
		switch {
		case v.Identical:
			identical++
		case v.Lost:
			n.Tone, n.Icon = components.ToneBad, "cross"
			n.Lines = append(n.Lines, "The copy on "+name+" is lost: below it says why.")
		default:
			if n.Tone == components.ToneGood {
				n.Tone, n.Icon = components.ToneWarn, "warning"
			}
			n.Lines = append(n.Lines, human.Sentence("the copy on "+name+" could not be read now: "+v.Error))
		}
	}
	if identical > 0 {
		n.Lines = append([]string{human.Plural(int64(identical), "copy is", "copies are") + " identical to the dump."}, n.Lines...)
	}
	return n
}

func copyName(f Facts, driveID string) string {
	if d, ok := f.Known.Drives[driveID]; ok {
		return d.Label
	}
	return "a drive that is gone"
}
