package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// labelled are the entities that a configuration names by label.
type labelled interface {
	models.Source | models.Drive | models.Job
}

// Sources returns the sources that are configured, by label.
func (s *Store) Sources(ctx context.Context) ([]models.Source, error) {
	return present[models.Source](ctx, s, "list the sources")
}

// Source returns a source, also one that left the configuration, or models.ErrNotFound.
func (s *Store) Source(ctx context.Context, id string) (models.Source, error) {
	return one[models.Source](s, s.read(ctx).Where("id = ?", id), models.NotFoundf("there is no source %s", id))
}

// SourceByLabel returns a configured source, or models.ErrNotFound.
func (s *Store) SourceByLabel(ctx context.Context, label string) (models.Source, error) {
	return one[models.Source](s, labelledAs(s.read(ctx), label), notNamed("source", "data_sources", label))
}

// Drives returns the drives that are configured, by label.
func (s *Store) Drives(ctx context.Context) ([]models.Drive, error) {
	return present[models.Drive](ctx, s, "list the drives")
}

// Drive returns a drive, also one that left the configuration, or models.ErrNotFound.
func (s *Store) Drive(ctx context.Context, id string) (models.Drive, error) {
	return one[models.Drive](s, s.read(ctx).Where("id = ?", id), models.NotFoundf("there is no drive %s", id))
}

// DriveByLabel returns a configured drive, or models.ErrNotFound.
func (s *Store) DriveByLabel(ctx context.Context, label string) (models.Drive, error) {
	return one[models.Drive](s, labelledAs(s.read(ctx), label), notNamed("drive", "drives", label))
}

// Jobs returns the jobs that are configured, by label.
func (s *Store) Jobs(ctx context.Context) ([]models.Job, error) {
	return present[models.Job](ctx, s, "list the jobs")
}

// Job returns a job, also one that left the configuration, or models.ErrNotFound.
func (s *Store) Job(ctx context.Context, id string) (models.Job, error) {
	return one[models.Job](s, s.read(ctx).Where("id = ?", id), noSuchJob(id))
}

// JobByLabel returns a configured job, or models.ErrNotFound.
func (s *Store) JobByLabel(ctx context.Context, label string) (models.Job, error) {
	return one[models.Job](s, labelledAs(s.read(ctx), label), notNamed("job", "jobs", label))
}

func noSuchJob(id string) error { return models.NotFoundf("there is no job %s", id) }

func notNamed(kind, section, label string) error {
	return models.NotFoundf("there is no %s %q: the configuration names the ones there are under %s", kind, label, section)
}

func labelledAs(query *gorm.DB, label string) *gorm.DB {
	return query.Where("label = ? AND removed_at IS NULL", label)
}

func present[T labelled](ctx context.Context, s *Store, doing string) ([]T, error) {
	found := []T{}
	err := s.read(ctx).Where("removed_at IS NULL").Order("label").Find(&found).Error
	return found, s.fault(doing, err)
}

func one[T labelled](s *Store, query *gorm.DB, missing error) (T, error) {
	var found T
	err := query.Take(&found).Error
	if isMissing(err) {
		return found, missing
	}
	return found, s.fault("read what the configuration holds", err)
}
