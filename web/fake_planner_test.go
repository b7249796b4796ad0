package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/services/source"
)

// fakePlanner keeps what is set up in the fake store. What the store has besides is in the
// configuration file.
type fakePlanner struct {
	store  *fakeStore
	drafts map[models.PlanKind]map[string]models.PlanDraft
	// trial is what trying anything finds; nil finds that it works.
	trial func(models.PlanDraft) models.Trial
	// left are those that are set up and do not run.
	left []models.LeftItem
	// refuse is the answer to each Save and Remove.
	refuse error
	// tried and saved are the drafts, with their secrets, in the order they came.
	tried, saved []models.PlanDraft
}

func newPlanner() *fakePlanner {
	return &fakePlanner{drafts: map[models.PlanKind]map[string]models.PlanDraft{models.PlanSource: {}, models.PlanDrive: {}, models.PlanJob: {}, models.PlanNotifier: {}}}
}

// withPlanner lets things be set up.
func withPlanner(p *fakePlanner) func(*Options) {
	return func(o *Options) {
		if s, ok := o.Store.(*fakeStore); ok {
			p.store = s
		}
		o.Planner = p
	}
}

func (p *fakePlanner) Kinds(kind models.PlanKind) []models.Kind {
	var all []models.Kind
	switch kind {
	case models.PlanSource:
		for _, k := range source.Kinds() {
			all = append(all, k.Kind)
		}
	case models.PlanDrive:
		for _, k := range drive.Kinds() {
			all = append(all, k.Kind)
		}
	case models.PlanNotifier:
		all = notify.Kinds()
	}
	return all
}

// inFile are the labels of what the store has and nobody set up here.
func (p *fakePlanner) inFile(kind models.PlanKind, label string) (models.Settings, bool) {
	if p.store == nil {
		return nil, false
	}
	switch kind {
	case models.PlanSource:
		for _, s := range p.store.sources {
			if s.Label == label {
				return with(s.Settings, s.Provider), true
			}
		}
	case models.PlanDrive:
		for _, d := range p.store.drives {
			if d.Label == label {
				return with(d.Settings, d.Provider), true
			}
		}
	}
	return nil, false
}

func with(s models.Settings, provider string) models.Settings {
	all := models.Settings{"provider": provider}
	maps.Copy(all, s)
	return all
}

func (p *fakePlanner) Origin(_ context.Context, kind models.PlanKind, label string) (models.Origin, error) {
	if _, ok := p.drafts[kind][label]; ok {
		return models.OriginPage, nil
	}
	if _, ok := p.inFile(kind, label); ok {
		return models.OriginFile, nil
	}
	return "", models.NotFoundf("there is no %s called %q", kind, label)
}

func (p *fakePlanner) LeftOut(context.Context) ([]models.LeftItem, error) { return p.left, nil }

func (p *fakePlanner) Place(kind models.PlanKind, label string) (string, int) {
	if _, ok := p.inFile(kind, label); ok {
		return "config.yaml", 12
	}
	return "", 0
}

func (p *fakePlanner) Draft(_ context.Context, kind models.PlanKind, label string) (models.PlanDraft, error) {
	if d, ok := p.drafts[kind][label]; ok {
		d.Fields, d.Forget = maps.Clone(d.Fields), nil
		secrets := map[string]models.Secret{}
		for name := range d.Secrets {
			secrets[name] = models.Secret{}
		}
		d.Secrets = secrets
		return d, nil
	}
	if fields, ok := p.inFile(kind, label); ok {
		return models.PlanDraft{Kind: kind, Label: label, Fields: fields, Secrets: map[string]models.Secret{"password": {}}}, nil
	}
	return models.PlanDraft{}, models.NotFoundf("there is no %s called %q", kind, label)
}

func (p *fakePlanner) kind(d models.PlanDraft) models.Kind {
	for _, k := range p.Kinds(d.Kind) {
		if k.Provider == d.Fields["provider"] {
			return k
		}
	}
	return models.Kind{}
}

func (p *fakePlanner) mistakes(d models.PlanDraft) models.FieldErrors {
	wrong := models.FieldErrors{}
	for _, s := range p.kind(d).Settings {
		value, typed := d.Fields[s.Name], d.Secrets[s.Name]
		_, stored := p.drafts[d.Kind][d.Label].Secrets[s.Name]
		if s.Required && value == "" && typed.Empty() && !(stored && s.Secret) {
			wrong[s.Name] = s.Label + " is missing"
		}
		if _, err := strconv.Atoi(value); s.Type == models.SettingInt && value != "" && err != nil {
			wrong[s.Name] = fmt.Sprintf("%q is no number", value)
		}
	}
	return wrong
}

