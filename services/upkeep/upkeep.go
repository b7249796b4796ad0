// Package upkeep looks after drives between backups: it checks each once a day, so that
// a drive that no longer works is known before the next backup needs it, and reads some
// copies of each back once a week, so that a copy which rotted is made again while a
// good one exists.
package upkeep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

const (
	// checkEvery is how often a drive is checked that passed last time.
	checkEvery = 24 * time.Hour
	// recheckEvery is how often one is checked that did not.
	recheckEvery = time.Hour
	// sweepTime bounds the sweep after a check: the other drives wait for
	// their next checks meanwhile.
	sweepTime = 5 * time.Minute
	// tryTime bounds how long a drive may be silent in a check: people wait for it.
	tryTime = 90 * time.Second
	// sampleSize is how many copies are read back besides the newest. Those that were
	// read longest ago come first, so that in time every copy is.
	sampleSize = 2
	// rereadEvery is how often a copy that could not be read is tried once more: within a day
	// or so it is known whether it can be read at all, which is what calls it lost.
	rereadEvery = 12 * time.Hour
	// rereadsAtOnce bounds how many of those one look reads.
	rereadsAtOnce = 4
	// healSince is how long ago a copy has failed at most that is made again when its
	// drive works.
	healSince = 14 * 24 * time.Hour
)

// Store is what this package asks of the metadata database.
type Store interface {
	// DriveChecks returns the newest check of each drive, by the drive's id.
	DriveChecks(ctx context.Context) (map[string]models.DriveCheck, error)
	// ClaimDriveCheck reports whether the caller is to check a drive now: nobody has
	// begun to since the given moment.
	ClaimDriveCheck(ctx context.Context, driveID string, since, now time.Time) (bool, error)
	// SaveDriveCheck records what a check found.
	SaveDriveCheck(ctx context.Context, c models.DriveCheck) error
	// ClaimSample is as ClaimDriveCheck, for reading copies back.
	ClaimSample(ctx context.Context, driveID string, since, now time.Time) (bool, error)
	// NewestCopy returns the newest finished copy on a drive, or models.ErrNotFound.
	NewestCopy(ctx context.Context, driveID string) (models.DriveFile, error)
	// SampleCopies returns finished copies on a drive that were not read back since a
	// moment, longest ago first.
	SampleCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error)
	// UnreadCopies returns finished copies on a drive that could not be read and that nobody
	// has tried to read since a moment, longest ago first; ClaimUnread is as ClaimDriveCheck,
	// for reading one of them once more.
	UnreadCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error)
	ClaimUnread(ctx context.Context, driveFileID string, since, now time.Time) (bool, error)
	// SharedFact returns what is known under a name, and sets it to what is offered when
	// nothing is; ReplaceFact changes it unless another process has from old.
	SharedFact(ctx context.Context, name, offer string) (string, error)
	ReplaceFact(ctx context.Context, name, old, fresh string) error
	// HealDrive makes the copies on a drive that failed since a moment due at another.
	HealDrive(ctx context.Context, driveID string, since, at time.Time) error
	// DriveTotals counts the copies on each drive, by the drive's id.
	DriveTotals(ctx context.Context) (map[string]models.DriveTotals, error)
	// DriveUsages returns what drives held each day since one, and SetDriveUsage writes it
	// down for a day and forgets those before another. Days are as in models.DriveUsage.
	DriveUsages(ctx context.Context, driveID, since string) ([]models.DriveUsage, error)
	SetDriveUsage(ctx context.Context, u models.DriveUsage, forget string) error
}

// Catalog knows the drives that this process is configured with.
type Catalog interface {
	Drives(ctx context.Context) ([]models.Drive, error)
	OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error)
}

// Backups looks after copies.
type Backups interface {
	// Verify reads copies of a backup back and writes down what that found.
	Verify(ctx context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error)
	// SweepDrive removes what failed attempts left on a drive.
	SweepDrive(ctx context.Context, driveID string) error
}

// Service looks after drives. It is safe for concurrent use.
type Service struct {
	store   Store
	catalog Catalog
	backups Backups
	log     *slog.Logger
	// now is the time, which tests set.
	now func() time.Time
	// sampling keeps one drive's sample from running beside another's: reading copies
	// back is long work and must not crowd out backups.
	sampling sync.Mutex
}

