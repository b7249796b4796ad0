package restores

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

const (
	// shownOverwrites bounds how many tables that would be overwritten are listed.
	shownOverwrites = 100
	// namedTables bounds how many chosen tables are named.
	namedTables = 12
)

// PlanView is the second step: what would happen, and the name to type.
type PlanView struct {
	Page layout.Page
	Head Head
	// Refused says why the restore was not started; empty before it was tried.
	Refused string
	// ChangePath leads back to the first step, StartPath is where the form is sent.
	ChangePath, StartPath string
	// Into names the target, Holds says in a sentence what it holds now.
	Into, Holds string
	Server      string
	// What says which part of the backup is restored.
	What string
	// Copies are the good ones, fastest first.
	Copies []PlanCopy
	// Overwrites are the tables that are lost, OverwrittenSize the size of what the whole
	// target holds; More counts the tables that are not listed.
	Overwrites []Overwrite
	More       int
	// Safety says how what is there is backed up first, or why it is not.
	Safety string
	// SafetyMissing says that nothing is backed up first.
	SafetyMissing bool
	// AskReplace says that the target holds something and that nobody has said yet to
	// replace it; SafelyPath and UnsafelyPath say so. SafelyPath is empty where no
	// safety backup can be made.
	AskReplace               bool
	SafelyPath, UnsafelyPath string
	Problems, Warnings       []string
	// LastTook says how long the newest restore took; empty when there was none.
	LastTook string
	// Replaces says that something is overwritten.
	Replaces bool
	// Locked says what is missing to open the dump; empty where nothing is. Encrypted says
	// that a key may be given, NeedsPassphrase and NeedsKey which.
	Locked                               string
	Encrypted, NeedsPassphrase, NeedsKey bool
	// Confirm is the word to type, Typed what was typed.
	Confirm, Typed string
}

// PlanCopy is one copy that could be read.
type PlanCopy struct {
	Drive, Provider, Why string
	// Chosen is the one that is read. ChoosePath takes another.
	Chosen     bool
	ChoosePath string
}

// Overwrite is one table that would be replaced.
type Overwrite struct {
	Name string
	// Rows is empty where the engine does not tell.
	Rows  string
	Bytes int64
}

// NewPlanView builds the second step from a plan that was made of the form.
func NewPlanView(page layout.Page, head Head, f Form, p models.RestorePlan, now time.Time) PlanView {
	v := PlanView{
		Page: page, Head: head, Into: into(p), Holds: holds(p, now), Server: backups.ServerWords(p.Provider, p.Target.Server), What: what(p), Copies: planCopies(f, p),
		Problems: sentences(p.Problems), Warnings: sentences(p.Warnings), Replaces: p.NeedsReplace, Confirm: p.Confirm,
		ChangePath: f.with(func(f *Form) { f.Planned = false }), StartPath: f.Path(),
	}
	v.Locked, v.Encrypted = human.Sentence(p.Locked), p.File.Encryption != ""
	v.NeedsPassphrase, v.NeedsKey = backups.Opens(p.File, p.Request.UploadID != "")
	if p.LastTook > 0 {
		v.LastTook = human.Duration(p.LastTook)
	}
	if p.Request.Target.Kind == models.TargetNew {
		return v // what is there under the name of a new database is a problem, and stays
	}
	for i, t := range p.Overwrites {
		if i == shownOverwrites {
			v.More = len(p.Overwrites) - shownOverwrites
			break
		}
		v.Overwrites = append(v.Overwrites, overwrite(t))
	}
	if p.NeedsReplace {
		v.addReplacing(f, p)
	}
	return v
}