func (p *fakePlanner) Check(ctx context.Context, d models.PlanDraft, isNew bool) error {
	wrong := p.mistakes(d)
	if _, err := p.Origin(ctx, d.Kind, d.Label); isNew && err == nil {
		wrong["label"] = fmt.Sprintf("there is a %s called %q already: choose another name", d.Kind, d.Label)
	}
	if now := p.drafts[d.Kind][d.Label].Version; d.Version != "" && d.Version != now {
		return &models.OutdatedError{Fault: &models.Fault{Kind: models.ErrConflict, Sentence: "it was changed by bob since you opened it"}, Version: now}
	}
	if before := p.drafts[d.Kind][d.Label].Fields["folder"]; d.Kind == models.PlanDrive && !isNew && before != d.Fields["folder"] && !d.Moved {
		wrong["moved"] = "say that the copies were moved"
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

func (p *fakePlanner) Job(context.Context, models.PlanDraft) (models.PlannedJob, error) {
	return models.PlannedJob{}, errors.New("no job is made here")
}

func (p *fakePlanner) Try(_ context.Context, d models.PlanDraft) (models.Trial, error) {
	if wrong := p.mistakes(d); len(wrong) > 0 {
		return models.Trial{}, wrong
	}
	p.tried = append(p.tried, d)
	if p.trial != nil {
		return p.trial(d), nil
	}
	if d.Kind == models.PlanDrive {
		return models.Trial{Drive: &models.DriveCheck{Free: 412e9, Total: 1e12}}, nil
	}
	return models.Trial{Source: &models.SourceReport{ServerVersion: "11.8.3-MariaDB", Tool: "mariadb-dump", ToolVersion: "11.8.3", Tables: 12, Size: 3_000_000}}, nil
}

func (p *fakePlanner) Save(ctx context.Context, d models.PlanDraft, isNew bool, _ string) (string, error) {
	if p.refuse != nil {
		return "", p.refuse
	}
	if err := p.Check(ctx, d, isNew); err != nil {
		return "", err
	}
	p.saved = append(p.saved, d)
	d.Version = models.NewID()
	id := models.NewID()
	switch d.Kind {
	case models.PlanSource:
		id = p.putSource(d, id)
	case models.PlanDrive:
		id = p.putDrive(d, id)
	case models.PlanJob:
		p.store.jobs = append(p.store.jobs, p.job(d, id))
	}
	kept := d
	kept.Secrets = maps.Clone(p.drafts[d.Kind][d.Label].Secrets)
	if kept.Secrets == nil {
		kept.Secrets = map[string]models.Secret{}
	}
	maps.Copy(kept.Secrets, d.Secrets)
	for _, name := range d.Forget {
		delete(kept.Secrets, name)
	}
	p.drafts[d.Kind][d.Label] = kept
	return id, nil
}

// job is the job of a draft that was not there before.
func (p *fakePlanner) job(d models.PlanDraft, id string) models.Job {
	made := models.Job{ID: id, Label: d.Label}
	for _, s := range p.store.sources {
		if s.Label == d.Fields["data_source"] {
			made.SourceID = s.ID
		}
	}
	for _, drive := range p.store.drives {
		if slices.Contains(strings.Split(d.Fields["drives"], "\n"), drive.Label) {
			made.DriveIDs = append(made.DriveIDs, drive.ID)
		}
	}
	return made
}

func (p *fakePlanner) putSource(d models.PlanDraft, id string) string {
	made := models.Source{ID: id, Label: d.Label, Provider: d.Fields["provider"], Settings: d.Fields}
	for i, s := range p.store.sources {
		if s.Label == d.Label {
			made.ID = s.ID
			p.store.sources[i] = made
			return made.ID
		}
	}
	p.store.sources = append(p.store.sources, made)
	return id
}

func (p *fakePlanner) putDrive(d models.PlanDraft, id string) string {
	made := models.Drive{ID: id, Label: d.Label, Provider: d.Fields["provider"], Settings: d.Fields}
	for i, s := range p.store.drives {
		if s.Label == d.Label {
			made.ID = s.ID
			p.store.drives[i] = made
			return made.ID
		}
	}
	p.store.drives = append(p.store.drives, made)
	return id
}

func (p *fakePlanner) Dependents(_ context.Context, kind models.PlanKind, label string) ([]string, error) {
	var all []string
	for _, j := range p.store.jobs {
		for _, s := range p.store.sources {
			if kind == models.PlanSource && s.Label == label && j.SourceID == s.ID {
				all = append(all, "the job "+j.Label)
			}
		}
		for _, d := range p.store.drives {
			if kind == models.PlanDrive && d.Label == label && len(j.DriveIDs) > 0 && j.DriveIDs[0] == d.ID {
				all = append(all, "the job "+j.Label)
			}
		}
	}
	return all, nil
}

func (p *fakePlanner) Remove(ctx context.Context, kind models.PlanKind, label, _ string) error {
	if p.refuse != nil {
		return p.refuse
	}
	if needed, _ := p.Dependents(ctx, kind, label); len(needed) > 0 {
		return models.Conflictf("the %s %q is used by %s", kind, label, needed[0])
	}
	delete(p.drafts[kind], label)
	if kind == models.PlanSource {
		for i, s := range p.store.sources {
			if s.Label == label {
				p.store.sources = append(p.store.sources[:i:i], p.store.sources[i+1:]...)
				break
			}
		}
	}
	return nil
}