// New returns a Service. now may be nil for the machine's clock.
func New(store Store, catalog Catalog, backups Backups, log *slog.Logger, now func() time.Time) *Service {
	if now == nil {
		now = models.Now
	}
	return &Service{store: store, catalog: catalog, backups: backups, log: log, now: now}
}

// CheckDue checks the drives that are due, all at once, for one that does not answer
// takes its time. Of several replicas one checks each.
func (s *Service) CheckDue(ctx context.Context) error {
	return s.each(ctx, "check", func(d models.Drive, last models.DriveCheck) error {
		now, every := s.now(), recheckEvery
		if passed(last) {
			every = checkEvery
		}
		won, err := s.store.ClaimDriveCheck(ctx, d.ID, now.Add(-every), now)
		if err == nil && won {
			_, err = s.Check(ctx, d.ID)
		}
		return err
	})
}

// passed reports whether the newest check that was begun has passed. One whose process
// ended in the middle of it left only the time it began.
func passed(c models.DriveCheck) bool {
	return c.Good() && c.GoodAt != nil && !c.GoodAt.Before(c.CheckedAt)
}

// each calls do for every configured drive with what its newest check found.
func (s *Service) each(ctx context.Context, doing string, do func(d models.Drive, last models.DriveCheck) error) error {
	drives, err := s.catalog.Drives(ctx)
	if err != nil {
		return err
	}
	checks, err := s.store.DriveChecks(ctx)
	if err != nil {
		return err
	}
	failures := make([]error, len(drives))
	var all sync.WaitGroup
	for i, d := range drives {
		all.Go(func() {
			if err := do(d, checks[d.ID]); err != nil && ctx.Err() == nil {
				failures[i] = fmt.Errorf("%s the drive %q: %w", doing, d.Label, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failures...)
}

// Check checks a drive now and records what that found. The error is for what could
// not be recorded; what is wrong with the drive is in the check.
func (s *Service) Check(ctx context.Context, driveID string) (models.DriveCheck, error) {
	d, row, err := s.catalog.OpenDrive(ctx, driveID)
	if err != nil && row.ID == "" {
		return models.DriveCheck{}, err // no such drive
	}
	found := models.DriveCheck{DriveID: driveID, Free: -1, Total: -1}
	if err == nil {
		err = s.try(ctx, d, &found)
	}
	found.CheckedAt = s.now()
	if err != nil {
		found.Error, found.NeedsSignIn = sentence(err), errors.Is(err, models.ErrUnauthorized)
		s.log.Warn("drive check failed", "drive_id", driveID, "drive", row.Label, "error", err)
	} else {
		found.GoodAt = &found.CheckedAt
	}
	if ctx.Err() != nil {
		return found, ctx.Err()
	}
	if err := s.store.SaveDriveCheck(ctx, found); err != nil {
		return found, err
	}
	if !found.Good() {
		return found, nil
	}
	return found, errors.Join(s.writeUsage(ctx, []models.Drive{row}), s.afterGood(ctx, driveID))
}

func (s *Service) try(ctx context.Context, d drive.Drive, found *models.DriveCheck) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	report, err := d.Check(ctx)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		found.Free, found.Total = report.Free, report.Total
	}
	return err
}

// afterGood makes up for what a drive missed while it was away. What could not be swept
// in time is left to the next check; healing does not wait for it.
func (s *Service) afterGood(ctx context.Context, driveID string) error {
	s.sweep(ctx, driveID)
	now := s.now()
	return s.store.HealDrive(ctx, driveID, now.Add(-healSince), now)
}

func (s *Service) sweep(ctx context.Context, driveID string) {
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	if err := s.backups.SweepDrive(ctx, driveID); err != nil {
		s.log.Warn("what failed uploads left is not all swept", "drive_id", driveID, "error", err)
	}
}

func sentence(err error) string {
	var fault *models.Fault
	switch {
	case errors.As(err, &fault):
		return fault.Sentence
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("the drive did not answer within %s: see whether it can be reached from this machine", tryTime)
	default:
		return err.Error()
	}
}
