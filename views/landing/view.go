package landing

import (
	"strings"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/alarms"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/plan"
)

// View is what one part of the page shows.
type View struct {
	// Alarms are those that nobody has looked at, newest first.
	Alarms []alarms.View
	// Left is what is set up and does not run, the worst first.
	Left    []LeftOut
	Summary Summary
	// Rows are those of one part of the page.
	Rows  []Row
	Parts Parts
}

// rowsOfPart is how many databases are shown at once. Those that need attention are first.
const rowsOfPart = 60

// Parts tells which part of the databases is shown.
type Parts struct {
	// Part counts from 1, of All; there is one at least.
	Part, All int
	// First and Last count the databases that are shown, of Databases.
	First, Last, Databases int
}

// LeftOut is something that is set up and does not run; Kind is what it is, such as job.
type LeftOut struct {
	Kind string
	plan.Left
}

// Facts is what is known of everything.
type Facts struct {
	Jobs []JobFacts
	// Sources are all that are configured, also those that no job backs up.
	Sources []models.Source
	// Drives are all that are configured, by label.
	Drives []DriveFacts
	// Alarms are those that nobody has looked at, newest first.
	Alarms []models.Alarm
	// Left is what is set up and does not run, the worst first.
	Left []LeftOut
	// Pasts are the last days of databases, by the ids of their sources.
	Pasts map[string]Past
}

// JobCard is one job.
type JobCard struct {
	ID, Label string
	// Path leads to the page of the job.
	Path string
	// Source says which database it is, such as "shop · SQLite".
	Source  string
	State   State
	Chip    components.Chip
	Verdict string
	// Problem is why the newest run failed, or what its drill found; empty otherwise.
	Problem string
	// Place says where in the configuration file the problem is mended; empty where it is not.
	Place  string
	Proven CardBackup
	Newest CardBackup
	// Level says how far the newest drill of the newest backup came, RestoreTook how long
	// a restore takes; empty while that is not known.
	Level, RestoreTook string
	// NextRun is unknown when the job runs only when asked, and while it is paused.
	NextRun components.Moment
	NextIn  components.Moment
	// Paused is since when the schedule is.
	Paused components.Moment
	// Missed says which slot was given up and why, where nothing has run since; empty
	// otherwise.
	Missed string
	// Cancelled is when the newest run was cancelled, and CancelledPath leads to it; unknown
	// where it was not.
	Cancelled     components.Moment
	CancelledPath string
	Run           components.Action
	// Mend is what mends the job where running it does not; nil where nothing is to mend.
	Mend *Button
	// Alone says that the job is the only one of its database, which says how it stands.
	Alone bool
	// Named says that it is the only one and has the name of its database, which is not said twice.
	Named bool
	// KitPath leads to the recovery kit that the job waits for; empty where it does not.
	KitPath string
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

// NewJobCard builds the card of one job.
func NewJobCard(f JobFacts, now time.Time) JobCard {
	state := Judge(f)
	card := JobCard{
		ID: f.Job.ID, Label: f.Job.Label, Path: "/jobs/" + f.Job.ID, Source: sourceName(f), State: state, Chip: state.chip(),
		Verdict: verdict(state, f, now), Problem: problem(state, f),
		Proven: cardBackup(f.NewestProven, now), Newest: cardBackup(newestGood(f), now),
		Run: components.Action{
			ID: "run-" + f.Job.ID, Path: "/jobs/" + f.Job.ID + "/run", Label: "Run now", Icon: "play", About: f.Job.Label,
			Swap: "closest article", Waits: state == Running && f.Newest.DumpedAt == nil, Primary: state == Never || state == Overdue, Needs: models.ScopeRun,
		},
	}
	if f.Job.LacksKit() {
		card.KitPath, card.Run.Primary = card.Path+"/kit", false
	}
	card.Mend = mend(state, f)
	if state == Failing && wayOf(f) != nil {
		card.Place = wayOf(f).Note
	}
	card.Level, card.RestoreTook = level(f), restoreTakes(f)
	card.FollowPath, card.FollowWords = follow(state, f)
	if state == Running {
		live := backups.NewLive(*f.Newest, backups.Known{Last: f.NewestFinished}, now)
		card.Live = &live
	}
	card.Paused, card.Missed = components.Ago(now, f.Job.PausedAt), missed(f)
	if f.Cancelled != nil {
		at := settledAt(f.Cancelled)
		card.Cancelled, card.CancelledPath = components.Ago(now, &at), backups.Path(f.Cancelled.ID)
	}
	if f.NextRun != nil && f.Job.PausedAt == nil {
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
		return human.Own("data source", f.Newest.Error)
	case Disproven:
		return disproof(f)
	}
	return ""
}

// missed says which slot was given up, and why.
func missed(f JobFacts) string {
	if f.Missed == nil {
		return ""
	}
	what := "The run of " + human.Clock(f.Missed.Last, zone(f.Job)) + " was not made"
	if f.Missed.Slots > 1 {
		what = human.Count(int64(f.Missed.Slots)) + " runs until " + human.Clock(f.Missed.Last, zone(f.Job)) + " were not made"
	}
	return what + ": " + human.Sentence(f.Missed.Reason)
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
	if at, known := zones.Load(j.Timezone); known {
		return at.(*time.Location)
	}
	at, err := j.Location()
	if err != nil {
		at = time.UTC
	}
	zones.Store(j.Timezone, at)
	return at
}

// Clock says a time of a job by the clock of the job, shortly.
func Clock(j models.Job, t time.Time) string { return t.In(zone(j)).Format("2 Jan, 15:04") }

// zones are those that were asked for, by name: reading one anew takes longer than a row.
var zones sync.Map

// Announcement says, to those who hear the page, what became of a job's run.
func Announcement(j JobCard) string {
	if j.State == Running {
		return "The backup of " + j.Label + " is running."
	}
	if j.Cancelled.Known() {
		return "The run of " + j.Label + " was cancelled. " + j.Verdict
	}
	return "The run of " + j.Label + " has ended. " + j.Verdict
}
