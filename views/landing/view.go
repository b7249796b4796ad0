package landing

import (
	"cmp"
	"sort"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/alarms"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// View is the whole page.
type View struct {
	Page layout.Page
	// Alarms are those that nobody has looked at, newest first.
	Alarms  []alarms.View
	Summary Summary
	Jobs    []JobCard
}

// Facts is what is known of everything.
type Facts struct {
	Jobs []JobFacts
	// Drives are those in trouble.
	Drives []DriveTrouble
	// Alarms are those that nobody has looked at, newest first.
	Alarms []models.Alarm
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
	// Level says how far the newest drill of the newest backup came, RestoreTook how long
	// a restore takes; empty while that is not known.
	Level, RestoreTook string
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

// NewView builds the page.
func NewView(page layout.Page, facts Facts, now time.Time) View {
	v := View{Page: page, Summary: NewSummary(facts.Jobs, facts.Drives, now)}
	labels := map[string]string{}
	for _, f := range facts.Jobs {
		labels[f.Job.ID] = f.Job.Label
	}
	for _, a := range facts.Alarms {
		v.Alarms = append(v.Alarms, alarms.New(a, cmp.Or(labels[a.JobID], "a job that is gone"), false, now))
	}
	for _, f := range facts.Jobs {
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
	card.Level, card.RestoreTook = level(f), restoreTakes(f)
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
	case Disproven:
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
	case Disproven:
		return disproof(f)
	}
	return ""
}

// disproof is what a drill found wrong with the newest finished backup; empty where the
// newest drill could not tell, or runs.
func disproof(f JobFacts) string {
	if f.LastDrill == nil || f.LastDrill.Outcome != models.DrillDisproven {
		return ""
	}
	return strings.Join(human.Sentences(f.LastDrill.Reason), " ")
}

// level says how far the newest drill of the newest finished backup came.
func level(f JobFacts) string {
	if f.NewestFinished == nil {
		return ""
	}
	return backups.LevelWords(f.NewestFinished.ProofLevel)
}

// restoreTakes says how long a restore takes, as it was measured with the newest backup
// that was restored.
func restoreTakes(f JobFacts) string {
	for _, b := range []*models.Backup{f.NewestFinished, f.NewestProven} {
		if b != nil && b.RestoreTook > 0 {
			return human.Duration(b.RestoreTook)
		}
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
