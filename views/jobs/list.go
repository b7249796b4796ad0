package jobs

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/landing"
	"github.com/backupman/backupman/views/plan"
)

// ListFacts is what is known of all jobs.
type ListFacts struct {
	Jobs   []ListJob
	Drives map[string]models.Drive
	// Find narrows to jobs whose label, source or drive has it.
	Find string
	// Plans says that jobs can be made here.
	Plans bool
	// Done is what was done just now; empty for nothing.
	Done string
	// Part is which part of the list is asked for, from 1.
	Part int
	// Left are those that are set up and do not run.
	Left []plan.Left
}

// ListJob is what is known of one job.
type ListJob struct {
	models.JobSummary
	// Words say when it runs, as those of Timing.
	Words string
	// Next is nil when nothing is planned.
	Next *time.Time
}

// ListView is the list of jobs.
type ListView struct {
	// Rows are those of one part of the list.
	Rows  []ListRow
	Parts Parts
	// All counts the jobs, also those that Find leaves out.
	All       int
	Find      string
	FindShown bool
	Plans     bool
	Done      string
	// Left are those that are set up and do not run.
	Left []plan.Left
}

// ListRow is one job of the list.
type ListRow struct {
	ID, Label, Path string
	Source          string
	Drives          []components.Chip
	// When and Zone say when it runs, Kept how long its backups are kept.
	When, Expression, Zone, Kept string
	Last                         LastRun
	Next                         components.Moment
	NextIn                       components.Moment
	Paused                       components.Moment
	Run                          components.Action
	Toggle                       *components.Action
}

// LastRun is how the newest run of a job went; its Path is empty when there was none.
type LastRun struct {
	Path string
	Chip components.Chip
	At   components.Moment
	// JobID is the job's.
	JobID string
	// LookPath is where to look again while it runs; empty once it has ended.
	LookPath string
}

// looking has the one on narrow screens look again for both.
func (l LastRun) looking() templ.Attributes {
	if l.LookPath == "" {
		return templ.Attributes{}
	}
	return templ.Attributes{"hx-get": l.LookPath, "hx-trigger": "every 3s", "hx-swap": "outerHTML"}
}

// wide names the one on wide screens.
func (l LastRun) wide() templ.Attributes { return templ.Attributes{"id": "last-" + l.JobID} }

// renewed puts it in the place of the one that is there.
func (l LastRun) renewed() templ.Attributes {
	return templ.Attributes{"id": "last-" + l.JobID, "hx-swap-oob": "outerHTML"}
}

// findFrom is how many jobs there must be for a field to find one.
const findFrom = 8

// NewListView builds one part of the list.
func NewListView(f ListFacts, now time.Time) ListView {
	v := ListView{All: len(f.Jobs), Find: f.Find, FindShown: len(f.Jobs) >= findFrom || f.Find != "", Plans: f.Plans, Done: f.Done, Left: f.Left}
	found := make([]ListJob, 0, len(f.Jobs))
	for _, j := range f.Jobs {
		if f.finds(j) {
			found = append(found, j)
		}
	}
	slices.SortFunc(found, func(a, b ListJob) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Job.Label), strings.ToLower(b.Job.Label)), cmp.Compare(a.Job.Label, b.Job.Label))
	})
	v.Parts = newParts(f.Find, f.Part, len(found))
	for _, j := range found[v.Parts.first:v.Parts.last] {
		v.Rows = append(v.Rows, newListRow(j, f, v.Parts.here(), now))
	}
	return v
}

