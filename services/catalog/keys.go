package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// Unlock returns what the configuration has to open the dumps of a job, with the
// passphrases from before, the newest first; empty when it has nothing.
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
	u := models.Unlock{Identity: identity, Passphrase: phrase}
	for _, f := range slices.Backward(k.former) {
		earlier, err := c.Reveal(ctx, f, fmt.Sprintf("the job %q takes the passphrase of earlier backups", job.Label))
		if errors.Is(err, models.ErrNotFound) {
			continue // it opens nothing any more, and the others do
		}
		if err != nil {
			return models.Unlock{}, err
		}
		u.Former = append(u.Former, earlier)
	}
	return u, nil
}

func (c *Catalog) keysOf(ctx context.Context, jobID string) (keys, models.Job, error) {
	job, err := c.Job(ctx, jobID)
	return c.snapshot().jobs[job.Label], job, err
}
