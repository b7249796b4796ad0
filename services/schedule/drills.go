package schedule

import (
	"context"
	"errors"
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
		d := &drills{claims: claims, driller: driller}
		s.drills = &timetable{work: "drill", expr: func(j models.Job) string { return j.DrillCron }, read: drillPlan, look: d.look}
	}
}

type drills struct {
	claims  DrillClaims
	driller Driller
}

// drillBase is the newest slot of drills that nobody makes any more.
func (s state) drillBase(now time.Time) time.Time {
	base := later(s.seen, s.taken)
	if from := s.job.SlotsFrom; from != nil && from.Sub(now) <= setBack {
		base = later(base, *from)
	}
	return base
}

// look makes the drill that is due, if one is.
func (d *drills) look(ctx context.Context, e *entry) time.Time {
	for ctx.Err() == nil {
		now, s := e.table.now(), e.view()
		if s.job.PausedAt != nil {
			e.change(func(s *state) { s.tried = try{} })
			return time.Time{}
		}
		if later(s.seen, s.taken).Sub(now) > setBack {
			e.change(func(s *state) { s.seen, s.taken, s.tried = now, time.Time{}, try{} })
			continue
		}
		slot, next := s.plan.newest(s.drillBase(now), now)
		if slot.IsZero() && !s.tried.slot.IsZero() && !now.Before(s.tried.again) {
			slot = s.tried.slot
		}
		if slot.IsZero() {
			return earlier(next, s.tried.again)
		}
		d.start(ctx, e, slot, now)
	}
	return time.Time{}
}

// start tries again only what left no trace: a claim that could not be made.
func (d *drills) start(ctx context.Context, e *entry, slot, now time.Time) {
	log := e.table.log.With("job_id", e.jobID, "slot", slot)
	mine, err := d.claims.ClaimDrillSlot(ctx, e.jobID, slot, now)
	if err != nil {
		log.Error("scheduled drill could not be started, trying again soon", "error", err)
		e.change(func(s *state) { s.taken = later(s.taken, slot) })
		e.putOff(slot, now, time.Time{}, "")
		return
	}
	e.take(slot)
	if !mine {
		log.Info("scheduled drill was not started here", "reason", "another replica has it")
		return
	}
	log.Info("scheduled drill starts")
	err = guarded(func() error { return d.driller.DrillSlot(ctx, e.jobID, slot) })
	switch {
	case errors.Is(err, models.ErrConflict), errors.Is(err, models.ErrNotFound):
		log.Warn("scheduled drill was not made", "reason", err)
	case err != nil && ctx.Err() == nil:
		log.Error("scheduled drill could not be made", "error", err)
	}
}