// addReplacing says what becomes of what is there.
func (v *PlanView) addReplacing(f Form, p models.RestorePlan) {
	if !p.Request.Replace {
		v.AskReplace = true
		v.UnsafelyPath = f.with(func(f *Form) { f.Existing = ReplaceUnsafely })
		if p.SafetyJob != "" {
			v.SafelyPath = f.with(func(f *Form) { f.Existing = ReplaceSafely })
		}
		v.Safety = human.Sentence(p.NoSafety)
		return
	}
	switch {
	case p.Request.WithoutSafety:
		v.Safety, v.SafetyMissing = "Nothing of what is there is backed up first: you chose so.", true
	case p.SafetyJob != "":
		v.Safety = "Before anything is touched, the job " + p.SafetyJob + " backs up what is there. If that fails, nothing is overwritten."
	default:
		v.Safety, v.SafetyMissing = human.Sentence(p.NoSafety), true
	}
}

func sentences(all []string) []string {
	var found []string
	for _, s := range all {
		found = append(found, human.Sentence(s))
	}
	return found
}

// into names the target of a plan.
func into(p models.RestorePlan) string {
	switch p.Request.Target.Kind {
	case models.TargetFile:
		return "The new file " + p.TargetName
	case models.TargetNew:
		if p.Provider == "sqlite" {
			return "The new file " + p.TargetName + ", beside " + p.TargetLabel
		}
		return "The new database " + p.TargetName + ", on the server of " + p.TargetLabel
	}
	if p.Provider == "sqlite" {
		return "The file " + p.TargetName + " of " + p.TargetLabel
	}
	return "The database " + p.TargetName + " of " + p.TargetLabel
}

// holds says what the target holds now.
func holds(p models.RestorePlan, now time.Time) string {
	t := p.Target
	switch {
	case p.Request.Target.Kind == models.TargetFile && !t.Exists:
		return "It is not there yet. It gets the unpacked dump."
	case !t.Exists:
		return "It is not there yet and will be made."
	case t.Empty():
		return "It is there and empty."
	}
	said := "It holds " + human.Plural(int64(len(t.Tables)), "table")
	if t.Objects > 0 {
		said += ", " + human.Plural(int64(t.Objects), "other object")
	}
	if t.Size > 0 {
		said += ", " + human.Bytes(t.Size)
	}
	if t.ChangedAt != nil {
		said += "; last changed " + human.Age(now, *t.ChangedAt)
	}
	return said + "."
}

// what says which part of the backup is restored.
func what(p models.RestorePlan) string {
	if len(p.Request.Tables) == 0 && p.Hidden {
		return "Everything. What that is, is not known without the key"
	}
	if len(p.Request.Tables) == 0 {
		return "Everything: " + human.Plural(int64(len(p.Inventory.Tables)), "table") + ", " + human.Plural(p.Inventory.Rows(), "row")
	}
	return TableWords(p.Request.Tables)
}

// TableWords names the tables that were chosen.
func TableWords(tables []models.TableName) string {
	said := human.Plural(int64(len(tables)), "table") + ": "
	for i, t := range tables {
		switch {
		case i == namedTables:
			return said + " and " + human.Count(int64(len(tables)-namedTables)) + " more"
		case i > 0:
			said += ", "
		}
		said += t.String()
	}
	return said
}

func planCopies(f Form, p models.RestorePlan) []PlanCopy {
	var found []PlanCopy
	for _, c := range p.Copies {
		chosen := c.DriveFileID == f.Copy || f.Copy == "" && c.Proposed
		found = append(found, PlanCopy{Drive: c.Drive, Provider: backups.ProviderName(c.Provider), Why: c.Why, Chosen: chosen,
			ChoosePath: f.with(func(f *Form) { f.Copy = c.DriveFileID })})
	}
	return found
}

func overwrite(t models.TargetTable) Overwrite {
	o := Overwrite{Name: t.String(), Bytes: t.Bytes}
	if t.Rows >= 0 {
		o.Rows = human.Count(t.Rows)
	}
	return o
}

var overwriteColumns = []components.Column{{Title: "Table"}, {Title: "Rows, about", Number: true}, {Title: "Bytes", Number: true}}
