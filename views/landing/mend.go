package landing

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
)

// Button is the one thing that mends something: an action, or a link to where that is done.
type Button struct {
	// Act is what is asked for; nil for a link.
	Act *components.Action
	// ID, Path, Label, Icon and About are those of a link, which whoever lacks the scope Needs
	// is not shown.
	ID, Path, Label, Icon, About string
	Needs                        models.Scope
}

// mend is what mends a job beside running it; nil where running it does, or nothing is to mend.
func mend(s State, f JobFacts) *Button {
	about := f.Job.Label
	act := func(path, label, icon string) *Button {
		return &Button{Act: &components.Action{ID: "mend-" + f.Job.ID, Path: path, Label: label, Icon: icon, About: about, Primary: true, Needs: models.ScopeRun}}
	}
	link := func(path, label, icon string) *Button {
		return &Button{ID: "mend-" + f.Job.ID, Path: path, Label: label, Icon: icon, About: about}
	}
	switch {
	case f.Job.LacksKit():
		return nil // the card says so, in words of its own
	case s == Disproven:
		return link(backups.Path(f.NewestFinished.ID), "See what happened", "warning")
	case s == Failing && wayOf(f) != nil:
		w := wayOf(f)
		return &Button{ID: "mend-" + f.Job.ID, Path: w.Path, Label: w.Label, Icon: w.Icon, About: cmp.Or(w.About, about), Needs: w.Needs}
	case s == Failing && f.Newest.DumpedAt != nil:
		return act(backups.Path(f.Newest.ID)+"/heal", "Make the missing copies", "copy")
	case s == Failing:
		return act(backups.Path(f.Newest.ID)+"/retry", "Retry", "retry")
	case s == Suspect:
		return link("#alarms", "See what happened", "warning")
	case f.Job.PausedAt != nil && s != Running && s != Never:
		return act("/jobs/"+f.Job.ID+"/resume", "Resume", "play")
	case s == Unproven && f.NewestFinished.Encryption != "":
		return link(backups.Path(f.NewestFinished.ID)+"#proof", "Drill now", "shield")
	case s == Unproven:
		return act(backups.Path(f.NewestFinished.ID)+"/drill", "Drill now", "shield")
	}
	return nil
}

// wayOf leads to where a failure is mended that trying again does not; nil where that may.
func wayOf(f JobFacts) *backups.Way {
	ways := backups.Ways(*f.Newest, f.Owners)
	if len(ways) == 0 || ways[0].Passes {
		return nil
	}
	return &ways[0]
}

// signIn leads to a drive that somebody must sign in to before a job's failed copies can be
// made; nil where that is not what they wait for.
func signIn(f JobFacts, drives []DriveFacts) *Button {
	if f.Newest == nil {
		return nil
	}
	for _, file := range f.Newest.DriveFiles {
		if file.Status != models.StatusFailed {
			continue
		}
		for _, d := range drives {
			if d.ID == file.DriveID && d.NeedsSignIn {
				return signInTo(d, "mend-"+f.Job.ID)
			}
		}
	}
	return nil
}

func signInTo(d DriveFacts, id string) *Button {
	return &Button{ID: id, Path: "/drives/" + d.ID, Label: "Sign in to " + d.Label, Icon: "key", Needs: models.ScopeAdmin}
}

// mend is what mends a database where none of its jobs does.
func (d *database) mend(r Row, drives []DriveFacts) *Button {
	if len(d.jobs) == 0 {
		return &Button{ID: "mend-" + d.id, Path: "/setup/job?" + url.Values{"source": {d.id}}.Encode(), Label: "Set up a job", Icon: "plus", About: d.name, Needs: models.ScopeAdmin}
	}
	if r.State.NeedsAttention() {
		return nil
	}
	for _, c := range r.Copies {
		at := slices.IndexFunc(drives, func(d DriveFacts) bool { return d.Label == c.Drive && d.NeedsSignIn })
		if at >= 0 {
			return signInTo(drives[at], "mend-"+d.id)
		}
	}
	return nil
}
