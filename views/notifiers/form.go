package notifiers

import (
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/plan"
)

// The names of the fields besides the settings.
const (
	FieldEvents = "events"
	FieldJobs   = "jobs"
)

// FormView is the form of one notifier.
type FormView struct {
	plan.FormView
	Events, Jobs             components.Field
	EventOptions, JobOptions []components.Option
}

// NewFormView adds to a form which events of which jobs are told.
func NewFormView(v plan.FormView, draft models.PlanDraft, jobs []models.Job, problems models.FieldErrors) FormView {
	f := FormView{FormView: v,
		Events: components.Field{Name: FieldEvents, Label: "Tell of", Value: draft.Fields[FieldEvents], Problem: human.Sentence(problems[FieldEvents])},
		Jobs: components.Field{Name: FieldJobs, Label: "Only of these jobs", Value: draft.Fields[FieldJobs], Problem: human.Sentence(problems[FieldJobs]),
			Hint: "None chosen: of all jobs, also of those to come."},
	}
	if _, given := draft.Fields[FieldEvents]; !given {
		f.Events.Value = Usual()
	}
	f.Label.Check = ""
	f.Label.Hint = "What it is called here, such as “ops mail”. When empty, it is named after who is told."
	for _, e := range models.Events() {
		f.EventOptions = append(f.EventOptions, components.Option{Value: string(e), Label: EventWords(e), Hint: eventHint(e)})
	}
	for _, j := range jobs {
		if j.RemovedAt == nil || slices.Contains(human.Lines(f.Jobs.Value), j.Label) {
			f.JobOptions = append(f.JobOptions, components.Option{Value: j.Label, Label: j.Label})
		}
	}
	return f
}

// Usual are the events that a notifier tells of when nobody chose, one a line.
func Usual() string {
	var names []string
	for _, e := range models.Events() {
		if e.Usual() {
			names = append(names, string(e))
		}
	}
	return strings.Join(names, "\n")
}

func eventHint(e models.Event) string {
	switch e {
	case models.EventFailed:
		return "Each time, with the reason and what is still safe."
	case models.EventOverdue:
		return "Its schedule passed, and no good backup was made."
	case models.EventDisproven:
		return "A restore of it was not what was dumped."
	case models.EventAlarm:
		return "Far less, or far more, than those before it."
	case models.EventDriveFailing:
		return "Its daily check failed; once until it works."
	case models.EventLeftOut:
		return "A job, or what one needs, cannot be used as it is set up; once until it can."
	case models.EventRecovered:
		return "The first good one after one of these."
	case models.EventFinished:
		return "Each one. Somebody may stop reading."
	case models.EventProven:
		return "Each drill that went well."
	case models.EventDriveGood:
		return "Its check passed again."
	}
	return ""
}
