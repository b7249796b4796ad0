package drives

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/plan"
)

// ShowView is the page of one drive.
type ShowView struct {
	Page layout.Page
	Card Card
	Done string
	// Welcome is shown after a sign-in; nil otherwise.
	Welcome  *Welcome
	Jobs     []JobLink
	Settings []plan.Setting
	// Place is where the configuration file names it; empty where that is not known.
	Place string
	// Usage tells what the drive held day by day, and when it will be full; nil where
	// nothing is known of that.
	Usage templ.Component
}

// JobLink is a job that puts copies on a drive.
type JobLink struct{ Label, Path string }

// NewShowView builds the page of a drive, with the jobs that use it. Settings are those of
// its kind, as its draft has them.
func NewShowView(page layout.Page, f Facts, jobs []models.Job, kind models.Kind, draft models.PlanDraft, now time.Time) ShowView {
	f.Own = true
	v := ShowView{Page: page, Card: NewCard(f, now), Settings: plan.NewSettings(kind, draft)}
	for _, j := range jobs {
		if slices.Contains(j.DriveIDs, f.Drive.ID) {
			v.Jobs = append(v.Jobs, JobLink{Label: j.Label, Path: "/jobs/" + j.ID})
		}
	}
	slices.SortFunc(v.Jobs, func(a, b JobLink) int { return cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return v
}

// Greet greets whoever has just signed in to the drive.
func (v *ShowView) Greet(f Facts) {
	if f.SignsIn {
		v.Welcome = newWelcome(f)
	}
}
