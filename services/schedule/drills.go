package schedule

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/backupman/backupman/models"
)

// Driller makes drills.
type Driller interface {
	// DrillSlot drills the newest finished backup of a job, because a slot is due. It
	// returns models.ErrNotFound when there is none, and models.ErrConflict when it
	// is being drilled already. It may wait for the drill to end, and ends with its context.
	DrillSlot(ctx context.Context, jobID string, slot time.Time) error
}

// DrillClaims says which of several replicas makes a drill.
type DrillClaims interface {
	// ClaimDrillSlot reports whether the caller is to make the drill of a job that is
	// due at a slot: of several exactly one is.
	ClaimDrillSlot(ctx context.Context, jobID string, slot, now time.Time) (bool, error)
}

// WithDrills makes the scheduler start the drills that jobs ask for by DrillCron, in
// the zone of the job. Of all replicas one starts that of a slot, once: a drill that
// could not be started or went wrong is told, and the next slot is another chance.
// What came due while no process ran is not made up for, because what the next one
// restores is newer.
func WithDrills(claims DrillClaims, driller Driller) Option {
	return func(s *Scheduler) {
		d := &drills{claims: claims, driller: driller, now: func() time.Time { return s.clock.Now() }}
		s.drills = &timetable{work: "drill", cron: func(j models.Job) string { return j.DrillCron }, start: d.start}
	}
}

type drills struct {
	claims  DrillClaims
	driller Driller
	now     func() time.Time
}

// start tries again only what left no trace: a claim that could not be made.
func (d *drills) start(ctx context.Context, log *slog.Logger, jobID string, slot time.Time) bool {
	mine, err := d.claims.ClaimDrillSlot(ctx, jobID, slot, d.now())
	switch {
	case err != nil:
		log.Error("scheduled drill could not be started, trying again soon", "error", err)
		return false
	case !mine:
		log.Info("scheduled drill was not started here", "reason", "another replica has it")
		return true
	}
	log.Info("scheduled drill starts")
	err = d.driller.DrillSlot(ctx, jobID, slot)
	switch {
	case errors.Is(err, models.ErrConflict), errors.Is(err, models.ErrNotFound):
		log.Warn("scheduled drill was not made", "reason", err)
	case err != nil && ctx.Err() == nil:
		log.Error("scheduled drill could not be made", "error", err)
	}
	return true
}

// NextDrill returns the next slot of a job's drills; ok is false when it has none.
func (s *Scheduler) NextDrill(jobID string) (slot time.Time, ok bool) {
	if s.drills == nil {
		return time.Time{}, false
	}
	return s.drills.next(jobID)
}
