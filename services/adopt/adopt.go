// Package adopt rebuilds the catalogue from what lies on a drive, so that a lost server
// or metadata database loses no backup.
//
// What a drive holds is data of strangers: a manifest is believed as far as the file
// beside it bears it out, and a file without one is read to its end before it is
// adopted. Nothing on the drive is written, moved or deleted, and nothing that the
// catalogue knows already is changed.
package adopt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// Store is what adopting asks of the metadata database.
type Store interface {
	// AdoptBackup records a finished backup that was found on a drive, or the copies
	// that a known one lacks, by drive and key.
	AdoptBackup(ctx context.Context, b models.Backup, m *models.Manifest) (newBackup bool, newCopies int, err error)
	// AdoptJob returns the job of a label, and makes one where there is none.
	AdoptJob(ctx context.Context, label, sourceLabel, provider string) (models.Job, error)
	// Jobs returns the configured jobs.
	Jobs(ctx context.Context) ([]models.Job, error)
	// EachBackup calls fn with every backup that passes the filter, with its drive files.
	EachBackup(ctx context.Context, f models.BackupFilter, fn func(models.Backup) error) error
}

// Catalog opens drives.
type Catalog interface {
	OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error)
}

// Service adopts drives.
type Service struct {
	store   Store
	catalog Catalog
	kinds   []source.Kind
	dir     string
	log     *slog.Logger
}

// New returns a Service that knows these kinds of source, and unpacks dumps that must be
// in a file in a folder of its own below dataDir.
func New(store Store, catalog Catalog, kinds []source.Kind, dataDir string, log *slog.Logger) *Service {
	return &Service{store: store, catalog: catalog, kinds: kinds, dir: filepath.Join(dataDir, "adopt"), log: log}
}

// Options say how a drive is adopted.
type Options struct {
	// Tell, when set, is told of each file at once, in the order of the drive's keys.
	Tell func(models.AdoptedFile)
	// ReadAll reads every copy that is new to its end and compares it with its manifest.
	ReadAll bool
}

// Adopt records every backup that a drive holds and the catalogue does not know. What
// cannot be adopted is in the report with its reason; the error is for a drive that could
// not be listed and for a metadata database that does not take what was found. Adopting
// a drive twice changes nothing.
func (s *Service) Adopt(ctx context.Context, driveID string, o Options) (models.AdoptReport, error) {
	d, row, err := s.catalog.OpenDrive(ctx, driveID)
	if err != nil {
		return models.AdoptReport{DriveID: driveID}, err
	}
	if err := s.Sweep(ctx); err != nil {
		s.log.Warn("what an earlier adoption left is not all removed", "error", err)
	}
	r := &run{service: s, options: o, drive: d, row: row, jobs: map[jobKey]models.Job{}, report: models.AdoptReport{DriveID: driveID}}
	defer r.scratch.remove(s.log)
	files, err := r.list(ctx)
	if err != nil {
		return r.report, err
	}
	for _, batch := range batches(files) {
		for _, f := range r.look(ctx, batch) {
			if err := r.take(ctx, f); err != nil {
				return r.report, err
			}
		}
	}
	s.log.Info("drive adopted", "drive_id", driveID, "files", len(r.report.Files), "backups", r.report.Backups, "copies", r.report.Copies)
	return r.report, nil
}

// run is one adoption of one drive.
type run struct {
	service *Service
	options Options
	drive   drive.Drive
	row     models.Drive
	report  models.AdoptReport
	scratch scratch
	// jobs are those that were asked for.
	jobs map[jobKey]models.Job
	// unread counts files one after the other that the drive did not give.
	unread int
}

// jobKey is what a job is asked for by.
type jobKey struct{ label, source, provider string }

// mostUnread is after how many files that could not be read, one after the other, a
// drive is taken to be away. Each of them has been tried for a while.
const mostUnread = 5

// take adopts one file, and tells what became of it.
func (r *run) take(ctx context.Context, f looked) error {
	if f.foreign {
		return nil
	}
	told := models.AdoptedFile{Key: f.file.Key, FromManifest: f.manifest != nil}
	var err error
	switch {
	case f.err != nil:
		err = f.err
	case f.manifest != nil:
		err = r.fromManifest(ctx, f, &told)
	default:
		err = r.fromFile(ctx, f, &told)
	}
	if err := r.judge(ctx, err, &told); err != nil {
		return err
	}
	r.report.Files = append(r.report.Files, told)
	if r.options.Tell != nil {
		r.options.Tell(told)
	}
	return nil
}

// judge tells what is wrong with one file from what ends the adoption.
func (r *run) judge(ctx context.Context, err error, told *models.AdoptedFile) error {
	var fault *models.Fault
	var away *awayError
	switch {
	case err == nil:
		r.unread = 0
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &away):
		r.unread++
		if r.unread >= mostUnread {
			return fmt.Errorf("%d files in a row could not be read from the drive %q, the last because: %w", r.unread, r.row.Label, away.cause)
		}
		told.Problem = "it could not be read: " + away.cause.Error()
	case errors.As(err, &fault):
		r.unread = 0
		told.Problem = fault.Sentence
	default:
		return fmt.Errorf("adopt %s from the drive %q: %w", told.Key, r.row.Label, err)
	}
	told.BackupID, told.New = "", false
	return nil
}

// awayError says that the drive did not give a file; the file may be good.
type awayError struct{ cause error }

func (e *awayError) Error() string { return e.cause.Error() }

func (e *awayError) Unwrap() error { return e.cause }

// away marks an error of the drive, but for a file that is not there.
func away(err error) error {
	if err == nil || errors.Is(err, models.ErrNotFound) {
		return err
	}
	return &awayError{cause: err}
}

// look reads the manifests of a batch side by side: over a network most of the time is
// spent on waiting.
func (r *run) look(ctx context.Context, batch []candidate) []looked {
	all := make([]looked, len(batch))
	var wait sync.WaitGroup
	for i, c := range batch {
		wait.Go(func() { all[i] = r.lookAt(ctx, c) })
	}
	wait.Wait()
	return all
}
