package jobs

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/landing"
	"github.com/backupman/backupman/views/layout"
)

// Facts is everything that is known of one job.
type Facts struct {
	Job models.Job
	// Summary is what the overview knows of it; nil once the job has left the configuration.
	Summary *landing.JobFacts
	Drives  map[string]models.Drive
	Timing  Timing
	// Plan is what the job's own rules say, or those of Form where it was sent and can be
	// read.
	Plan models.RetentionPlan
	// Removals are newest first.
	Removals []models.Removal
	// Runs are those of the last days, oldest first.
	Runs []models.RunPoint
	// Form has the rules to try, and From is the place in the plan that is shown.
	Form RulesForm
	From int
	// Refused is why what was asked for on this page was not done; empty otherwise.
	Refused string
	// Origin is where the job is planned; empty where nothing can be planned on pages.
	Origin models.Origin
	// Place is where the configuration file names the job; empty where that is not known.
	Place string
	// Done says what has just been done; empty when nothing was.
	Done string
}

func (f Facts) driveName(id string) string {
	if d, ok := f.Drives[id]; ok {
		return d.Label
	}
	return "a drive that is gone"
}

// View is the page of one job.
type View struct {
	Page      layout.Page
	ID, Label string
	// Card is what the overview shows of the job; nil once it has left the configuration.
	Card       *landing.JobCard
	History    History
	When       When
	Encryption Encryption
	// Toggle pauses the schedule, or resumes it; nil where there is nothing to pause.
	Toggle   *components.Action
	Rules    []Rules
	HasRules bool
	Try      Try
	Plan     Plan
	Removals []RemovalLine
	// PrunePath is where the removal is asked for; empty where nothing can be removed by hand.
	PrunePath string
	Refused   string
	// Origin is where the job is planned; empty where pages plan nothing. Editable says that
	// they change this one.
	Origin   models.Origin
	Editable bool
	// Place is where the configuration file names it; empty where that is not known.
	Place string
	// Done says what has just been done; empty when nothing was.
	Done string
}

// Try is the form with rules to try.
type Try struct {
	// Tried says that the plan is that of the form, and nothing of the job was changed.
	Tried  bool
	Fields []TryField
	// Problem says what is wrong with the form as a whole; empty when nothing is.
	Problem string
	// YAML makes the rules that are tried the job's own; empty when they cannot be read.
	YAML string
	// Words say the rules that are tried.
	Words string
	// PerDrive says that the job has drives with rules of their own, which these would replace.
	PerDrive bool
}

// TryField is one rule of the form.
type TryField struct {
	Name, Label, Hint, Value string
	// Problem says what is wrong with the value; empty when nothing is.
	Problem string
	Number  bool
}

// NewView builds the page.
func NewView(page layout.Page, f Facts, now time.Time) View {
	v := View{
		Page: page, ID: f.Job.ID, Label: f.Job.Label, When: newWhen(f.Job, f.Timing, now), Rules: newRules(f.Job, f.driveName),
		HasRules: f.Job.Keeps(), Encryption: newEncryption(f.Job, now), Try: newTry(f), Plan: newPlan(f, now), Refused: f.Refused, Done: f.Done,
	}
	v.History = newHistory(f.Job, f.Runs, f.Timing.Missed, now)
	v.Origin, v.Place, v.Editable = f.Origin, f.Place, f.Origin == models.OriginPage
	if f.Summary != nil {
		card := landing.NewJobCard(*f.Summary, now)
		card.Run.Swap = ""
		v.Card, v.Toggle = &card, toggle(f.Job)
	}
	for _, r := range f.Removals {
		v.Removals = append(v.Removals, newRemovalLine(r, f, now))
	}
	if !f.Form.Tried && v.Plan.Removes.Copies > 0 && (f.Plan.Rests == "" || f.Plan.ByHand) {
		v.PrunePath = Path(f.Job.ID) + "/prune"
	}
	return v
}

func toggle(job models.Job) *components.Action {
	switch {
	case job.PausedAt != nil:
		return &components.Action{ID: "resume", Path: Path(job.ID) + "/resume", Label: "Resume", Icon: "play", Needs: models.ScopeRun, About: "the schedule of " + job.Label, Primary: true}
	case job.Cron != "" || job.DrillCron != "":
		return &components.Action{ID: "pause", Path: Path(job.ID) + "/pause", Label: "Pause", Icon: "pause", Needs: models.ScopeRun, About: "the schedule of " + job.Label}
	}
	return nil
}

func newTry(f Facts) Try {
	t := Try{Tried: f.Form.Tried, PerDrive: len(f.Job.DriveRetention) > 0}
	problems := map[string]string{}
	if t.Tried {
		var rules models.Retention
		rules, problems = f.Form.Retention()
		t.Problem = problems[""]
		if len(problems) == 0 {
			t.YAML, t.Words = RetentionYAML(rules), RetentionWords(rules)
		}
	}
	for n, known := range fields {
		value := known.text(f.Job.Retention)
		if t.Tried {
			value = f.Form.Typed[known.name]
		}
		t.Fields = append(t.Fields, TryField{Name: known.name, Label: known.label, Hint: known.hint, Value: value, Problem: problems[known.name], Number: n < len(fields)-2})
	}
	return t
}
