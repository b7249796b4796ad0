package store

import (
	"context"
	"maps"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// ApplyPlan makes the metadata hold what a configuration asks for, in one
// transaction: sources, drives and jobs are matched by label and keep their
// ids, what is no longer asked for is marked as removed unless the plan says
// Keep, and what returns is not. UpdatedAt changes only where something did. Settings are stored as they
// are given, so the caller leaves secrets out. A plan whose Revision is no longer the one of
// what people set up is models.ErrBusy.
func (s *Store) ApplyPlan(ctx context.Context, p models.Plan) error {
	const doing = "apply the configuration to the metadata"
	if err := checkPlan(p); err != nil {
		return err
	}
	if p.Revision != "" {
		if err := s.makeRow(ctx, planFact); err != nil {
			return err
		}
	}
	err := s.locked(ctx, "plan", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return applyPlan(tx, p, models.Now()) })
	})
	return s.fault(doing, err)
}

func applyPlan(tx *gorm.DB, p models.Plan, now time.Time) error {
	if p.Revision != "" {
		if err := samePlan(tx, p.Revision); err != nil {
			return err
		}
	}
	sources, err := applyPlaces(tx, "sources", sourcePlaces(p.Sources), p.Keep, now)
	if err != nil {
		return err
	}
	drives, err := applyPlaces(tx, "drives", drivePlaces(p.Drives), p.Keep, now)
	if err != nil {
		return err
	}
	return applyJobs(tx, resolveJobs(p.Jobs, sources, drives), p.Keep, now)
}

// checkPlan returns models.ErrInvalid when a job names what the plan lacks, or
// when a label stands twice.
func checkPlan(p models.Plan) error {
	sources, drives, jobs := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range p.Sources {
		if err := addLabel(sources, "source", s.Label); err != nil {
			return err
		}
	}
	for _, d := range p.Drives {
		if err := addLabel(drives, "drive", d.Label); err != nil {
			return err
		}
	}
	for _, j := range p.Jobs {
		if err := addLabel(jobs, "job", j.Job.Label); err != nil {
			return err
		}
		if err := checkJob(j, sources, drives); err != nil {
			return err
		}
	}
	return nil
}

func addLabel(seen map[string]bool, kind, label string) error {
	if label == "" {
		return models.Invalidf("a %s has no label: give each one a label of its own", kind)
	}
	if seen[label] {
		return models.Invalidf("the %s %q is there twice: give each one a label of its own", kind, label)
	}
	seen[label] = true
	return nil
}

func checkJob(j models.PlannedJob, sources, drives map[string]bool) error {
	if !sources[j.Source] {
		return models.Invalidf("the job %q backs up the source %q, which is not there: add it, or name another", j.Job.Label, j.Source)
	}
	for _, label := range j.Drives {
		if !drives[label] {
			return models.Invalidf("the job %q keeps copies on the drive %q, which is not there: add it, or name another", j.Job.Label, label)
		}
	}
	return nil
}

// place is what a source and a drive have in common, which is everything but
// the name of their table.
type place struct {
	ID        string
	Label     string
	Provider  string
	Settings  models.Settings `gorm:"serializer:json"`
	CreatedAt time.Time
	UpdatedAt *time.Time `gorm:"autoUpdateTime:false"`
	RemovedAt *time.Time
}

func sourcePlaces(sources []models.Source) []place {
	places := make([]place, len(sources))
	for i, s := range sources {
		places[i] = place(s)
	}
	return places
}

func drivePlaces(drives []models.Drive) []place {
	places := make([]place, len(drives))
	for i, d := range drives {
		places[i] = place(d)
	}
	return places
}

// applyPlaces returns the ids of the planned places by label; keep leaves the
// others as they are.
func applyPlaces(tx *gorm.DB, table string, planned []place, keep bool, now time.Time) (map[string]string, error) {
	var stored []place
	if err := tx.Table(table).Find(&stored).Error; err != nil {
		return nil, err
	}
	known := make(map[string]place, len(stored))
	for _, p := range stored {
		known[p.Label] = p
	}
	ids := make(map[string]string, len(planned))
	for _, p := range planned {
		id, err := applyPlace(tx.Table(table), p, known[p.Label], now)
		if err != nil {
			return nil, err
		}
		ids[p.Label] = id
		delete(known, p.Label)
	}
	if keep {
		return ids, nil
	}
	for _, gone := range known {
		if err := remove(tx.Table(table), gone.ID, now); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// applyPlace returns the id of the place; old has no id when it is new.
func applyPlace(table *gorm.DB, p, old place, now time.Time) (string, error) {
	if old.ID == "" {
		p.ID, p.CreatedAt, p.UpdatedAt, p.RemovedAt = idOr(p.ID), now, nil, nil
		return p.ID, table.Create(&p).Error
	}
	if old.RemovedAt == nil && old.Provider == p.Provider && maps.Equal(old.Settings, p.Settings) {
		return old.ID, nil
	}
	changed := place{Provider: p.Provider, Settings: p.Settings, UpdatedAt: &now}
	update := table.Where("id = ?", old.ID).Select("provider", "settings", "updated_at", "removed_at")
	return old.ID, update.Updates(&changed).Error
}

func idOr(id string) string {
	if id == "" {
		return models.NewID()
	}
	return id
}

// remove marks a row as removed once; the time of the first removal stays.
func remove(table *gorm.DB, id string, now time.Time) error {
	there := table.Where("id = ? AND removed_at IS NULL", id)
	return there.Updates(map[string]any{"removed_at": now, "updated_at": now}).Error
}
