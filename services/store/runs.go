package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// run is what a drill and a restore have in common while one process makes them.
type run struct {
	// noun is the word for one, table where they are kept.
	noun  string
	table string
	// running is the condition that holds until one settles.
	running string
}

var (
	drillRun   = run{noun: "drill", table: "drills", running: "outcome = ''"}
	restoreRun = run{noun: "restore", table: "restores", running: "status = 'pending'"}
)

// unsettled narrows to those that have not ended.
func (r run) unsettled(tx *gorm.DB) *gorm.DB { return tx.Table(r.table).Where(r.running) }

// silent narrows to those that have not ended and whose runner gave no sign of life for
// so long; those are all when that is nothing.
func (s *Store) silent(ctx context.Context, r run, within time.Duration) *gorm.DB {
	query := s.read(ctx).Where(r.running).Order("created_at, id")
	if within <= 0 {
		return query
	}
	return query.Where("COALESCE(seen_at, created_at) < ?", s.in(-within))
}

// missing is what is said of an id that nothing has.
func (r run) missing(id string) error {
	return models.NotFoundf("there is no %s %s: the list of %ss has the ids there are", r.noun, id, r.noun)
}

// beat records a heartbeat of a runner, and what it has come to; changes that are
// empty are left out. The first runner that does so of one that nobody runs holds it.
func (s *Store) beat(ctx context.Context, r run, id, runnerID string, changes map[string]any) (cancelAsked bool, err error) {
	for column, value := range changes {
		if value == "" {
			delete(changes, column)
		}
	}
	changes["runner_id"], changes["seen_at"] = runnerID, s.now()
	err = s.write(ctx, "record the progress of the "+r.noun+" "+id, func(tx *gorm.DB) error {
		held := r.unsettled(tx).Where("id = ? AND runner_id IN ?", id, []string{"", runnerID})
		if err := changedOr(held.Updates(changes), func() error { return r.whyNotHeld(tx, id) }); err != nil {
			return err
		}
		return tx.Table(r.table).Where("id = ?", id).Select("cancel_asked").Row().Scan(&cancelAsked)
	})
	return cancelAsked && err == nil, err
}

// askCancel notes that somebody wants a run to stop.
func (s *Store) askCancel(ctx context.Context, r run, id string) error {
	return s.write(ctx, "ask the "+r.noun+" "+id+" to stop", func(tx *gorm.DB) error {
		asked := r.unsettled(tx).Where("id = ?", id).Update("cancel_asked", true)
		return changedOr(asked, func() error { return r.whyNotHeld(tx, id) })
	})
}

// whyNotHeld says why a run could not be changed.
func (r run) whyNotHeld(tx *gorm.DB, id string) error {
	var found []struct {
		RunnerID  string
		SettledAt *time.Time
	}
	err := tx.Table(r.table).Where("id = ?", id).Limit(1).Find(&found).Error
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return r.missing(id)
	case found[0].SettledAt != nil:
		return models.Conflictf("the %s %s has already ended", r.noun, id)
	}
	return models.Conflictf("the %s %s is made by another runner, %s", r.noun, id, found[0].RunnerID)
}

// page reads at most limit rows, newest first, starting after the cursor.
func page[T any](s *Store, query *gorm.DB, noun string, after models.Cursor, limit int) ([]T, error) {
	if limit < 1 {
		return nil, models.Invalidf("a page of %d %ss is not possible: ask for at least one", limit, noun)
	}
	rows := []T{}
	err := newestFirst(olderThan(query, after)).Limit(limit).Find(&rows).Error
	return rows, s.fault("list "+noun+"s", err)
}

// first returns the first row of a query, or missing.
func first[T any](s *Store, query *gorm.DB, doing string, missing error) (T, error) {
	var found T
	err := query.Take(&found).Error
	if isMissing(err) {
		return found, missing
	}
	return found, s.fault(doing, err)
}

// markSeen writes the first sign of life of a run anew, by the clock that they are
// compared by; a run that nobody makes yet has none.
func (s *Store) markSeen(tx *gorm.DB, r run, id string, seen *time.Time) error {
	if seen == nil {
		return nil
	}
	return tx.Table(r.table).Where("id = ?", id).Update("seen_at", s.now()).Error
}
