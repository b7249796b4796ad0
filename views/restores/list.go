package restores

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// ListView is the list of restores, and the list of drills below it.
type ListView struct {
	Page     layout.Page
	Restores []RestoreRow
	Drills   []DrillRow
	// Parts lead through each of the two lists.
	RestoreParts, DrillParts Parts
	// Filter is what the lists are narrowed by.
	Filter FilterView
	// DrillNow drills the newest backup, where there is no drill yet; nil where there is
	// none to drill.
	DrillNow *components.Action
	// LookPath is where the lists look again while something in them runs; empty when
	// nothing does.
	LookPath string
}

// Parts lead from one part of a list to others; empty paths lead nowhere.
type Parts struct {
	NewestPath, OlderPath string
}

// ListQuery is what was asked of the two lists.
type ListQuery struct {
	Filter Filter
	// After and DrillsAfter mark where each starts; empty for its newest.
	After, DrillsAfter string
	// Older and DrillsOlder mark the next part of each; empty when there is none.
	Older, DrillsOlder string
}

// RestoreRow is one restore of the list.
type RestoreRow struct {
	ID, Path, Label string
	Chip            components.Chip
	// Into names the target, What the part of the backup.
	Into, What string
	Created    components.Moment
	Took       string
}

// DrillRow is one drill of the list.
type DrillRow struct {
	ID, Path, Label string
	Chip            components.Chip
	// Level says how far it came, Reason is the first of its sentences.
	Level, Reason string
	Created       components.Moment
	Took          string
}

// NewListView builds the two lists. Labels are those of jobs, by id.
func NewListView(page layout.Page, restores []models.Restore, drills []models.Drill, labels map[string]string, q ListQuery, now time.Time) ListView {
	v := ListView{Page: page, RestoreParts: q.parts(false), DrillParts: q.parts(true), Filter: newFilterView(q.Filter, labels)}
	for _, r := range restores {
		v.Restores = append(v.Restores, newRestoreRow(r, now))
		if r.Status == models.StatusPending {
			v.LookPath = q.path(q.After, q.DrillsAfter)
		}
	}
	for _, d := range drills {
		v.Drills = append(v.Drills, newDrillRow(d, drillLabel(d, Known{Jobs: labels}), now))
		if d.Running() {
			v.LookPath = q.path(q.After, q.DrillsAfter)
		}
	}
	return v
}

func newRestoreRow(r models.Restore, now time.Time) RestoreRow {
	row := RestoreRow{ID: r.ID, Path: Path(r.ID), Label: r.Label, Chip: restoreChip(r.Status), Into: "Into " + targetWords(r), Created: components.Ago(now, &r.CreatedAt)}
	if !r.Whole() {
		row.What = TableWords(r.Tables)
	}
	if r.RestoreTook > 0 {
		row.Took = human.Duration(r.RestoreTook)
	}
	return row
}

func newDrillRow(d models.Drill, label string, now time.Time) DrillRow {
	row := DrillRow{ID: d.ID, Path: backups.DrillPath(d.ID), Label: label, Chip: backups.DrillChip(d.Outcome), Level: human.Sentence(backups.LevelWords(d.Level)), Created: components.Ago(now, &d.CreatedAt)}
	if reasons := human.Sentences(d.Reason); len(reasons) > 0 && d.Outcome != models.DrillProven {
		row.Reason = reasons[0]
	}
	if d.RestoreTook > 0 {
		row.Took = human.Duration(d.RestoreTook)
	}
	return row
}

// parts lead through one of the lists and leave the other where it is.
func (q ListQuery) parts(ofDrills bool) Parts {
	at, older := q.After, q.Older
	to := func(mark string) string { return q.path(mark, q.DrillsAfter) }
	if ofDrills {
		at, older = q.DrillsAfter, q.DrillsOlder
		to = func(mark string) string { return q.path(q.After, mark) + "#drills" }
	}
	p := Parts{}
	if at != "" {
		p.NewestPath = to("")
	}
	if older != "" {
		p.OlderPath = to(older)
	}
	return p
}

func (q ListQuery) path(after, drillsAfter string) string {
	values := q.Filter.values()
	if after != "" {
		values.Set("after", after)
	}
	if drillsAfter != "" {
		values.Set("drills-after", drillsAfter)
	}
	if len(values) == 0 {
		return "/restores"
	}
	return "/restores?" + values.Encode()
}

var (
	restoreColumns = []components.Column{{Title: "Status", Wide: true}, {Title: "Restore"}, {Title: "Started"}, {Title: "Restoring took", Number: true, Wide: true}}
	drillColumns   = []components.Column{{Title: "Outcome", Wide: true}, {Title: "Drill of"}, {Title: "Started"}, {Title: "Restoring took", Number: true, Wide: true}}
)
