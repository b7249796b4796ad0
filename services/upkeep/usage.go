package upkeep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
)

// keepUsage is how many days of what drives held are kept.
const keepUsage = 400

// UsageDue writes down what each drive holds, once a day. A check of a drive writes it down
// again, because what is free is known only then.
func (s *Service) UsageDue(ctx context.Context) error {
	drives, err := s.catalog.Drives(ctx)
	if err != nil {
		return err
	}
	today := s.now().UTC().Format(time.DateOnly)
	written, err := s.store.DriveUsages(ctx, "", today)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, u := range written {
		known[u.DriveID] = true
	}
	var missing []models.Drive
	for _, d := range drives {
		if !known[d.ID] {
			missing = append(missing, d)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return s.writeUsage(ctx, missing)
}

// writeUsage writes down what drives hold, and what was free at their newest checks where
// these have passed.
func (s *Service) writeUsage(ctx context.Context, drives []models.Drive) error {
	totals, err := s.store.DriveTotals(ctx)
	if err != nil {
		return err
	}
	checks, err := s.store.DriveChecks(ctx)
	if err != nil {
		return err
	}
	now := s.now().UTC()
	var failures []error
	for _, d := range drives {
		u := models.DriveUsage{DriveID: d.ID, Day: now.Format(time.DateOnly), Copies: totals[d.ID].Finished, Bytes: totals[d.ID].Bytes, Free: -1, Total: -1}
		if c, checked := checks[d.ID]; checked && passed(c) {
			u.Free, u.Total = c.Free, c.Total
		}
		if err := s.store.SetDriveUsage(ctx, u, now.AddDate(0, 0, -keepUsage).Format(time.DateOnly)); err != nil {
			failures = append(failures, fmt.Errorf("write down what the drive %q holds: %w", d.Label, err))
		}
	}
	return errors.Join(failures...)
}
