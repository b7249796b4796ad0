package setup

import (
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/views/sources"
)

// What the form of drives can be sent for besides plan.DoAnyway: to add the new one and
// stay, or to add what was filled in and go on.
const (
	DoAdd      = "add"
	DoContinue = "continue"
)

// StartView is the step that chooses the kind of database.
type StartView struct {
	Page    layout.Page
	Choices []plan.Choice
	// Sources are those that are there and that nothing backs up yet.
	Sources []sources.Line
}

// SourceView is the step with the form of the database.
type SourceView struct {
	Page layout.Page
	Form plan.FormView
}

// CheckView is the step that shows what was found.
type CheckView struct {
	Page      layout.Page
	ID, Label string
	Check     sources.CheckView
	// Good says that all is well; Editable that it was set up on a page.
	Good, Editable bool
	// Unknown says that nothing was checked yet.
	Unknown bool
	// Poll is where the part is asked for while the check runs.
	Poll string
}

// NewCheckView builds the step.
func NewCheckView(page layout.Page, f sources.Facts, now time.Time) CheckView {
	v := CheckView{Page: page, ID: f.Source.ID, Label: f.Source.Label, Check: sources.NewCheckView(f, now), Editable: f.Origin == models.OriginPage}
	v.Good = v.Check.Found != nil && v.Check.Found.Good
	path := CheckPath(v.ID)
	v.Check.Poll, v.Check.Again.Path, v.Check.Again.Swap, v.Check.Again.Label = "", path, "closest [data-check-step]", "Check again"
	if v.Unknown = f.Trial == nil && f.Problem == "" && !f.Checking; v.Unknown {
		v.Check.Again.Label, v.Check.Again.Primary = "Check now", true
	}
	if v.Check.Checking {
		v.Poll = path
	}
	return v
}

// DrivesView is the step that chooses where copies go.
type DrivesView struct {
	Page                  layout.Page
	SourceID, SourceLabel string
	// Found is what is known of the source, in a line; empty when nothing is.
	Found string
	// Drives are those that can be ticked, and Ticked are the ids of those that are.
	Drives []components.Option
	Ticked []string
	// Wanting are drives that do not work as they are.
	Wanting []Wanting
	// Kinds lead to the form of one more; New is that form, nil when none is open.
	Kinds []plan.Choice
	New   *plan.FormView
	// Problem is why the step was not passed; empty when it was not tried. Added names
	// what has just been added.
	Problem, Added string
}

// Wanting is a drive that somebody has to see to.
type Wanting struct{ Label, Words, Path string }

// fewDrives is up to how many drives all are ticked before anybody has chosen.
const fewDrives = 4

// NewDrivesView builds the step without the form of a new drive. Chosen are the ids of what
// is ticked, nil before anybody has chosen.
func NewDrivesView(page layout.Page, f sources.Facts, all []drives.Facts, chosen []string) DrivesView {
	v := DrivesView{Page: page, SourceID: f.Source.ID, SourceLabel: f.Source.Label}
	if f.Trial != nil && f.Trial.Good() {
		v.Found = plan.NewFound(*f.Trial).Summary()
	}
	for _, d := range all {
		v.add(d)
		if slices.Contains(chosen, d.Drive.ID) || chosen == nil && len(all) <= fewDrives {
			v.Ticked = append(v.Ticked, d.Drive.ID)
		}
	}
	for i, w := range v.Wanting {
		v.Wanting[i].Path = drives.PathBackTo(w.Path, DrivesOf(v.SourceID, v.Ticked...))
	}
	return v
}

func (v *DrivesView) add(d drives.Facts) {
	card := drives.NewCard(d, time.Time{})
	hint := card.Provider
	if card.Where != "" {
		hint += " · " + card.Where
	}
	v.Drives = append(v.Drives, components.Option{Value: card.ID, Label: card.Label, Hint: hint + " · " + strings.ToLower(card.Chip.Text)})
	if card.Failing && !card.Checking {
		v.Wanting = append(v.Wanting, Wanting{Label: card.Label, Words: card.Error, Path: card.ID})
	}
}

// Open opens the form of a new drive.
func (v *DrivesView) Open(form plan.FormView) {
	v.New = &form
}

// Choose lets one more drive be added: the kinds, each of which opens its form.
func (v *DrivesView) Choose(kinds []models.Kind) {
	v.Kinds = plan.Choices(plan.Drives, kinds, func(provider string) string {
		return DrivesOf(v.SourceID, v.Ticked...) + "&provider=" + provider + "#new-drive"
	})
}

func (v DrivesView) addTitle() string {
	if len(v.Drives) == 0 {
		return "Where should copies go?"
	}
	return "Add another place"
}

// lead says what the step is about.
func (v DrivesView) lead() string {
	return "Each backup of " + v.SourceLabel + " is copied to every place that is ticked. " + human.Sentence("two places, one of them somewhere else, survive a fire")
}
