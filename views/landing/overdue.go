package landing

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

// overdue reports whether no backup was made for the slot that is due. A slot
// from before the job was set up as it is now asked for none.
func overdue(f JobFacts) bool {
	if f.Due == nil || f.Job.CreatedAt.After(*f.Due) || f.Job.UpdatedAt != nil && f.Job.UpdatedAt.After(*f.Due) {
		return false
	}
	return f.NewestFinished == nil || f.NewestFinished.CreatedAt.Before(f.Due.Add(-ahead))
}
