// Package kit writes recovery kits: plain text that tells how to restore the encrypted
// dumps of a job on a bare machine, with stock programs. A kit holds no secret.
package kit

import (
	"context"
	"errors"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// Store is what the kits ask of the metadata database. Its methods return
// models.ErrNotFound for an id that was never there.
type Store interface {
	Source(ctx context.Context, id string) (models.Source, error)
	Drive(ctx context.Context, id string) (models.Drive, error)
	// TakeKit notes that the kit for an encryption was taken. It returns
	// models.ErrConflict when the job is encrypted in another way meanwhile.
	TakeKit(ctx context.Context, jobID, fingerprint string, at time.Time) error
}

// Catalog knows the configured jobs.
type Catalog interface {
	Job(ctx context.Context, id string) (models.Job, error)
}

// Service writes kits.
type Service struct {
	store   Store
	catalog Catalog
}

// New returns a Service.
func New(store Store, catalog Catalog) *Service { return &Service{store: store, catalog: catalog} }

// Kit returns the kit of a job as it is encrypted now. It returns models.ErrNotFound for
// a job that is not there, and models.ErrConflict for one that encrypts nothing.
func (s *Service) Kit(ctx context.Context, jobID string) (models.Kit, error) {
	job, err := s.catalog.Job(ctx, jobID)
	if err != nil {
		return models.Kit{}, err
	}
	if !job.Encryption.On() {
		return models.Kit{}, models.Conflictf("the backups of job %q are not encrypted: there is nothing that a recovery kit would be for", job.Label)
	}
	f := facts{job: job, made: models.Now()}
	if f.source, err = s.store.Source(ctx, job.SourceID); err != nil && !errors.Is(err, models.ErrNotFound) {
		return models.Kit{}, err
	}
	for _, id := range job.DriveIDs {
		d, err := s.store.Drive(ctx, id)
		if err != nil {
			return models.Kit{}, err
		}
		f.drives = append(f.drives, d)
	}
	text, err := write(f)
	return models.Kit{JobID: job.ID, Label: job.Label, Fingerprint: job.Encryption.Fingerprint(), Encryption: job.Encryption,
		TakenAt: job.KitAt, Current: job.HasKit(), FileName: "recovery-kit-" + archive.Folder(job.Label) + ".txt", Text: text}, err
}

// Take returns the kit, and notes that it was taken. From then on the job may run.
func (s *Service) Take(ctx context.Context, jobID string) (models.Kit, error) {
	k, err := s.Kit(ctx, jobID)
	if err != nil {
		return k, err
	}
	now := models.Now()
	if err := s.store.TakeKit(ctx, jobID, k.Fingerprint, now); err != nil {
		return models.Kit{}, err
	}
	k.TakenAt, k.Current = &now, true
	return k, nil
}
