package schedule

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
)

// Sentences that say why slots were missed.
const (
	noServer  = "No server ran at the time, as far as can be known."
	tooLate   = "No server ran at the time, as far as can be known, and then the next run was due soon."
	notInside = "No server ran while its window was open, as far as can be known, and then the next run was due soon."
	unknown   = "It could not be started, for a reason that the server's log tells."
)

// mostMissed bounds how many slots are counted: more than those of a year of minutes.
const mostMissed = 1_000_000

// reasonOf says why a slot could not be started.
func reasonOf(err error) string {
	var told *models.Fault
	if errors.As(err, &told) {
		return "It could not be started: " + told.Sentence + "."
	}
	return unknown
}

// skip writes down that the slots that are owed are given up, as far as it was decided.
func (b *backups) skip(ctx context.Context, e *entry, s state, d decision, now time.Time) (again time.Time, wait bool) {
	why := func(slot time.Time) string {
		switch {
		case s.tried.slot.Equal(slot):
			return s.tried.reason
		case !d.late || !slot.Equal(d.giveUp):
			return noServer
		case s.plan.window.IsZero():
			return tooLate
		}
		return notInside
	}
	missed, err := b.missed(ctx, s, s.base(now), d.giveUp, why)
	if err != nil {
		e.table.log.Warn("missed slots could not be written down, trying again soon", "job_id", e.jobID, "error", err)
		return now.Add(storePause), true
	}
	return b.write(ctx, e, missed, d.giveUp, now)
}

// skipOrphan writes down that a slot is given up which the plan does not owe any more.
func (b *backups) skipOrphan(ctx context.Context, e *entry, s state, now time.Time) (again time.Time, wait bool) {
	slot := s.tried.slot
	return b.write(ctx, e, []models.Missed{{First: slot, Last: slot, Slots: 1, Reason: s.tried.reason}}, slot, now)
}

// write writes missed slots down, of which upto is the newest.
func (b *backups) write(ctx context.Context, e *entry, missed []models.Missed, upto, now time.Time) (again time.Time, wait bool) {
	for _, m := range missed {
		m.JobID, m.CreatedAt = e.jobID, now
		err := b.slots.SkipSlots(ctx, m)
		switch {
		case errors.Is(err, models.ErrConflict):
			b.changed() // another replica was faster: what it did is in the row
			return now.Add(firstPause), true
		case errors.Is(err, models.ErrNotFound):
		case err != nil:
			e.table.log.Warn("missed slots could not be written down, trying again soon", "job_id", e.jobID, "error", err)
			return now.Add(storePause), true
		default:
			e.table.log.Warn("scheduled backups were missed", "job_id", e.jobID, "slots", m.Slots, "first", m.First, "last", m.Last, "reason", m.Reason)
		}
		e.take(m.Last)
	}
	e.take(upto)
	return time.Time{}, false
}

// missed are the slots after base up to last, those in a row together that were missed
// for the same reason. Slots that have a backup are in none.
func (b *backups) missed(ctx context.Context, s state, base, last time.Time, why func(slot time.Time) string) ([]models.Missed, error) {
	started, err := b.slots.StartedSlots(ctx, s.job.ID, s.plan.when.Next(base), last)
	if err != nil {
		return nil, err
	}
	var missed []models.Missed
	joins, n := false, 0
	s.plan.slots(base, last, func(slot time.Time) bool {
		if slices.ContainsFunc(started, slot.Equal) {
			joins = false
			return true
		}
		reason := why(slot)
		if joins = joins && missed[len(missed)-1].Reason == reason; !joins {
			missed = append(missed, models.Missed{First: slot, Reason: reason})
		}
		run := &missed[len(missed)-1]
		run.Last = slot
		run.Slots++
		joins, n = true, n+1
		return n < mostMissed && ctx.Err() == nil
	})
	return missed, ctx.Err()
}
