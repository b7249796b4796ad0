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
	Page  layout.Page
	Rows  []Row
	Query ListQuery
	// Jobs and the others are the choices of the filter.
	Jobs, Sources, Drives, Statuses, Proofs []components.Option
	// Active are what the list is narrowed by, each with the way to leave it out.
	Active []ActiveFilter
	// Filtered says that a filter is set, Start that the list's newest part is shown.
	Filtered, Start bool
	// NewestPath leads to the start of the list, NewerPath and OlderPath to the parts beside
	// this one; empty when there is none. Here is the address of this part.
	NewestPath, NewerPath, OlderPath, Here string
}

// ActiveFilter is one thing that a list is narrowed by.
type ActiveFilter struct{ Words, Path string }

// ListQuery is what was asked of the list.
type ListQuery struct {
	JobID, SourceID, DriveID string
	// Status may also be StatusCancelled.
	Status models.Status
	Proof  models.Proof
	Pinned bool
	// From and To are days, as a form writes them; empty when the list is not bounded.
	From, To string
	// Start says that the list is read from its newest backup.
	Start bool
	// After is the mark of this part, Older that of the next and Newer that of the one before;
	// empty when there is none.
	After, Older, Newer string
}

// StatusCancelled narrows the list to backups that somebody cancelled, which the list of failed
// ones leaves out. It is a word of the list alone: such a backup is failed everywhere else.
const StatusCancelled models.Status = "cancelled"

// Choices are what the filter offers.
type Choices struct {
	Jobs    []models.Job
	Sources []models.Source
	Drives  []models.Drive
}

// Row is one backup of the list.
type Row struct {
	ID, Label, Path string
	// Status is the contract's word.
	Status models.Status
	// Cancelled says that it is failed only because somebody cancelled it.
	Cancelled bool
	Chip      components.Chip
	Trigger   string
	Created   components.Moment
	// Took is how long it took, or has taken so far; empty when it never started.
	Took string
	Size int64
	// Copies says how many of the copies are there, such as "2 of 2".
	Copies string
	Proof  ProofMark
	// Pinned says that somebody asked for it to be kept.
	Pinned  bool
	Warning bool
}

// ProofMark says in a word how well a backup is proven.
type ProofMark struct {
	// Proven is when it was last found equal; Disproven says that it was found not to be.
	Proven    components.Moment
	Disproven bool
}

// NewProofMark returns what is known of a backup's proof.
func NewProofMark(b models.Backup, now time.Time) ProofMark {
	return ProofMark{Proven: components.Ago(now, b.ProvenAt), Disproven: b.DisprovenAt != nil}
}

// NewRow builds the row of a backup.
func NewRow(b models.Backup, now time.Time) Row {
	return Row{
		ID: b.ID, Label: b.Label, Path: Path(b.ID), Status: b.Status, Cancelled: b.Cancelled(), Chip: backupChip(b),
		Trigger: TriggerWords(b.Trigger), Created: components.Ago(now, &b.CreatedAt), Took: took(b, now),
		Size: b.Size, Copies: copies(b), Proof: NewProofMark(b, now), Pinned: b.Pinned(now), Warning: b.Warnings != "",
	}
}

// NewListView builds the list.
func NewListView(page layout.Page, found []models.Backup, from Choices, q ListQuery, now time.Time) ListView {
	v := ListView{Page: page, Query: q, Start: q.Start, Jobs: jobOptions(from.Jobs), Sources: sourceOptions(from.Sources), Drives: driveOptions(from.Drives),
		Statuses: statusOptions(), Proofs: proofOptions(), Here: listPath(q, "after", q.After)}
	for _, b := range found {
		v.Rows = append(v.Rows, NewRow(b, now))
	}
	v.Active = v.active()
	v.Filtered = len(v.Active) > 0
	if !q.Start {
		v.NewestPath = listPath(q, "", "")
	}
	if q.Newer != "" {
		v.NewerPath = listPath(q, "before", q.Newer)
	}
	if q.Older != "" {
		v.OlderPath = listPath(q, "after", q.Older)
	}
	return v
}

