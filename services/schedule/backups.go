package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/backupman/backupman/models"
)

// Starter starts backups.
type Starter interface {
	// StartSlot starts the backup of a job for a slot; startBy is when it is given up when
	// it still waits for its turn, nil for never. It returns models.ErrBusy while the job
	// still dumps, and models.ErrConflict when another replica has started it. It does not
	// wait for the backup to end.
	StartSlot(ctx context.Context, jobID string, slot time.Time, startBy *time.Time) (models.Backup, error)
}

// Slots is where it is kept which slots were started and which were given up.
type Slots interface {
	// SkipSlots writes slots down as given up. It returns models.ErrConflict when another
	// replica has handled them.
	SkipSlots(ctx context.Context, m models.Missed) error
	// StartedSlots returns the slots of a job from one moment to another, both included,
	// that have a backup, oldest first.
	StartedSlots(ctx context.Context, jobID string, from, until time.Time) ([]time.Time, error)
	// RewindSlots lets slots after a moment be owed again where a clock that was wrong has
	// handled them. Of missed slots that reach over it keep returns what is not after it.
	RewindSlots(ctx context.Context, jobID string, at time.Time, keep func(models.Missed) models.Missed) error
}

const (
	// startsAtOnce bounds how many backups are being started at one time.
	startsAtOnce = 32
	// startWithin bounds how long one start may take.
	startWithin = time.Minute
	// storePause is how long to wait when the metadata database did not take something.
	storePause = 5 * time.Second
)

// backups looks at the backups of jobs.
type backups struct {
	starter Starter
	slots   Slots
	// changed asks for the jobs to be read again.
	changed func()
}

// backupsOf is the timetable of backups.
func backupsOf(starter Starter, slots Slots, changed func()) *timetable {
	b := &backups{starter: starter, slots: slots, changed: changed}
	return &timetable{
		work:   "backup",
		expr:   func(j models.Job) string { return j.Cron },
		read:   backupPlan,
		look:   b.look,
		places: make(chan struct{}, startsAtOnce),
	}
}

// base is the newest slot that is not owed.
func (s state) base(now time.Time) time.Time {
	base := later(valueOf(s.job.LastSlot), s.taken)
	if from := s.job.SlotsFrom; from != nil && from.Sub(now) <= setBack {
		base = later(base, *from)
	}
	if base.IsZero() {
		return s.seen
	}
	return base
}

// ahead reports whether the newest slot is the trace of a clock that was wrong.
func (s state) ahead(now time.Time) bool {
	return later(valueOf(s.job.LastSlot), s.taken).Sub(now) > setBack || s.seen.Sub(now) > setBack
}

// orphan reports whether the slot that could not be started is one that the plan, since
// it was changed, does not owe any more. It is not forgotten for that.
func (s state) orphan(now time.Time) bool {
	tried := s.tried.slot
	if tried.IsZero() || !tried.After(later(valueOf(s.job.LastSlot), s.taken)) {
		return false
	}
	return !tried.After(s.base(now)) || !s.plan.when.Next(tried.Add(-time.Second)).Equal(tried)
}

// look handles what is owed, one thing after the other, until there is nothing.
func (b *backups) look(ctx context.Context, e *entry) time.Time {
	for ctx.Err() == nil {
		now, s := e.table.now(), e.view()
		if s.job.PausedAt != nil {
			e.change(func(s *state) { s.tried = try{} })
			return time.Time{}
		}
		if again, wait := b.step(ctx, e, s, now); wait {
			return again
		}
	}
	return time.Time{}
}

// step does one thing; wait says that there is nothing more to do before again.
func (b *backups) step(ctx context.Context, e *entry, s state, now time.Time) (again time.Time, wait bool) {
	if s.ahead(now) {
		return b.rewind(ctx, e, s, now)
	}
	d := s.plan.decide(s.base(now), now)
	if s.orphan(now) {
		if d.start.IsZero() && d.giveUp.IsZero() && (s.tried.until.IsZero() || now.Before(s.tried.until)) {
			return b.start(ctx, e, s, s.tried.slot, now, earlier(d.at, s.tried.until))
		}
		return b.skipOrphan(ctx, e, s, now)
	}
	switch {
	case !d.giveUp.IsZero():
		return b.skip(ctx, e, s, d, now)
	case d.start.IsZero():
		return d.at, true
	}
	return b.start(ctx, e, s, d.start, now, d.at)
}

// start starts the run of a slot, unless it is too soon to try again; until is when that is
// no longer worth it.
func (b *backups) start(ctx context.Context, e *entry, s state, slot, now, until time.Time) (again time.Time, wait bool) {
	if s.tried.slot.Equal(slot) && now.Before(s.tried.again) {
		return earlier(s.tried.again, until), true
	}
	var made models.Backup
	err := guarded(func() (err error) {
		within, cancel := context.WithTimeout(ctx, startWithin)
		defer cancel()
		made, err = b.starter.StartSlot(within, e.jobID, slot, s.plan.startBy(now))
		return err
	})
	log := e.table.log.With("job_id", e.jobID, "slot", slot)
	switch {
	case err == nil:
		log.Info("scheduled backup started", "backup_id", made.ID)
	case ctx.Err() != nil:
		return time.Time{}, true
	case errors.Is(err, models.ErrBusy):
		log.Info("scheduled backup waits, trying again soon", "reason", err)
		return earlier(e.putOff(slot, now, until, reasonOf(err)), until), true
	case errors.Is(err, models.ErrConflict):
		log.Info("scheduled backup was not started here", "reason", err)
		b.changed()
	case errors.Is(err, models.ErrNotFound):
		log.Error("scheduled backup could not be started", "error", err)
	default:
		log.Error("scheduled backup could not be started, trying again soon", "error", err)
		return earlier(e.putOff(slot, now, until, reasonOf(err)), until), true
	}
	e.take(slot)
	return time.Time{}, false
}

// startBy is when a run that starts now is given up when it still waits for its turn.
func (p plan) startBy(now time.Time) *time.Time {
	if end, ok := p.window.End(now, p.loc); ok && !end.IsZero() {
		return &end
	}
	return nil
}

// rewind forgets what a clock that was wrong has left.
func (b *backups) rewind(ctx context.Context, e *entry, s state, now time.Time) (again time.Time, wait bool) {
	keep := func(m models.Missed) models.Missed {
		m.Slots = 0
		s.plan.slots(m.First.Add(-time.Second), now, func(slot time.Time) bool {
			m.Last = slot
			m.Slots++
			return ctx.Err() == nil
		})
		return m
	}
	if err := b.slots.RewindSlots(ctx, e.jobID, now, keep); err != nil {
		e.table.log.Warn("slots that a wrong clock has left could not be set back", "job_id", e.jobID, "error", err)
		return now.Add(storePause), true
	}
	e.table.log.Warn("the newest slot lies in the future, so a clock was wrong: slots count again from now on", "job_id", e.jobID)
	e.change(func(s *state) {
		at := now
		if s.job.LastSlot != nil && s.job.LastSlot.Sub(now) > setBack {
			s.job.LastSlot = &at
		}
		s.seen, s.taken, s.tried = now, time.Time{}, try{}
	})
	return time.Time{}, false
}
