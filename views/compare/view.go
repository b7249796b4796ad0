package compare

import (
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// shownChanges bounds how many changed tables, and objects, a page lists.
const shownChanges = 500

// View is the page.
type View struct {
	Page  layout.Page
	Label string
	// BackPath leads back to the backup that was asked about.
	BackPath string
	// Choices are the other backups that it can be compared with.
	Choices []Choice
	// Before and After are the two; nil where there is no other backup to compare with.
	Before, After *Side
	// Problem says why the two could not be compared; empty when they were.
	Problem string
	// Summary is a sentence. Equal says that it is all there is to tell.
	Summary string
	Equal   bool
	Notes   []string
	Tables  []TableRow
	Objects []ObjectRow
	// MoreTables and MoreObjects count what is not listed.
	MoreTables, MoreObjects int
}

// Choice is one backup to compare with.
type Choice struct {
	ID, Words string
	Selected  bool
}

// Side is one of the two backups.
type Side struct {
	Path        string
	Made        components.Moment
	Rows, Bytes int64
}

// TableRow is one table that differs.
type TableRow struct {
	Name string
	Chip components.Chip
	// What says more than the numbers; empty when they say all.
	What string
	// RowsBefore and the others are empty on the side where there is no such table.
	RowsBefore, RowsAfter   string
	BytesBefore, BytesAfter string
}

// ObjectRow is one object that differs.
type ObjectRow struct {
	Kind, Name string
	Chip       components.Chip
}

// Facts is what is known of two backups of a job.
type Facts struct {
	// Asked is the backup whose page led here, Others those it can be compared with.
	Asked  models.Backup
	Others []models.Backup
	// Before and After are the two, the older first; nil where there are not two.
	Before, After *models.Backup
	Comparison    models.Comparison
	Problem       string
}

// New builds the page.
func New(page layout.Page, f Facts, now time.Time) View {
	v := View{Page: page, Label: f.Asked.Label, BackPath: backups.Path(f.Asked.ID), Problem: human.Sentence(f.Problem)}
	for _, b := range f.Others {
		selected := f.Before != nil && (b.ID == f.Before.ID || b.ID == f.After.ID)
		v.Choices = append(v.Choices, Choice{ID: b.ID, Words: choiceWords(b, now), Selected: selected})
	}
	if f.Before == nil || f.Problem != "" {
		return v
	}
	c := f.Comparison
	v.Before = &Side{Path: backups.Path(f.Before.ID), Made: components.Ago(now, &f.Before.CreatedAt), Rows: c.RowsBefore, Bytes: c.BytesBefore}
	v.After = &Side{Path: backups.Path(f.After.ID), Made: components.Ago(now, &f.After.CreatedAt), Rows: c.RowsAfter, Bytes: c.BytesAfter}
	v.Equal = len(c.Tables) == 0 && len(c.Objects) == 0
	v.Summary, v.Notes = summary(c), notes(c)
	v.addTables(c.Tables)
	v.addObjects(c.Objects)
	return v
}

func choiceWords(b models.Backup, now time.Time) string {
	return human.Exact(b.CreatedAt) + ", " + human.Age(now, b.CreatedAt)
}

func notes(c models.Comparison) []string {
	var found []string
	for _, n := range c.Notes {
		found = append(found, human.Sentence(n))
	}
	return found
}

// summary says in a sentence how the two differ.
func summary(c models.Comparison) string {
	switch same := len(c.Tables) == 0 && len(c.Objects) == 0; {
	case same && len(c.Notes) > 0:
		return "No difference was found in what can be compared: " + human.Plural(int64(c.Equal), "table") + " and " + human.Plural(c.RowsAfter, "row") + "."
	case same:
		return "Both hold the same: " + human.Plural(int64(c.Equal), "table") + " and " + human.Plural(c.RowsAfter, "row") + ", with the same digests."
	}
	var said []string
	for _, kind := range []models.ChangeKind{models.Added, models.Removed, models.Changed} {
		if n := count(c.Tables, kind); n > 0 {
			said = append(said, human.Plural(int64(n), "table")+" "+string(kind))
		}
	}
	said = append(said, human.Plural(int64(c.Equal), "table")+" equal")
	if n := len(c.Objects); n > 0 {
		said = append(said, human.Plural(int64(n), "other object differs", "other objects differ"))
	}
	return strings.Join(said, ", ") + "."
}

func count(changes []models.TableChange, kind models.ChangeKind) int {
	n := 0
	for _, t := range changes {
		if t.Kind == kind {
			n++
		}
	}
	return n
}

func (v *View) addTables(changes []models.TableChange) {
	for i, t := range changes {
		if i == shownChanges {
			v.MoreTables = len(changes) - shownChanges
			return
		}
		v.Tables = append(v.Tables, tableRow(t))
	}
}

func tableRow(t models.TableChange) TableRow {
	row := TableRow{Name: t.String(), Chip: chip(t.Kind), What: whatChanged(t)}
	if t.Kind != models.Added {
		row.RowsBefore, row.BytesBefore = human.Count(t.RowsBefore), human.Bytes(t.BytesBefore)
	}
	if t.Kind != models.Removed {
		row.RowsAfter, row.BytesAfter = human.Count(t.RowsAfter), human.Bytes(t.BytesAfter)
	}
	return row
}

func whatChanged(t models.TableChange) string {
	switch {
	case t.Kind != models.Changed:
		return ""
	case t.SameRows && t.Definition:
		return "other values, and made in another way"
	case t.SameRows:
		return "as many rows, other values"
	case t.Definition && t.RowsBefore == t.RowsAfter:
		return "made in another way"
	case t.Definition:
		return "other rows, and made in another way"
	}
	return "other rows"
}

func (v *View) addObjects(changes []models.ObjectChange) {
	for i, o := range changes {
		if i == shownChanges {
			v.MoreObjects = len(changes) - shownChanges
			return
		}
		name := models.TableName{Schema: o.Object.Schema, Name: o.Object.Name}
		v.Objects = append(v.Objects, ObjectRow{Kind: string(o.Object.Kind), Name: name.String(), Chip: chip(o.Kind)})
	}
}

func chip(k models.ChangeKind) components.Chip {
	switch k {
	case models.Added:
		return components.Chip{Tone: components.ToneGood, Icon: "plus", Text: "Added"}
	case models.Removed:
		return components.Chip{Tone: components.ToneBad, Icon: "circle", Text: "Removed"}
	}
	return components.Chip{Tone: components.ToneBusy, Icon: "compare", Text: "Changed"}
}

var (
	tableColumns = []components.Column{
		{Title: "Table"}, {Title: "Rows before", Number: true}, {Title: "Rows after", Number: true},
		{Title: "Bytes before", Number: true, Wide: true}, {Title: "Bytes after", Number: true, Wide: true},
	}
	objectColumns = []components.Column{{Title: "Object"}, {Title: "Kind"}, {Title: "Change", Number: true}}
)
