package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/backupman/backupman/models"
)

// Apply makes a plan the current one: the store gets it without secrets, memory
// keeps it with them. When the store refuses, the plan before stays.
func (c *Catalog) Apply(ctx context.Context, plan models.Plan) error {
	c.applying.Lock()
	defer c.applying.Unlock()
	open, err := c.withoutSecrets(plan)
	if err != nil {
		return err
	}
	if err := c.store.ApplyPlan(ctx, open); err != nil {
		return fmt.Errorf("record the configuration: %w", err)
	}
	c.take(plan)
	return nil
}

// Load makes a plan the current one in memory only, for a process that must not
// change what the store says.
func (c *Catalog) Load(plan models.Plan) {
	c.applying.Lock()
	defer c.applying.Unlock()
	c.take(plan)
}

func (c *Catalog) take(plan models.Plan) {
	next := index(plan)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = next
}

func index(plan models.Plan) configured {
	next := configured{sources: map[string]models.Source{}, drives: map[string]models.Drive{}, jobs: map[string]keys{}}
	for _, s := range plan.Sources {
		next.sources[s.Label] = s
	}
	for _, d := range plan.Drives {
		next.drives[d.Label] = d
	}
	for _, j := range plan.Jobs {
		next.jobs[j.Job.Label] = keys{passphrase: j.Passphrase, identity: j.Identity, former: j.Former}
	}
	next.notifiers = slices.Clone(plan.Notifiers)
	next.uses = usesOf(plan)
	return next
}

// withoutSecrets copies a plan for the store. A kind that is not known stops
// it: which of its settings are secret cannot be told.
func (c *Catalog) withoutSecrets(plan models.Plan) (models.Plan, error) {
	open := models.Plan{Keep: plan.Keep, Revision: plan.Revision}
	for _, j := range plan.Jobs {
		j.Passphrase, j.Identity, j.Former = models.Secret{}, models.Secret{}, nil
		open.Jobs = append(open.Jobs, j)
	}
	for _, s := range plan.Sources {
		kind, err := c.sourceKind(s.Provider)
		if err != nil {
			return models.Plan{}, fmt.Errorf("the data source %q: %w", s.Label, err)
		}
		s.Settings = s.Settings.Without(kind.Kind)
		open.Sources = append(open.Sources, s)
	}
	for _, d := range plan.Drives {
		kind, err := c.driveKind(d.Provider)
		if err != nil {
			return models.Plan{}, fmt.Errorf("the drive %q: %w", d.Label, err)
		}
		d.Settings = d.Settings.Without(kind.Kind)
		open.Drives = append(open.Drives, d)
	}
	return open, nil
}
