// Package watch looks at what finished backups hold, and raises an alarm when one is far
// from what its job usually holds: the source may have lost something, and retention
// must not delete what still has it.
package watch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/compare"
)

const (
	// earlier is how many backups say what is usual.
	earlier = 10
	// told is how many sentences an alarm has; a lost database would have thousands.
	told = 10
)

// Store is what this package asks of the metadata database.
type Store interface {
	// Manifest returns the manifest of a backup, or models.ErrNotFound.
	Manifest(ctx context.Context, id string) (models.Manifest, error)
	// ManifestsBefore returns the manifests of the good backups of the same job that
	// were made before b, newest first.
	ManifestsBefore(ctx context.Context, b models.Backup, limit int) ([]models.Manifest, error)
	// Alarms returns all alarms, newest first.
	Alarms(ctx context.Context, unseenOnly bool) ([]models.Alarm, error)
	// RaiseAlarm records an alarm.
	RaiseAlarm(ctx context.Context, a models.Alarm) error
}

// Service watches backups.
type Service struct{ store Store }

// New returns a Service over a store.
func New(store Store) *Service { return &Service{store: store} }

// Check raises an alarm when a finished backup is far from what its job usually holds.
// A backup that finishes once more, because a copy of it was made again, holds what it
// held: it raises no second alarm.
func (s *Service) Check(ctx context.Context, b models.Backup) error {
	now, err := s.store.Manifest(ctx, b.ID)
	if err != nil {
		return fmt.Errorf("compare the backup %s with those before it: %w", b.ID, err)
	}
	before, err := s.store.ManifestsBefore(ctx, b, earlier)
	if err != nil {
		return fmt.Errorf("compare the backup %s with those before it: %w", b.ID, err)
	}
	found := compare.Anomalies(now, before)
	if len(found) == 0 {
		return nil
	}
	raised, err := s.raised(ctx, b.ID)
	if err != nil || raised {
		return err
	}
	return s.store.RaiseAlarm(ctx, models.Alarm{ID: models.NewID(), JobID: b.JobID, BackupID: b.ID,
		Kind: models.AlarmAnomaly, Sentence: sentences(found), CreatedAt: models.Now()})
}

func (s *Service) raised(ctx context.Context, backupID string) (bool, error) {
	alarms, err := s.store.Alarms(ctx, false)
	return slices.ContainsFunc(alarms, func(a models.Alarm) bool {
		return a.BackupID == backupID && a.Kind == models.AlarmAnomaly
	}), err
}

// sentences puts anomalies one a line.
func sentences(found []models.Anomaly) string {
	lines := make([]string, 0, told+1)
	for i, a := range found {
		if i == told {
			lines = append(lines, fmt.Sprintf("and %d more", len(found)-told))
			break
		}
		lines = append(lines, a.Sentence)
	}
	return strings.Join(lines, "\n")
}