// newListRow builds the row of a job in the part of the list that is at an address.
func newListRow(j ListJob, f ListFacts, here string, now time.Time) ListRow {
	job := j.Job
	row := ListRow{
		ID: job.ID, Label: job.Label, Path: Path(job.ID), Source: j.source(),
		When: scheduleWords(job.Cron, j.Words), Expression: expression(job.Cron), Kept: keptShort(job), Last: NewLastRun(job.ID, j.Newest, now), Paused: components.Ago(now, job.PausedAt),
		Run:    components.Action{ID: "run-" + job.ID, Path: Path(job.ID) + "/run", Label: "Run now", Icon: "play", About: job.Label, Needs: models.ScopeRun},
		Toggle: toggle(job),
	}
	if job.Cron != "" {
		row.Zone = zoneOf(job).String()
	}
	if row.Toggle != nil {
		row.Toggle.ID, row.Toggle.Primary = row.Toggle.ID+"-"+job.ID, false
		row.Toggle.Bare = true
		row.Toggle.Path += "?" + url.Values{"next": {here}}.Encode()
	}
	for _, name := range f.drives(job) {
		row.Drives = append(row.Drives, components.Chip{Tone: components.ToneQuiet, Text: name})
	}
	if j.Next != nil && job.PausedAt == nil {
		row.Next, row.NextIn = clock(*j.Next, job, now), components.Ago(now, j.Next)
	}
	return row
}

// source names the source of a job, and of which kind it is.
func (j ListJob) source() string {
	name := cmp.Or(j.SourceLabel, "its source is gone")
	if j.SourceProvider != "" {
		name += " · " + backups.ProviderName(j.SourceProvider)
	}
	return name
}

// drives are the labels of a job's drives.
func (f ListFacts) drives(job models.Job) []string {
	names := make([]string, len(job.DriveIDs))
	for i, id := range job.DriveIDs {
		names[i] = "a drive that is gone"
		if d, ok := f.Drives[id]; ok {
			names[i] = d.Label
		}
	}
	return names
}

// finds reports whether a job has what is looked for in one of its names.
func (f ListFacts) finds(j ListJob) bool {
	if f.Find == "" {
		return true
	}
	find := strings.ToLower(f.Find)
	return slices.ContainsFunc(append(f.drives(j.Job), j.Job.Label, j.source()), func(name string) bool { return strings.Contains(strings.ToLower(name), find) })
}

// keptShort says the rules of a job in few words.
func keptShort(job models.Job) string {
	words := shortRules(job.Retention)
	if len(job.DriveRetention) > 0 {
		words += ", others on " + human.Plural(int64(len(job.DriveRetention)), "drive")
	}
	return words
}

func shortRules(r models.Retention) string {
	var parts []string
	if r.Last > 0 {
		parts = append(parts, "the last "+human.Count(int64(r.Last)))
	}
	if periods := periodWords(r); periods != "" {
		parts = append(parts, periods)
	}
	if r.Within > 0 {
		parts = append(parts, "all of "+human.Length(r.Within))
	}
	if r.MaxSize > 0 {
		parts = append(parts, "at most "+human.Bytes(r.MaxSize))
	}
	if len(parts) == 0 {
		return "Everything"
	}
	return capital(strings.Join(parts, ", "))
}

// NewLastRun tells how a job's newest backup went; nil is none.
func NewLastRun(jobID string, b *models.Backup, now time.Time) LastRun {
	if b == nil {
		return LastRun{JobID: jobID, Chip: components.Chip{Tone: components.ToneQuiet, Icon: "circle", Text: "None yet"}}
	}
	last := LastRun{JobID: jobID, Path: backups.Path(b.ID), At: components.Ago(now, &b.CreatedAt)}
	switch {
	case b.Status == models.StatusPending:
		last.Chip = components.Chip{Tone: components.ToneBusy, Icon: "turning", Text: "Running"}
		last.LookPath = Path(jobID) + "/last"
	case b.Cancelled():
		last.Chip = backups.CancelledChip
	case b.Status == models.StatusFailed:
		last.Chip = components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Failed"}
	case b.DisprovenAt != nil:
		last.Chip = components.Chip{Tone: components.ToneBad, Icon: "warning", Text: "Disproven"}
	case b.ProvenAt != nil:
		last.Chip = components.Chip{Tone: components.ToneGood, Icon: "shield", Text: "Proven"}
	default:
		last.Chip = components.Chip{Tone: components.ToneGood, Icon: "check", Text: "Finished"}
	}
	return last
}

// pausedChip marks jobs whose schedule rests.
var pausedChip = landing.PausedChip

var listColumns = []components.Column{{Title: "Job"}, {Title: "When", Wide: true}, {Title: "Kept", Wide: true}, {Title: "Last run", Wide: true}, {Title: "Next run", Wide: true}, {Title: "Actions", Plain: true}}
