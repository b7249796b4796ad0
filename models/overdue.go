package models

import "time"

const (
	// leastGrace is how long a backup may be late at least before it is overdue.
	leastGrace = time.Hour
	// graceShare is the part of the time between two runs that one may be late.
	graceShare = 10
	// ahead is how much before its slot a backup may have been made and still be
	// the slot's: the clocks of two machines are never the same.
	ahead = time.Minute
)

// DueSlot returns the newest slot that there should be a backup of by now, nil
// when there is none. previous tells the newest slot that is not after a time,
// next is the one to come. A backup may be late by an hour, or by a tenth of the
// time between two runs where that is more.
func DueSlot(previous func(until time.Time) (time.Time, bool), next, now time.Time) *time.Time {
	last, ok := previous(now)
	if !ok {
		return nil
	}
	slot, ok := previous(now.Add(-max(leastGrace, next.Sub(last)/graceShare)))
	if !ok {
		return nil
	}
	return &slot
}

// Overdue reports whether no backup was made for a slot that is due; newest is the job's
// newest finished backup, or nil. A slot from before the job was set up as it is now, or
// was resumed, asked for none.
func (j Job) Overdue(due *time.Time, newest *Backup) bool {
	if due == nil || j.SlotsFrom != nil && !due.After(*j.SlotsFrom) || j.CreatedAt.After(*due) || j.UpdatedAt != nil && j.UpdatedAt.After(*due) {
		return false
	}
	return newest == nil || newest.CreatedAt.Before(due.Add(-ahead))
}