// active tells what the list is narrowed by, in words.
func (v ListView) active() []ActiveFilter {
	q := v.Query
	var all []ActiveFilter
	add := func(what, words string, without ListQuery) {
		if words != "" {
			all = append(all, ActiveFilter{Words: what + words, Path: listPath(without, "", "")})
		}
	}
	without := func(change func(*ListQuery)) ListQuery { other := q; change(&other); return other }
	add("Job: ", labelOf(v.Jobs, q.JobID), without(func(o *ListQuery) { o.JobID = "" }))
	add("Source: ", labelOf(v.Sources, q.SourceID), without(func(o *ListQuery) { o.SourceID = "" }))
	add("Drive: ", labelOf(v.Drives, q.DriveID), without(func(o *ListQuery) { o.DriveID = "" }))
	add("", labelOf(v.Statuses, string(q.Status)), without(func(o *ListQuery) { o.Status = "" }))
	add("", labelOf(v.Proofs, string(q.Proof)), without(func(o *ListQuery) { o.Proof = "" }))
	add("From ", q.From, without(func(o *ListQuery) { o.From = "" }))
	add("To ", q.To, without(func(o *ListQuery) { o.To = "" }))
	if q.Pinned {
		add("", "Pinned", without(func(o *ListQuery) { o.Pinned = false }))
	}
	return all
}

// labelOf is the label of a choice; the value itself when it is none of them.
func labelOf(options []components.Option, value string) string {
	for _, o := range options {
		if o.Value == value && value != "" {
			return o.Label
		}
	}
	return value
}

// listPath is the address of a part of the list: the one behind, or before, a mark.
func listPath(q ListQuery, beside, mark string) string {
	values := url.Values{}
	for name, value := range map[string]string{"job": q.JobID, "source": q.SourceID, "drive": q.DriveID, "status": string(q.Status), "proof": string(q.Proof),
		"pinned": pinnedValue(q.Pinned), "from": q.From, "to": q.To, beside: mark} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return "/backups"
	}
	return "/backups?" + values.Encode()
}

func jobOptions(jobs []models.Job) []components.Option {
	options := []components.Option{{Label: "All jobs"}}
	for _, j := range jobs {
		options = append(options, components.Option{Value: j.ID, Label: removedWords(j.Label, j.RemovedAt)})
	}
	return options
}

func sourceOptions(sources []models.Source) []components.Option {
	options := []components.Option{{Label: "All sources"}}
	for _, s := range sources {
		options = append(options, components.Option{Value: s.ID, Label: removedWords(s.Label, s.RemovedAt)})
	}
	return options
}

func driveOptions(drives []models.Drive) []components.Option {
	options := []components.Option{{Label: "All drives"}}
	for _, d := range drives {
		options = append(options, components.Option{Value: d.ID, Label: removedWords(d.Label, d.RemovedAt)})
	}
	return options
}

// removedWords marks what has left the configuration.
func removedWords(label string, at *time.Time) string {
	if at != nil {
		return label + " (removed)"
	}
	return label
}

func statusOptions() []components.Option {
	options := []components.Option{{Label: "Any status"}}
	for _, s := range []models.Status{models.StatusPending, models.StatusFinished, models.StatusFailed} {
		options = append(options, components.Option{Value: string(s), Label: statusChip(s).Text})
	}
	return append(options, components.Option{Value: string(StatusCancelled), Label: CancelledChip.Text})
}

func proofOptions() []components.Option {
	return []components.Option{{Label: "Any proof"}, {Value: string(models.ProofProven), Label: "Proven"},
		{Value: string(models.ProofUnproven), Label: "Not proven"}, {Value: string(models.ProofDisproven), Label: "Disproven"}}
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
