package catalog

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// Store is what the catalog asks of the metadata database. The reading methods
// return models.ErrNotFound for an id that was never there.
type Store interface {
	// ApplyPlan makes the rows say what the plan says, in one transaction, and
	// marks what the plan lacks as removed unless it says Keep.
	ApplyPlan(ctx context.Context, p models.Plan) error
	Job(ctx context.Context, id string) (models.Job, error)
	// Jobs returns every job that was not removed.
	Jobs(ctx context.Context) ([]models.Job, error)
	// Drives returns every drive that was not removed, by label.
	Drives(ctx context.Context) ([]models.Drive, error)
	Source(ctx context.Context, id string) (models.Source, error)
	Drive(ctx context.Context, id string) (models.Drive, error)
}

// SourceLookup finds a kind of source by its provider, as source.Lookup does.
type SourceLookup func(provider string) (source.Kind, error)

// DriveLookup finds a kind of drive by its provider, as drive.Lookup does.
type DriveLookup func(provider string) (drive.Kind, error)

// Catalog is safe for concurrent use.
type Catalog struct {
	store      Store
	sourceKind SourceLookup
	driveKind  DriveLookup
	// secrets is nil where settings can't refer to stored ones.
	secrets Secrets

	// applying lets one Apply run at a time, so that memory and store end with
	// the same plan.
	applying sync.Mutex
	mu       sync.RWMutex
	current  configured
	opened   openDrives
}

// configured is one configuration by label, with its secrets.
type configured struct {
	sources map[string]models.Source
	drives  map[string]models.Drive
	jobs    map[string]keys
	// notifiers are in the order in which they are configured.
	notifiers []models.Notifier
	// uses are what stored secrets are used for, by their names.
	uses map[string][]string
}

// keys are what encrypts and opens the dumps of a job.
type keys struct {
	passphrase, identity models.Secret
	// former are passphrases from before, the newest last.
	former []models.Secret
}

// New returns an empty catalog: nothing opens until Apply or Load. base has what all
// drives of this installation share; its label and settings are not looked at.
func New(store Store, sources SourceLookup, drives DriveLookup, base drive.Place, options ...Option) *Catalog {
	c := &Catalog{store: store, sourceKind: sources, driveKind: drives, opened: openDrives{base: base, drives: map[string]openDrive{}}}
	for _, add := range options {
		add(c)
	}
	return c
}

// Job returns a job, or models.ErrNotFound.
func (c *Catalog) Job(ctx context.Context, id string) (models.Job, error) {
	job, err := c.store.Job(ctx, id)
	if err != nil {
		return models.Job{}, fmt.Errorf("find the job %s: %w", id, err)
	}
	return job, nil
}

// Jobs returns the jobs that this process is configured with. The store may hold
// more, of a command that was run with another file, which would only fail here.
func (c *Catalog) Jobs(ctx context.Context) ([]models.Job, error) {
	stored, err := c.store.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the jobs: %w", err)
	}
	configured := c.snapshot().jobs
	return slices.DeleteFunc(stored, func(j models.Job) bool { _, ok := configured[j.Label]; return !ok }), nil
}

// Drives returns the drives that this process is configured with, by label. Their
// settings have no secrets.
func (c *Catalog) Drives(ctx context.Context) ([]models.Drive, error) {
	stored, err := c.store.Drives(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the drives: %w", err)
	}
	configured := c.snapshot().drives
	return slices.DeleteFunc(stored, func(d models.Drive) bool { _, ok := configured[d.Label]; return !ok }), nil
}

func (c *Catalog) snapshot() configured {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.current
}
