package landing

import (
	"sort"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// View is the whole page.
type View struct {
	Page    layout.Page
	Summary Summary
	Jobs    []JobCard
}

// JobCard is one job.
type JobCard struct {
	ID, Label string
	// Source says which database it is, such as "shop · SQLite".
	Source  string
	State   State
	Chip    components.Chip
	Verdict string
	// Problem is why the newest run failed, or what its drill found; empty otherwise.
	Problem string
	Proven  CardBackup
	Newest  CardBackup
	// NextRun is unknown when the job runs only when asked.
	NextRun components.Moment
	NextIn  components.Moment
	Run     components.Action
	// Live is the newest backup while it is pending.
	Live *backups.Live
	// FollowPath leads to the backup that the verdict is about, where there is
	// more to see; FollowWords are empty where there is not.
	FollowPath, FollowWords string
}

// CardBackup is one backup as a card tells it; the zero one is none.
type CardBackup struct {
	Path string
	Age  components.Moment
	Size int64
}

// NewView builds the page from what is known of every job, and of the drives in trouble.
func NewView(page layout.Page, facts []JobFacts, drives []DriveTrouble, now time.Time) View {
	v := View{Page: page, Summary: NewSummary(facts, drives, now)}
	for _, f := range facts {
		v.Jobs = append(v.Jobs, NewJobCard(f, now))
	}
	sort.SliceStable(v.Jobs, func(i, j int) bool {
		a, b := v.Jobs[i], v.Jobs[j]
		if a.State != b.State {
			return a.State < b.State
		}
		return a.Label < b.Label
	})
	return v
}

// NewJobCard builds the card of one job.
func NewJobCard(f JobFacts, now time.Time) JobCard {
	state := Judge(f)
	card := JobCard{
		ID: f.Job.ID, Label: f.Job.Label, Source: sourceName(f), State: state, Chip: state.chip(),
		Verdict: verdict(state, f, now), Problem: problem(state, f),
		Proven: cardBackup(f.NewestProven, now), Newest: cardBackup(newestGood(f), now),
		Run: components.Action{
			ID: "run-" + f.Job.ID, Path: "/jobs/" + f.Job.ID + "/run", Label: "Run now", Icon: "play", About: f.Job.Label,
			Swap: "closest article", Waits: state == Running && f.Newest.DumpedAt == nil, Primary: state == Never || state == Overdue,
		},
	}
	card.FollowPath, card.FollowWords = follow(state, f)
	if state == Running {
		live := backups.NewLive(*f.Newest, backups.Known{Last: f.NewestFinished}, now)
		card.Live = &live
	}
	if f.NextRun != nil {
		card.NextRun, card.NextIn = components.At(*f.NextRun, zone(f.Job)), components.Ago(now, f.NextRun)
	}
	return card
}

func follow(s State, f JobFacts) (path, words string) {
	switch s {
	case Damaged:
		return backups.Path(f.NewestFinished.ID), "See what happened"
	case Failing:
		return backups.Path(f.Newest.ID), "See what happened"
	case Running:
		return backups.Path(f.Newest.ID), "Follow this run"
	}
	return "", ""
}

func problem(s State, f JobFacts) string {
	switch s {
	case Failing:
		return human.Sentence(f.Newest.Error)
	case Damaged:
		return human.Sentence(f.LastDrill.Reason)
	}
	return ""
}

func cardBackup(b *models.Backup, now time.Time) CardBackup {
	if b == nil {
		return CardBackup{}
	}
	return CardBackup{Path: backups.Path(b.ID), Age: components.Ago(now, &b.CreatedAt), Size: b.Size}
}

func sourceName(f JobFacts) string {
	if f.SourceLabel == "" {
		return "its data source is gone from the configuration"
	}
	return f.SourceLabel + " · " + backups.ProviderName(f.SourceProvider)
}

// zone is where the job's clock hangs; a zone that is not known here is UTC,
// which the words then name.
func zone(j models.Job) *time.Location {
	at, err := j.Location()
	if err != nil {
		return time.UTC
	}
	return at
}

// Announcement says, to those who hear the page, what became of a job's run.
func Announcement(j JobCard) string {
	if j.State == Running {
		return "The backup of " + j.Label + " is running."
	}
	return "The run of " + j.Label + " has ended. " + j.Verdict
}
