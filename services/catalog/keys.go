package catalog

import (
	"context"
	"fmt"

	"github.com/backupman/backupman/models"
)

// Passphrase returns what the dumps of a job are encrypted with; empty where its
// encryption has recipients, and for a job that is not configured here.
func (c *Catalog) Passphrase(ctx context.Context, jobID string) (models.Secret, error) {
	k, job, err := c.keysOf(ctx, jobID)
	if err != nil {
		return models.Secret{}, err
	}
	return c.Reveal(ctx, k.passphrase, fmt.Sprintf("the job %q takes its passphrase", job.Label))
}

// Unlock returns what the configuration has to open the dumps of a job; empty when it has
// nothing.
func (c *Catalog) Unlock(ctx context.Context, jobID string) (models.Unlock, error) {
	phrase, err := c.Passphrase(ctx, jobID)
	if err != nil {
		return models.Unlock{}, err
	}
	k, job, err := c.keysOf(ctx, jobID)
	if err != nil {
		return models.Unlock{}, err
	}
	identity, err := c.Reveal(ctx, k.identity, fmt.Sprintf("the job %q takes its private key", job.Label))
	if err != nil {
		return models.Unlock{}, err
	}
	return models.Unlock{Identity: identity, Passphrase: phrase}, nil
}

func (c *Catalog) keysOf(ctx context.Context, jobID string) (keys, models.Job, error) {
	job, err := c.Job(ctx, jobID)
	return c.snapshot().jobs[job.Label], job, err
}
