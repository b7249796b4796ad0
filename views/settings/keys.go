package settings

import (
	"cmp"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// KeyFacts is what is known of the API keys.
type KeyFacts struct {
	Keys []models.APIKey
	Jobs []models.Job
	// Fresh is a key that was made just now; nil when none was.
	Fresh *FreshKey
	// Typed is what was typed into a form that was refused, and Problem why.
	Typed   KeyForm
	Problem string
}

// FreshKey is a key that was made just now, in clear this one time.
type FreshKey struct{ Name, Key string }

// KeyForm is what the form of keys holds.
type KeyForm struct {
	Name   string
	Scopes models.Scopes
	JobIDs []string
	// Expires is the last day, as YYYY-MM-DD; empty for a key that does not end.
	Expires string
}

// KeysView is the page of API keys.
type KeysView struct {
	Page    layout.Page
	Keys    []Key
	Fresh   *FreshKey
	Name    string
	Scopes  []ScopeChoice
	Jobs    []JobChoice
	Expires string
	// Earliest is tomorrow.
	Earliest string
	Problem  string
}

// ScopeChoice is a scope to choose.
type ScopeChoice struct {
	Scope    models.Scope
	Words    string
	Selected bool
}

// JobChoice is a job to choose.
type JobChoice struct {
	ID, Label string
	Selected  bool
}

// Key is one API key.
type Key struct {
	ID, Name string
	// Scopes and Jobs are in words.
	Scopes, Jobs  string
	Used, Expires components.Moment
	UsedFrom      string
	Created       components.Moment
	CreatedBy     string
	Expired       bool
}

// ScopeWords say what a scope lets a key do.
func ScopeWords(s models.Scope) string {
	switch s {
	case models.ScopeRead:
		return "see jobs, backups, drives and alarms, but not what is in the dumps"
	case models.ScopeRun:
		return "start and stop backups and drills, check copies and drives, pause and pin"
	case models.ScopeRestore:
		return "download dumps, and restore them to where nothing is overwritten"
	case models.ScopeAdmin:
		return "do everything, also restore over databases, delete, and say who may do what"
	}
	return "nothing"
}

// NewKeysView builds the page.
func NewKeysView(page layout.Page, f KeyFacts, now time.Time) KeysView {
	v := KeysView{
		Page: page, Fresh: f.Fresh, Name: f.Typed.Name, Expires: f.Typed.Expires, Problem: human.Sentence(f.Problem),
		Earliest: now.UTC().AddDate(0, 0, 1).Format(time.DateOnly),
	}
	selected := f.Typed.Scopes
	if f.Problem == "" {
		selected = models.Scopes{models.ScopeRead}
	}
	for _, s := range models.AllScopes {
		v.Scopes = append(v.Scopes, ScopeChoice{Scope: s, Words: ScopeWords(s), Selected: slices.Contains(selected, s)})
	}
	labels := map[string]string{}
	for _, j := range f.Jobs {
		labels[j.ID] = j.Label
		if j.RemovedAt == nil {
			v.Jobs = append(v.Jobs, JobChoice{ID: j.ID, Label: j.Label, Selected: slices.Contains(f.Typed.JobIDs, j.ID)})
		}
	}
	for _, k := range f.Keys {
		v.Keys = append(v.Keys, newKey(k, labels, now))
	}
	return v
}

func newKey(k models.APIKey, labels map[string]string, now time.Time) Key {
	line := Key{
		ID: k.ID, Name: k.Name, Used: components.Ago(now, k.UsedAt), UsedFrom: k.UsedFrom, Expires: components.Ago(now, k.ExpiresAt),
		Created: components.Ago(now, &k.CreatedAt), CreatedBy: k.CreatedBy, Expired: k.Expired(now), Jobs: "all jobs",
	}
	var scopes []string
	for _, s := range k.Scopes {
		scopes = append(scopes, string(s))
	}
	line.Scopes = human.List(scopes)
	var jobs []string
	for _, id := range k.JobIDs {
		jobs = append(jobs, cmp.Or(labels[id], "a job that is gone"))
	}
	if len(jobs) > 0 {
		line.Jobs = human.List(jobs)
	}
	return line
}
