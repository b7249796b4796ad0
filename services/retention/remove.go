package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
)

const (
	// askTime bounds how long a drive may take to remove one copy.
	askTime = 2 * time.Minute
	// removalLease is how long nobody else removes the copy that one process removes.
	// It is longer than that may take.
	removalLease = 4 * askTime
	// recordTime bounds how long is tried to record how a removal went when the process ends.
	recordTime = 10 * time.Second
)

// pauses are how long a drive that has not removed a copy is left alone after each try.
// The last one repeats, for ever.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour}

func pauseAfter(tries int) time.Duration {
	return pauses[min(max(tries, 1), len(pauses))-1]
}

// RemoveDue asks drives to remove the copies that are written down as removed, on all
// drives at once. One that fails is asked for the next copy at the next call, so that one
// that does not answer is not waited for again and again. What a drive has not confirmed
// stays due; the error is for what could not be recorded.
func (s *Service) RemoveDue(ctx context.Context) error {
	ids, err := s.store.RemovalDrives(ctx, s.now())
	if err != nil {
		return err
	}
	return s.removeOn(ctx, ids)
}

// RemoveHere is RemoveDue for the drives that this process is configured with. A command
// leaves the others to a server, which may have another configuration.
func (s *Service) RemoveHere(ctx context.Context) error {
	ids, err := s.store.RemovalDrives(ctx, s.now())
	if err != nil {
		return err
	}
	here, err := s.catalog.Drives(ctx)
	if err != nil {
		return err
	}
	return s.removeOn(ctx, slices.DeleteFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(here, func(d models.Drive) bool { return d.ID == id })
	}))
}

func (s *Service) removeOn(ctx context.Context, ids []string) error {
	failures := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { failures[i] = s.removeFrom(ctx, id) })
	}
	all.Wait()
	return errors.Join(failures...)
}

// removeFrom removes from one drive what is due, until it fails.
func (s *Service) removeFrom(ctx context.Context, driveID string) error {
	var checked drive.Drive
	for ctx.Err() == nil {
		r, err := s.store.ClaimRemoval(ctx, driveID, s.now(), removalLease)
		if errors.Is(err, models.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if checked == nil {
			checked, err = s.checkedDrive(ctx, driveID)
		}
		if err == nil {
			err = remove(ctx, checked, r.Key)
		}
		if err != nil {
			return s.postpone(ctx, checked, r, err)
		}
		if err := s.confirm(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// checkedDrive opens a drive that works. One that is away, such as a disk that is not
// mounted, would say of every copy that it is not there.
func (s *Service) checkedDrive(ctx context.Context, id string) (drive.Drive, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	d, row, err := s.catalog.OpenDrive(ctx, id)
	if errors.Is(err, models.ErrNotFound) && row.ID != "" {
		return nil, models.NotFoundf("the drive %q is no longer in the configuration: add it again, and the copy is removed from it; or remove the copy by hand", row.Label)
	}
	if err != nil {
		return nil, err
	}
	if _, err := d.Check(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// remove removes a copy and its manifest. The copy goes first: a manifest that is left
// alone says what it was of, and adopting the drive does not mind it.
func remove(ctx context.Context, d drive.Drive, key string) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := d.Delete(ctx, key); err != nil {
		return err
	}
	return d.Delete(ctx, archive.ManifestKey(key))
}

// confirm records that a copy is gone, also while the process ends.
func (s *Service) confirm(ctx context.Context, r models.Removal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	s.log.Info("copy removed", "backup_id", r.BackupID, "drive_id", r.DriveID, "key", r.Key)
	return s.store.ConfirmRemoval(ctx, r.ID, s.now())
}

// postpone records why a copy was not removed, and when that is tried again.
func (s *Service) postpone(ctx context.Context, d drive.Drive, r models.Removal, why error) error {
	ended := ctx.Err() != nil
	next := s.now().Add(pauseAfter(r.Tries))
	if ended {
		next = s.now() // the process ended; the drive is not at fault
	} else if until := lockOf(ctx, d, r.Key); until.After(next) {
		next = until.Add(time.Second)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if !ended {
		s.log.Warn("copy not removed yet", "backup_id", r.BackupID, "drive_id", r.DriveID, "key", r.Key, "tries", r.Tries, "try_at", next, "error", why)
	}
	return s.store.PostponeRemoval(ctx, r.ID, sentence(why), next)
}

// lockOf returns until when the provider keeps a copy; zero when it does not, or does not
// tell.
func lockOf(ctx context.Context, d drive.Drive, key string) time.Time {
	if d == nil {
		return time.Time{}
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var until time.Time
	for _, k := range []string{key, archive.ManifestKey(key)} {
		if stored, err := d.Stat(ctx, k); err == nil && stored.LockedUntil.After(until) {
			until = stored.LockedUntil
		}
	}
	return until
}

func sentence(err error) string {
	var fault *models.Fault
	switch {
	case errors.As(err, &fault):
		return fault.Sentence
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("the drive did not answer within %s: see whether it can be reached", askTime)
	default:
		return err.Error()
	}
}
