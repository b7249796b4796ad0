package schedule

import (
	"hash/fnv"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

// plan is when one job's runs are due. It is made of the job's row alone, so that
// every process has the same.
type plan struct {
	when   cron.Schedule
	window cron.Window
	loc    *time.Location
	// spread is over how much time runs are spread, in seconds; place is where in it this
	// job's are, in millionths.
	spread, place int64
}

const millionths = 1_000_000

// backupPlan reads when backups of a job are due.
func backupPlan(job models.Job) (plan, error) {
	p, err := newPlan(job.Cron, job.Timezone)
	if err != nil {
		return plan{}, err
	}
	if p.window, err = cron.ParseWindow(job.Window); err != nil {
		return plan{}, err
	}
	p.when = p.when.Within(p.window)
	p.spread = int64(job.Spread / time.Second)
	p.place = placeOf(job.ID)
	return p, nil
}

// drillPlan reads when drills of a job are due.
func drillPlan(job models.Job) (plan, error) { return newPlan(job.DrillCron, job.Timezone) }

func newPlan(expr, zone string) (plan, error) {
	when, err := cron.Parse(expr, zone)
	if err != nil {
		return plan{}, err
	}
	loc, err := cron.Zone(zone)
	return plan{when: when, loc: loc}, err
}

// placeOf is a job's place among all, always the same.
func placeOf(jobID string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(jobID)) // never fails
	return int64(h.Sum64() % millionths)
}

// start is when the run of a slot is started: the slot, and some time after it where
// runs are spread, but within the window that the slot is in.
func (p plan) start(slot time.Time) time.Time {
	space := p.spread
	if space == 0 || slot.IsZero() {
		return slot
	}
	if end, ok := p.window.End(slot, p.loc); ok && !end.IsZero() {
		space = min(space, int64(end.Sub(slot)/time.Second))
	}
	return slot.Add(time.Duration(space*p.place/millionths) * time.Second)
}

// newest returns the newest slot after base whose start has come, and the slot after
// it. The first is zero when none has come. Starts are in the order of their slots.
func (p plan) newest(base, now time.Time) (slot, next time.Time) {
	come := func(slot time.Time) bool { return !slot.IsZero() && !p.start(slot).After(now) }
	first := p.when.Next(base)
	if !come(first) {
		return time.Time{}, first
	}
	second := p.when.Next(first)
	if !come(second) {
		return first, second
	}
	low, high := first, now
	for high.Sub(low) > time.Second/2 {
		middle := low.Add(high.Sub(low) / 2)
		if come(p.when.Next(middle)) {
			low = middle
		} else {
			high = middle
		}
	}
	slot = p.when.Next(low)
	return slot, p.when.Next(slot)
}

// decision is what is to be done about a job's slots.
type decision struct {
	// giveUp is the newest slot that is given up, with all before it that are owed; zero
	// when none is.
	giveUp time.Time
	// late says that giveUp is the newest that is owed, which is no longer worth it.
	late bool
	// start is the slot whose run is to be started, once what is given up is written
	// down; zero when none is.
	start time.Time
	// at is when there is something else to decide; zero for never.
	at time.Time
}

// decide tells what is owed of the slots after base. Only the newest is started, when
// that is worth it: the next start must be further away than a tenth of the distance
// between the two. It waits while the window is closed.
func (p plan) decide(base, now time.Time) decision {
	slot, next := p.newest(base, now)
	if slot.IsZero() {
		return decision{at: p.start(next)}
	}
	var worthUntil time.Time
	if !next.IsZero() {
		start, after := p.start(slot), p.start(next)
		worthUntil = after.Add(-after.Sub(start) / 10)
		if !now.Before(worthUntil) {
			return decision{giveUp: slot, late: true, at: after}
		}
	}
	d := decision{start: slot, at: worthUntil}
	if before, ok := p.when.Latest(base, slot.Add(-time.Second)); ok {
		d.giveUp = before
	}
	if !p.window.Contains(now, p.loc) {
		d.start = time.Time{}
		d.at = earlier(p.window.Opens(now, p.loc), worthUntil)
	}
	return d
}

// slots calls each with the slots after base up to last, in order, until it returns false.
func (p plan) slots(base, last time.Time, each func(slot time.Time) bool) {
	for slot := p.when.Next(base); !slot.IsZero() && !slot.After(last); slot = p.when.Next(slot) {
		if !each(slot) {
			return
		}
	}
}

// coming returns the next n slots after a moment.
func (p plan) coming(after time.Time, n int) []time.Time {
	var slots []time.Time
	for slot := p.when.Next(after); !slot.IsZero() && len(slots) < n; slot = p.when.Next(slot) {
		slots = append(slots, slot)
	}
	return slots
}

// NextSlots returns the next n slots of a job's backups as its row says, for who runs no
// schedule: nil while it is paused, removed, or runs only when asked.
func NextSlots(job models.Job, now time.Time, n int) []time.Time {
	if job.Cron == "" || job.PausedAt != nil || job.RemovedAt != nil {
		return nil
	}
	p, err := backupPlan(job)
	if err != nil {
		return nil
	}
	return p.coming(later(now, valueOf(job.LastSlot)), n)
}

// lookBack is how far back a previous slot is looked for, step by step, so that
// the usual question stays cheap. The last reaches over the eight years between
// two leap days.
var lookBack = []time.Duration{24 * time.Hour, 40 * 24 * time.Hour, 9 * 366 * 24 * time.Hour}

// previous returns the newest slot that is not after a time.
func (p plan) previous(until time.Time) (slot time.Time, ok bool) {
	for _, far := range lookBack {
		if slot, ok = p.when.Latest(until.Add(-far), until); ok {
			return slot, true
		}
	}
	return time.Time{}, false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier returns the earlier of two times; a zero one does not count.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

func valueOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
