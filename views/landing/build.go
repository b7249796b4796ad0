package landing

import (
	"cmp"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/alarms"
)

// Build is the page without its frame, which is the same for everybody: what is to be
// shown of everything that is known.
type Build struct {
	Alarms  []alarms.View
	Left    []LeftOut
	Summary Summary
	// Rows are all of them, the worst first.
	Rows []Row
	// facts are what is known of each job, by its id.
	facts map[string]JobFacts
}

// NewBuild decides what is to be shown.
func NewBuild(facts Facts, now time.Time) *Build {
	known := databases(facts.Jobs, facts.Sources)
	b := &Build{Left: facts.Left, Summary: newSummary(known, facts, now), facts: make(map[string]JobFacts, len(facts.Jobs))}
	labels := map[string]string{}
	for _, f := range facts.Jobs {
		labels[f.Job.ID], b.facts[f.Job.ID] = f.Job.Label, f
	}
	for _, a := range facts.Alarms {
		b.Alarms = append(b.Alarms, alarms.New(a, cmp.Or(labels[a.JobID], "a job that is gone"), false, now))
	}
	for _, d := range known {
		b.Rows = append(b.Rows, newRow(d, facts, now))
	}
	slices.SortStableFunc(b.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Name, b.Name))
	})
	return b
}

// View returns one part of the page; the first or the last where there is no such part.
func (b *Build) View(part int) View {
	all := max(1, (len(b.Rows)+rowsOfPart-1)/rowsOfPart)
	part = min(max(1, part), all)
	from, to := (part-1)*rowsOfPart, min(part*rowsOfPart, len(b.Rows))
	return View{Alarms: b.Alarms, Left: b.Left, Summary: b.Summary, Rows: b.Rows[from:to],
		Parts: Parts{Part: part, All: all, First: from + 1, Last: to, Databases: len(b.Rows)}}
}

// Job returns the card of a job and the row that it is in; nil when there is none.
func (b *Build) Job(id string) (*JobCard, *Row) {
	for i := range b.Rows {
		for j := range b.Rows[i].Jobs {
			if b.Rows[i].Jobs[j].ID == id {
				return &b.Rows[i].Jobs[j], &b.Rows[i]
			}
		}
	}
	return nil, nil
}

// Running returns the newest backup of a job that was running; empty when none was.
func (b *Build) Running(jobID string) (backupID string) {
	if f, known := b.facts[jobID]; known && Judge(f) == Running {
		return f.Newest.ID
	}
	return ""
}

// Follow returns the card of a job whose run goes on, with its newest backup as it is by now.
func (b *Build) Follow(jobID string, newest models.Backup, now time.Time) *JobCard {
	before, _ := b.Job(jobID)
	if before == nil {
		return nil
	}
	f := b.facts[jobID]
	f.Newest = &newest
	card := NewJobCard(f, now)
	card.Alone, card.Named = before.Alone, before.Named
	return &card
}
