package web

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/views/human"
)

// fakeJobPlanner plans jobs in the fake store. Those of the store that it did not save
// itself are in the configuration file.
type fakeJobPlanner struct {
	store *fakeStore
	// drafts are those that were saved, by their labels.
	drafts map[string]models.PlanDraft
	// refuse is the answer to each Save and Remove.
	refuse error
	saved  []models.PlanDraft
	// removed are labels.
	removed []string
	needed  []string
	// forAll holds for jobs without rules.
	forAll models.Retention
}

// withJobPlanner lets jobs be planned.
func withJobPlanner(p *fakeJobPlanner) func(*Options) {
	return func(o *Options) {
		if s, ok := o.Store.(*fakeStore); ok {
			p.store = s
		}
		if p.drafts == nil {
			p.drafts = map[string]models.PlanDraft{}
		}
		o.Planner = p
	}
}

func (*fakeJobPlanner) Kinds(models.PlanKind) []models.Kind { return nil }

func (p *fakeJobPlanner) Origin(_ context.Context, _ models.PlanKind, label string) (models.Origin, error) {
	if _, ok := p.drafts[label]; ok {
		return models.OriginPage, nil
	}
	if !slices.ContainsFunc(p.store.jobs, func(j models.Job) bool { return j.Label == label }) {
		return "", models.NotFoundf("there is no job called %q", label)
	}
	return models.OriginFile, nil
}

func (p *fakeJobPlanner) LeftOut(context.Context) ([]models.LeftItem, error) { return nil, nil }

func (*fakeJobPlanner) Place(models.PlanKind, string) (string, int) { return "config.yaml", 12 }

func (p *fakeJobPlanner) Draft(_ context.Context, kind models.PlanKind, label string) (models.PlanDraft, error) {
	if d, ok := p.drafts[label]; ok {
		d.Fields, d.Secrets = maps.Clone(d.Fields), maps.Clone(d.Secrets)
		for name := range d.Secrets {
			d.Secrets[name] = models.Secret{}
		}
		return d, nil
	}
	return models.PlanDraft{Kind: kind, Label: label, Fields: models.Settings{"data_source": "shop", "drives": "nas", "cron": "0 3 * * *", "drill.scratch": "temporary"}}, nil
}

func (p *fakeJobPlanner) Check(_ context.Context, d models.PlanDraft, isNew bool) error {
	wrong := models.FieldErrors{}
	if p.store != nil && isNew && slices.ContainsFunc(p.store.jobs, func(j models.Job) bool { return j.Label == d.Label }) {
		wrong["label"] = "there is a job of that label already"
	}
	if expr := d.Fields["schedule"]; expr != "" {
		if _, err := cron.Parse(expr, ""); err != nil {
			wrong["schedule"] = err.Error()
		}
	}
	if _, err := cron.Zone(d.Fields["timezone"]); err != nil {
		wrong["timezone"] = err.Error()
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// Job knows of a draft whether it has rules.
func (p *fakeJobPlanner) Job(_ context.Context, d models.PlanDraft) (models.PlannedJob, error) {
	for name := range d.Fields {
		if strings.HasPrefix(name, "retention.") {
			return models.PlannedJob{Job: models.Job{Retention: models.Retention{Last: 1}}}, nil
		}
	}
	return models.PlannedJob{Job: models.Job{Retention: p.forAll}}, nil
}

func (*fakeJobPlanner) Try(context.Context, models.PlanDraft) (models.Trial, error) {
	return models.Trial{}, models.Invalidf("nobody tries a job")
}

func (p *fakeJobPlanner) Save(ctx context.Context, d models.PlanDraft, isNew bool, _ string) (string, error) {
	if err := p.Check(ctx, d, isNew); err != nil {
		return "", err
	}
	if p.refuse != nil {
		return "", p.refuse
	}
	p.saved = append(p.saved, d)
	kept := d
	kept.Secrets = maps.Clone(p.drafts[d.Label].Secrets)
	for _, name := range d.Forget {
		delete(kept.Secrets, name)
	}
	p.drafts[d.Label] = kept
	job := models.Job{ID: models.NewID(), Label: d.Label, SourceID: sourceID, DriveIDs: []string{driveID}, Cron: d.Fields["schedule"], Timezone: d.Fields["timezone"],
		Encryption: models.Encryption{Recipients: human.Lines(d.Fields["encryption.recipients"])}}
	for i, j := range p.store.jobs {
		if j.Label == d.Label {
			job.ID = j.ID
			p.store.jobs[i] = job
			return job.ID, nil
		}
	}
	p.store.jobs = append(p.store.jobs, job)
	return job.ID, nil
}

func (p *fakeJobPlanner) Dependents(context.Context, models.PlanKind, string) ([]string, error) {
	return p.needed, nil
}

func (p *fakeJobPlanner) Remove(_ context.Context, _ models.PlanKind, label, _ string) error {
	if p.refuse != nil {
		return p.refuse
	}
	p.removed = append(p.removed, label)
	return nil
}
