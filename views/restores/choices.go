package restores

import (
	"path"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// shownTables bounds how many tables can be ticked at a time; the filter finds the rest.
const shownTables = 200

// Facts is what is known of what is to be restored.
type Facts struct {
	// Backup is nil for an upload.
	Backup   *models.Backup
	Upload   *models.Upload
	Provider string
	// Inventory is empty where there is no manifest.
	Inventory models.Inventory
	// Sources are those in the configuration, of every kind.
	Sources []models.Source
	// Drives are by id.
	Drives map[string]models.Drive
}

// ChoiceView is the first step: what is restored, and where.
type ChoiceView struct {
	Page layout.Page
	Head Head
	Form Form
	// Problem says what is wrong with what was asked for; empty when nothing is.
	Problem string
	// Copies are the choices of where to read from; empty for an upload.
	Copies []Choice
	// Original is the label of the database that the backup is of; empty when that is not in the
	// configuration any more.
	Original string
	// Servers are the data sources of the right kind, Others those but the original.
	Servers, Others []Choice
	// File says that databases of this kind are files.
	File   bool
	Tables Tables
}

// Head says what is restored.
type Head struct {
	// Title names it, BackPath leads back to it.
	Title, BackPath, BackWords string
	// Came says how it came about, at the moment Made.
	Came string
	Made components.Moment
	Size int64
}

// Choice is one choice of several.
type Choice struct {
	Value, Label string
	Selected     bool
}

// Tables are those that can be chosen.
type Tables struct {
	// Shown are those that fit the filter, Kept the ones ticked that it leaves out.
	Shown []TableChoice
	Kept  []string
	// All counts every table, Hidden those that fit the filter and are not shown.
	All, Hidden int
}

// TableChoice is one table.
type TableChoice struct {
	Value, Name string
	Rows, Bytes int64
	Ticked      bool
}

// NewChoiceView builds the first step.
func NewChoiceView(page layout.Page, head Head, facts Facts, f Form, problem string) ChoiceView {
	v := ChoiceView{Page: page, Head: head, Form: withDefaults(f, facts), Problem: human.Sentence(problem), File: facts.Provider == "sqlite"}
	v.Copies = copyChoices(facts, v.Form.Copy)
	for _, s := range facts.Sources {
		if s.Provider != facts.Provider || s.RemovedAt != nil {
			continue
		}
		v.Servers = append(v.Servers, Choice{Value: s.ID, Label: s.Label, Selected: s.ID == v.Form.Server})
		if facts.Backup != nil && s.ID == facts.Backup.SourceID {
			v.Original = s.Label
			continue
		}
		v.Others = append(v.Others, Choice{Value: s.ID, Label: s.Label, Selected: s.ID == v.Form.Other})
	}
	v.Tables = newTables(facts.Inventory.Tables, v.Form)
	return v
}

// withDefaults chooses what a person has not: a new database beside the original,
// which touches nothing that is there.
func withDefaults(f Form, facts Facts) Form {
	fit := func(s models.Source) bool { return s.Provider == facts.Provider && s.RemovedAt == nil }
	own := func(s models.Source) bool { return facts.Backup != nil && s.ID == facts.Backup.SourceID }
	if f.Server == "" {
		at := slices.IndexFunc(facts.Sources, func(s models.Source) bool { return fit(s) && own(s) })
		if at < 0 {
			at = slices.IndexFunc(facts.Sources, fit)
		}
		if at >= 0 {
			f.Server = facts.Sources[at].ID
		}
	}
	if f.Database == "" {
		f.Database = newName(facts)
	}
	if f.File == "" && facts.Backup != nil {
		f.File = unpackedName(facts.Backup.FileName)
	}
	if f.Into == "" {
		f.Into = IntoNew
		if f.Server == "" {
			f.Into = IntoFile
		}
	}
	return f
}

// newName proposes the name of a database that is not there yet.
func newName(facts Facts) string {
	database := facts.Inventory.Database
	if facts.Provider == "sqlite" {
		base := path.Base(database)
		ending := path.Ext(base)
		if stem := strings.TrimSuffix(base, ending); stem != "" && stem != "." && stem != "/" {
			return stem + "-restored" + ending
		}
		return "restored.sqlite"
	}
	if database == "" {
		return "restored"
	}
	return database + "_restored"
}

// unpackedName is the name of a dump file without what says how it is packed.
func unpackedName(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".age"), ".zst"), ".gz")
}

func copyChoices(facts Facts, selected string) []Choice {
	if facts.Backup == nil {
		return nil
	}
	choices := []Choice{{Label: "The fastest good copy", Selected: selected == ""}}
	for _, f := range facts.Backup.DriveFiles {
		if f.Status != models.StatusFinished {
			continue
		}
		label := "a drive that is gone"
		if d, ok := facts.Drives[f.DriveID]; ok {
			label = d.Label
		}
		choices = append(choices, Choice{Value: f.ID, Label: label + " · " + backups.ProviderName(f.Provider), Selected: f.ID == selected})
	}
	return choices
}

func newTables(all []models.TableDigest, f Form) Tables {
	ticked := map[models.TableName]bool{}
	for _, t := range f.Tables {
		ticked[t] = true
	}
	found, fitting := Tables{All: len(all)}, 0
	for _, t := range all {
		name := models.TableName{Schema: t.Schema, Name: t.Name}
		fits := strings.Contains(strings.ToLower(name.String()), strings.ToLower(f.Find))
		if fits {
			fitting++
		}
		switch {
		case fits && len(found.Shown) < shownTables:
			found.Shown = append(found.Shown, TableChoice{Value: tableValue(name), Name: name.String(), Rows: t.Rows, Bytes: t.Bytes, Ticked: ticked[name]})
		case ticked[name]:
			found.Kept = append(found.Kept, tableValue(name))
		}
	}
	found.Hidden = fitting - len(found.Shown)
	return found
}
