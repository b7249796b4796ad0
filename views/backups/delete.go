package backups

import (
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// DeleteView asks whether backups are to be deleted, and tells what would go.
type DeleteView struct {
	Page layout.Page
	// Going are those that can be deleted, Staying those that cannot.
	Going   []Doomed
	Staying []Refused
	// Totals is a sentence: backups, copies and bytes.
	Totals string
	// BackPath leads back to the list, KeepPath to where nothing is deleted, and Keep is its
	// word. Path is where the form is sent.
	BackPath, KeepPath, Keep, Path string
	// Problem is a sentence that says why nothing was deleted; empty before that was asked for.
	Problem string
}

// Doomed is a backup that can be deleted.
type Doomed struct {
	ID, Label, Path string
	Created         components.Moment
	Status          components.Chip
	Proof           ProofMark
	Copies          []DoomedCopy
	// Dear is a sentence about what would be missed; empty where nothing would. Meant says
	// that the box beside it was ticked.
	Dear  string
	Meant bool
}

// DoomedCopy is a copy that goes.
type DoomedCopy struct {
	Drive string
	Size  int64
	Notes []string
}

// Refused is a backup with which something was not done, and why.
type Refused struct{ Label, Path, Sentence string }

// NewDeleteView builds the question. meant are the ids that were said to be meant.
func NewDeleteView(page layout.Page, all []models.Deletion, meant []string, back string, now time.Time) DeleteView {
	v := DeleteView{Page: page, BackPath: BackPath(back), KeepPath: BackPath(back), Keep: "Keep them", Path: DeletePath}
	if len(all) == 1 {
		v.KeepPath, v.Keep = Path(all[0].Backup.ID), "Keep it"
	}
	copies, bytes := 0, int64(0)
	for _, d := range all {
		if d.Refused != "" {
			v.Staying = append(v.Staying, Refused{Label: d.Backup.Label, Path: Path(d.Backup.ID), Sentence: human.Sentence(d.Refused)})
			continue
		}
		copies, bytes = copies+len(d.Copies), bytes+d.Bytes()
		v.Going = append(v.Going, newDoomed(d, slices.Contains(meant, d.Backup.ID), now))
	}
	v.Totals = human.Plural(int64(len(v.Going)), "backup") + ", " + human.Plural(int64(copies), "copy", "copies") + ", " + human.Bytes(bytes)
	return v
}

func newDoomed(d models.Deletion, meant bool, now time.Time) Doomed {
	b := d.Backup
	doomed := Doomed{ID: b.ID, Label: b.Label, Path: Path(b.ID), Created: components.Ago(now, &b.CreatedAt), Status: backupChip(b), Proof: NewProofMark(b, now), Meant: meant}
	if len(d.Dear) > 0 {
		doomed.Dear = human.Sentence("this is " + strings.Join(d.Dear, " and "))
	}
	for _, c := range d.Copies {
		one := DoomedCopy{Drive: c.Drive, Size: c.DriveFile.Size}
		for _, note := range c.Notes {
			one.Notes = append(one.Notes, human.Sentence(note))
		}
		doomed.Copies = append(doomed.Copies, one)
	}
	return doomed
}

// DoneView tells what became of something that was asked for of several backups.
type DoneView struct {
	Page layout.Page
	// Title says what was done, to how many.
	Title    string
	Tone     components.Tone
	Icon     string
	Done     []Refused
	Refused  []Refused
	BackPath string
}

// NewDoneView builds the answer; verb is what was done, such as "Pinned".
func NewDoneView(page layout.Page, verb string, done, refused []Refused, back string) DoneView {
	v := DoneView{Page: page, Done: done, Refused: refused, BackPath: BackPath(back), Tone: components.ToneGood, Icon: "check"}
	v.Title = verb + ": " + human.Plural(int64(len(done)), "backup")
	switch {
	case len(done) == 0:
		v.Tone, v.Icon = components.ToneBad, "cross"
	case len(refused) > 0:
		v.Tone, v.Icon = components.ToneWarn, "warning"
		v.Title += ", and " + human.Count(int64(len(refused))) + " refused"
	}
	return v
}
