package backups

import (
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/plan"
)

// Owner is something of the configuration that a failure can be about.
type Owner struct {
	ID, Label string
	Origin    models.Origin
	// Place says where the configuration file names it, such as "config.yaml, line 12"; empty
	// where it was set up on a page, and where that is not known.
	Place string
	// Pages says that it has pages of its own on which it is looked at and changed.
	Pages bool
}

// Owners are what failures of backups can be about.
type Owners struct {
	// Source is nil once it has left the configuration; Drives are by their ids.
	Source *Owner
	Drives map[string]Owner
}

// Way is a link to where a failure is mended.
type Way struct {
	ID, Path, Label, Icon, About string
	// Needs is the scope without which it is not shown.
	Needs models.Scope
	// Note says what is to be done elsewhere; empty where the link leads to all of it.
	Note string
	// Passes says that trying again is as likely to help.
	Passes bool
}

// Ways are where a failed backup is mended, beside trying it again, the most likely first.
func Ways(b models.Backup, known Owners) []Way {
	if b.Status != models.StatusFailed || b.Cancelled() {
		return nil
	}
	if b.DumpedAt == nil {
		if known.Source == nil || !blamesSource(b) {
			return nil
		}
		return sourceWays(*known.Source, models.RemedyOf(b.Error))
	}
	var ways []Way
	for _, f := range b.DriveFiles {
		if d, there := known.Drives[f.DriveID]; there && f.Status == models.StatusFailed {
			ways = append(ways, driveWays(d, models.RemedyOf(f.Error))...)
		}
	}
	return ways
}

// blamesSource reports whether a failed dump is about its database: the sentence names it, or is
// one of a dump tool.
func blamesSource(b models.Backup) bool {
	return strings.HasPrefix(b.Error, `data source "`) || b.Phase == models.PhaseDumping
}

func sourceWays(o Owner, r models.Remedy) []Way {
	if !o.Pages {
		return nil
	}
	look := Way{ID: "look-source-" + o.ID, Path: plan.Sources.Show(o.ID) + "#check", Label: "Check the database", Icon: "check", About: o.Label}
	switch r {
	case models.RemedySettings:
		return []Way{edit(o, plan.Sources)}
	case models.RemedyRights:
		look.Label, look.Icon = "See what its account lacks", "person"
		return []Way{look}
	case models.RemedyReach:
		look.Passes = true
		return []Way{look, edit(o, plan.Sources)}
	case models.RemedyProgram:
		return []Way{look}
	}
	return nil
}

func driveWays(o Owner, r models.Remedy) []Way {
	look := Way{ID: "look-drive-" + o.ID, Path: plan.Drives.Show(o.ID), Label: "See the drive " + o.Label, Icon: "folder"}
	switch r {
	case models.RemedySettings:
		return []Way{edit(o, plan.Drives)}
	case models.RemedyKey:
		look.Path, look.Label, look.Icon, look.Needs = look.Path+"/key", "Compare the key of "+o.Label, "key", models.ScopeAdmin
	case models.RemedySignIn:
		look.Label, look.Icon, look.Needs = "Sign in to "+o.Label, "key", models.ScopeAdmin
	case models.RemedyReach:
		look.Passes = true
	case models.RemedyNone:
		return nil
	}
	return []Way{look}
}

// edit leads to the form of something, or to its page where the configuration file has it.
func edit(o Owner, n plan.Noun) Way {
	w := Way{ID: "edit-" + n.One + "-" + o.ID, Path: n.Edit(o.ID), Label: "Edit the " + n.Thing, Icon: "file", About: o.Label, Needs: models.ScopeAdmin}
	if n.Kind == models.PlanDrive {
		w.Label, w.About = w.Label+" "+o.Label, ""
	}
	if o.Origin == models.OriginPage {
		return w
	}
	w.Path, w.Label, w.Needs = n.Show(o.ID), strings.Replace(w.Label, "Edit", "See", 1), models.ScopeRead
	if o.Place != "" {
		w.Note = "The " + n.Thing + " " + o.Label + " is named in " + o.Place + ": change it there. The running server follows the file."
	}
	return w
}
