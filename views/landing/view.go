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

// Summary is the answer across all jobs.
type Summary struct {
	Tone Tone
	Icon string
	// Answer is a word or three, Detail a sentence.
	Answer, Detail string
	Facts          []SummaryFact
	// Swapped says that the summary goes with a fragment and replaces the page's own.
	Swapped bool
}

// Tone is components.Tone, under the name that this package's views use.
type Tone = components.Tone

// SummaryFact is one number across the top.
type SummaryFact struct {
	Term, Value string
	Moment      components.Moment
}

// JobCard is one job.
type JobCard struct {
	ID, Label string
	// Source says which database it is, such as "shop (MySQL or MariaDB)".
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
	// NewestPath leads to the backup that the verdict is about.
	NewestPath string
}

// CardBackup is one backup as a card tells it; the zero one is none.
type CardBackup struct {
	Path string
	Age  components.Moment
	Size int64
}

// NewView builds the page from what is known of every job.
func NewView(page layout.Page, facts []JobFacts, now time.Time) View {
	v := View{Page: page, Summary: NewSummary(facts, now)}
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
		Proven: cardBackup(f.NewestProven, now), Newest: cardBackup(f.NewestFinished, now),
		Run: components.Action{
			Path: "/jobs/" + f.Job.ID + "/run", Label: "Run now", Icon: "play", About: f.Job.Label,
			Swap: "closest article", Disabled: state == Running, Primary: state == Never,
		},
	}
	card.NewestPath = newestPath(state, f)
	if state == Running {
		live := backups.NewLive(*f.Newest, backups.Known{Last: f.NewestFinished}, now)
		card.Live = &live
	}
	if f.NextRun != nil {
		card.NextRun, card.NextIn = components.At(*f.NextRun, zone(f.Job)), components.Ago(now, f.NextRun)
	}
	return card
}

func newestPath(s State, f JobFacts) string {
	switch {
	case s == Damaged:
		return backups.Path(f.NewestFinished.ID)
	case f.Newest != nil:
		return backups.Path(f.Newest.ID)
	}
	return ""
}

func problem(s State, f JobFacts) string {
	switch s {
	case Failing:
		return f.Newest.Error
	case Damaged:
		return f.LastDrill.Reason
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
	return f.SourceLabel + ", " + backups.ProviderName(f.SourceProvider)
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

// tally counts the jobs by what can be said of them.
type tally struct {
	jobs, proven, restorable, attention, unproven, running int
	newest, next                                           *time.Time
}

func count(facts []JobFacts) tally {
	t := tally{jobs: len(facts)}
	for _, f := range facts {
		state := Judge(f)
		if f.NewestProven != nil {
			t.proven++
		}
		if f.NewestProven != nil || f.NewestFinished != nil && state != Damaged {
			t.restorable++
		}
		if state.NeedsAttention() {
			t.attention++
		}
		if state == Unproven {
			t.unproven++
		}
		if state == Running {
			t.running++
		}
		if b := f.NewestFinished; b != nil && (t.newest == nil || b.CreatedAt.After(*t.newest)) {
			t.newest = &b.CreatedAt
		}
		if f.NextRun != nil && (t.next == nil || f.NextRun.Before(*t.next)) {
			t.next = f.NextRun
		}
	}
	return t
}

// NewSummary answers for all jobs together.
func NewSummary(facts []JobFacts, now time.Time) Summary {
	t := count(facts)
	s := answer(t)
	s.Facts = []SummaryFact{
		{Term: "Can be restored", Value: ratio(t.restorable, t.jobs)},
		{Term: "Proven by a test restore", Value: ratio(t.proven, t.jobs)},
		{Term: "Newest backup", Moment: components.Ago(now, t.newest), Value: "none yet"},
		{Term: "Next run", Moment: components.Ago(now, t.next), Value: "none scheduled"},
	}
	return s
}

func answer(t tally) Summary {
	jobs := human.Plural(int64(t.jobs), "job")
	switch {
	case t.restorable == 0 && t.running > 0 && t.attention == 0:
		return Summary{Tone: components.ToneBusy, Icon: "turning", Answer: "Not yet", Detail: "The first backup is being made."}
	case t.restorable == 0:
		return Summary{Tone: components.ToneBad, Icon: "cross", Answer: "No", Detail: "There is no backup to restore from, of any of " + jobs + "."}
	case t.restorable < t.jobs:
		return Summary{Tone: components.ToneBad, Icon: "warning", Answer: "Only partly", Detail: ratio(t.restorable, t.jobs) + " jobs have a backup to restore from."}
	case t.attention > 0:
		return Summary{Tone: components.ToneWarn, Icon: "warning", Answer: "Yes, from older copies", Detail: needAttention(t.attention)}
	case t.proven < t.jobs || t.unproven > 0:
		return Summary{Tone: components.ToneWarn, Icon: "check", Answer: "Very likely", Detail: "Everything is backed up, but not every newest backup has been proven by a test restore."}
	}
	return Summary{Tone: components.ToneGood, Icon: "shield", Answer: "Yes", Detail: "Every job has a backup that was restored as a test and found equal."}
}

func needAttention(n int) string {
	if n == 1 {
		return "Every job can be restored, but the newest run of one needs attention."
	}
	return "Every job can be restored, but the newest runs of " + human.Count(int64(n)) + " need attention."
}

func ratio(part, whole int) string {
	return human.Count(int64(part)) + " of " + human.Count(int64(whole))
}
