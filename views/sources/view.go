package sources

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/plan"
)

// Facts is everything that is known of one source.
type Facts struct {
	Source models.Source
	Origin models.Origin
	// Jobs are those that back it up.
	Jobs []models.Job
	// Checking says that it is being checked. Trial is what the newest check since the
	// server started found, at TriedAt; nil when there was none. Problem says why the newest
	// check found nothing.
	Checking bool
	Trial    *models.Trial
	TriedAt  time.Time
	Problem  string
}

// ListView is the page of all sources.
type ListView struct {
	Page  layout.Page
	Lines []Line
	// Done says what has just been done; empty when nothing was.
	Done string
	// Left are those that are set up and do not run.
	Left []plan.Left
}

// Line is one source in the list.
type Line struct {
	ID, Label, Kind, Where string
	Origin                 models.Origin
	Chip                   components.Chip
	Checked                components.Moment
	// Jobs say what backs it up; Unprotected that nothing does.
	Jobs        []JobLink
	Unprotected bool
}

// JobLink is a job that a source is backed up by.
type JobLink struct {
	Label, Path string
	Paused      bool
}

// NewListView builds the page: what nothing backs up or what does not work comes first.
func NewListView(page layout.Page, all []Facts, now time.Time) ListView {
	v := ListView{Page: page}
	for _, f := range all {
		v.Lines = append(v.Lines, NewLine(f, now))
	}
	slices.SortStableFunc(v.Lines, func(a, b Line) int { return a.urgency() - b.urgency() })
	return v
}

func (l Line) urgency() int {
	switch {
	case l.Chip.Tone == components.ToneBad:
		return 0
	case l.Unprotected || l.Chip.Tone == components.ToneWarn:
		return 1
	}
	return 2
}

// NewLine builds the line of a source.
func NewLine(f Facts, now time.Time) Line {
	l := Line{ID: f.Source.ID, Label: f.Source.Label, Kind: backups.ProviderName(f.Source.Provider), Where: Where(f.Source), Origin: f.Origin, Chip: chip(f), Jobs: jobLinks(f.Jobs)}
	l.Unprotected = len(l.Jobs) == 0
	if f.Trial != nil {
		l.Checked = components.Ago(now, &f.TriedAt)
	}
	return l
}

func jobLinks(jobs []models.Job) []JobLink {
	var links []JobLink
	for _, j := range jobs {
		links = append(links, JobLink{Label: j.Label, Path: "/jobs/" + j.ID, Paused: j.PausedAt != nil})
	}
	slices.SortFunc(links, func(a, b JobLink) int { return cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return links
}

func chip(f Facts) components.Chip {
	switch {
	case f.Checking:
		return components.Chip{Tone: components.ToneBusy, Icon: "turning", Text: "Checking"}
	case f.Problem != "":
		return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Not checked"}
	case f.Trial == nil:
		return components.Chip{Tone: components.ToneQuiet, Icon: "circle", Text: "Not checked lately"}
	case f.Trial.Good():
		return components.Chip{Tone: components.ToneGood, Icon: "check", Text: "Works"}
	case f.Trial.Reached():
		return components.Chip{Tone: components.ToneWarn, Icon: "warning", Text: "Something is missing"}
	}
	return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Failed"}
}

// ShowView is the page of one source.
type ShowView struct {
	Page layout.Page
	Line
	Done     string
	Settings []plan.Setting
	Check    CheckView
	// Place is where the configuration file names it; empty where that is not known.
	Place string
}

// CheckView is what the newest check of a source found, which is asked for again while it runs.
type CheckView struct {
	ID       string
	Chip     components.Chip
	Checking bool
	Checked  components.Moment
	Problem  string
	Found    *plan.Found
	Again    components.Action
	// Poll is where the part is asked for while the check runs; empty where all around it is.
	Poll string
}

// NewShowView builds the page. Settings are those of the source's kind, as its draft has them.
func NewShowView(page layout.Page, f Facts, kind models.Kind, draft models.PlanDraft, done string, now time.Time) ShowView {
	return ShowView{Page: page, Line: NewLine(f, now), Done: done, Settings: plan.NewSettings(kind, draft), Check: NewCheckView(f, now)}
}

// NewCheckView builds the part of a page that tells the newest check.
func NewCheckView(f Facts, now time.Time) CheckView {
	path := plan.Sources.Show(f.Source.ID)
	v := CheckView{
		ID: f.Source.ID, Chip: chip(f), Checking: f.Checking, Problem: human.Sentence(f.Problem), Poll: path + "/found",
		Again: components.Action{ID: "check-" + f.Source.ID, Path: path + "/check", Label: "Check now", Icon: "retry", About: f.Source.Label, Swap: "closest section", Waits: f.Checking, Needs: models.ScopeRun},
	}
	if f.Checking {
		return v
	}
	if f.Trial != nil && f.Problem == "" {
		found := plan.NewFound(*f.Trial)
		v.Found, v.Checked = &found, components.Ago(now, &f.TriedAt)
	}
	return v
}

// Announcement says what a check found.
func Announcement(f Facts) string {
	label := f.Source.Label
	switch {
	case f.Checking:
		return "The database " + label + " is being checked."
	case f.Problem != "":
		return "The database " + label + " could not be checked: " + human.Sentence(f.Problem)
	case f.Trial == nil:
		return ""
	case f.Trial.Good():
		return "The database " + label + " was checked and works."
	case f.Trial.Error != "":
		return "The check of the database " + label + " has failed: " + human.Sentence(f.Trial.Error)
	case !f.Trial.Reached():
		return "The check of the database " + label + " has failed: " + strings.Join(plan.NewFound(*f.Trial).Problems, " ")
	}
	return "The database " + label + " was checked: " + human.Plural(int64(len(f.Trial.Source.Problems)), "thing is missing.", "things are missing.")
}
