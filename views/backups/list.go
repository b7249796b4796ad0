package backups

import (
	"net/url"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// ListView is the list of backups.
type ListView struct {
	Page layout.Page
	Rows []Row
	// Jobs and Statuses are the choices of the filter.
	Jobs, Statuses []Choice
	// Filtered says that a filter is set, Start that the list's newest part is shown.
	Filtered, Start bool
	// NewestPath leads to the start of the list, OlderPath to the next part;
	// empty when there is none.
	NewestPath, OlderPath string
}

// Choice is one choice of a filter.
type Choice struct {
	Value, Label string
	Selected     bool
}

// ListQuery is what was asked of the list.
type ListQuery struct {
	JobID  string
	Status models.Status
	// Start says that the list is read from its newest backup.
	Start bool
	// Older is the mark of the next part; empty when there is none.
	Older string
}

// Row is one backup of the list.
type Row struct {
	ID, Label, Path string
	// Status is the contract's word.
	Status  models.Status
	Chip    components.Chip
	Trigger string
	Created components.Moment
	// Took is how long it took, or has taken so far; empty when it never started.
	Took string
	Size int64
	// Copies says how many of the copies are there, such as "2 of 2".
	Copies string
	// Proven is when it was last found equal; Disproven says that it was found not to be.
	Proven    components.Moment
	Disproven bool
	Warning   bool
}

// NewRow builds the row of a backup.
func NewRow(b models.Backup, now time.Time) Row {
	return Row{
		ID: b.ID, Label: b.Label, Path: Path(b.ID), Status: b.Status, Chip: backupChip(b),
		Trigger: TriggerWords(b.Trigger), Created: components.Ago(now, &b.CreatedAt), Took: took(b, now),
		Size: b.Size, Copies: copies(b), Proven: components.Ago(now, b.ProvenAt), Disproven: b.DisprovenAt != nil, Warning: b.Warnings != "",
	}
}

// NewListView builds the list.
func NewListView(page layout.Page, found []models.Backup, jobs []models.Job, q ListQuery, now time.Time) ListView {
	v := ListView{Page: page, Filtered: q.JobID != "" || q.Status != "", Start: q.Start, Jobs: jobChoices(jobs, q.JobID), Statuses: statusChoices(q.Status)}
	for _, b := range found {
		v.Rows = append(v.Rows, NewRow(b, now))
	}
	if !q.Start {
		v.NewestPath = listPath(q, "")
	}
	if q.Older != "" {
		v.OlderPath = listPath(q, q.Older)
	}
	return v
}

func listPath(q ListQuery, after string) string {
	values := url.Values{}
	for name, value := range map[string]string{"job": q.JobID, "status": string(q.Status), "after": after} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return "/backups"
	}
	return "/backups?" + values.Encode()
}

func jobChoices(jobs []models.Job, selected string) []Choice {
	choices := []Choice{{Label: "All jobs"}}
	for _, j := range jobs {
		label := j.Label
		if j.RemovedAt != nil {
			label += " (removed)"
		}
		choices = append(choices, Choice{Value: j.ID, Label: label, Selected: j.ID == selected})
	}
	return choices
}

func statusChoices(selected models.Status) []Choice {
	choices := []Choice{{Label: "Any status"}}
	for _, s := range []models.Status{models.StatusPending, models.StatusFinished, models.StatusFailed} {
		choices = append(choices, Choice{Value: string(s), Label: statusChip(s).Text, Selected: s == selected})
	}
	return choices
}

// took says how long the newest attempt took, or has taken so far.
func took(b models.Backup, now time.Time) string {
	if b.StartedAt == nil {
		return ""
	}
	end := now
	if b.SettledAt != nil && b.Status.Settled() {
		end = *b.SettledAt
	}
	return human.Duration(max(end.Sub(*b.StartedAt), 0))
}

// copies says how many of the copies are there.
func copies(b models.Backup) string {
	if len(b.DriveFiles) == 0 {
		return "none"
	}
	finished := 0
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			finished++
		}
	}
	return human.Count(int64(finished)) + " of " + human.Count(int64(len(b.DriveFiles)))
}
