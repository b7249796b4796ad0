package cron

import (
	"time"

	robfig "github.com/robfig/cron/v3"
)

// Schedule is when a job runs. The zero Schedule never does.
type Schedule struct {
	// spec runs on wall clock times, which are written as if they were UTC: it
	// never meets daylight saving.
	spec *robfig.SpecSchedule
	loc  *time.Location
	// elapsed says that the expression names every hour.
	elapsed bool
	// every is the period of an @every schedule.
	every time.Duration
	// monthDay is a day that not every month has, see nextOfMonth; 0 for none.
	monthDay int
	// window restricts the slots.
	window Window
}

// Within returns the schedule with the slots that lie in a window, and no others. A
// slot lies in it when the time that the expression names does.
func (s Schedule) Within(w Window) Schedule {
	s.window = w
	return s
}

// Never reports whether there is no slot in the ten years after a moment, such as
// where none lies in the window.
func (s Schedule) Never(after time.Time) bool {
	next := s.Next(after)
	return next.IsZero() || next.Sub(after) > farAway
}

// farAway is how far ahead slots in a window are looked for: further than the eight
// years between two leap days.
const farAway = 10 * 366 * day

// Next returns the first slot after the given time, in UTC, or the zero time
// when there is none. Slots are whole seconds.
func (s Schedule) Next(after time.Time) time.Time {
	switch {
	case s.every > 0:
		return s.nextInWindow(after, s.nextEvery)
	case s.spec == nil:
		return time.Time{}
	case s.elapsed:
		return s.nextInWindow(after, s.nextElapsed)
	default:
		return s.nextWall(after)
	}
}

// Latest returns the newest slot after since and not after until, and whether
// there is one. It asks Next a few dozen times, however far apart the two are.
func (s Schedule) Latest(since, until time.Time) (time.Time, bool) {
	comes := func(t time.Time) bool {
		next := s.Next(t)
		return !next.IsZero() && !next.After(until)
	}
	if !comes(since) {
		return time.Time{}, false
	}
	low, high := since, until
	for high.Sub(low) > time.Second/2 {
		middle := low.Add(high.Sub(low) / 2)
		if comes(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return s.Next(low), true
}

// nextInWindow asks for slots that go by elapsed time until the clock on the wall shows
// one in the window.
func (s Schedule) nextInWindow(after time.Time, next func(time.Time) time.Time) time.Time {
	from := after
	for {
		at := next(after)
		if at.IsZero() || s.window.shows(wallClock(at, s.loc)) {
			return at
		}
		if at.Sub(from) > farAway {
			return time.Time{}
		}
		if after = at; !s.window.Contains(at, s.loc) {
			after = s.window.Opens(at, s.loc).Add(-time.Second)
		}
	}
}

func (s Schedule) nextEvery(after time.Time) time.Time {
	period := int64(s.every / time.Second)
	slot := after.Unix() - after.Unix()%period
	for slot <= after.Unix() {
		slot += period
	}
	return time.Unix(slot, 0).UTC()
}

// nextWall walks through wall clock slots in order. Their instants never go
// back, so the first one after the given time is the answer.
func (s Schedule) nextWall(after time.Time) time.Time {
	wall := wallClock(after, s.loc)
	last := wall.Add(farAway)
	for {
		wall = s.nextShown(wall, last)
		if wall.IsZero() {
			return time.Time{}
		}
		if at := instant(wall, s.loc); at.After(after) {
			return at
		}
	}
}

// nextShown returns the next time on the wall that lies in the window, or the zero time
// when there is none up to last.
func (s Schedule) nextShown(wall, last time.Time) time.Time {
	for {
		wall = s.nextSpec(wall)
		if wall.IsZero() || s.window.shows(wall) {
			return wall
		}
		if wall.After(last) {
			return time.Time{}
		}
		wall = s.window.opensOnWall(wall).Add(-time.Second)
	}
}

// nextElapsed takes every instant whose wall clock matches, one stretch of
// constant offset after the other.
func (s Schedule) nextElapsed(after time.Time) time.Time {
	for {
		local := after.In(s.loc)
		_, end := local.Add(time.Second).ZoneBounds()
		offset := offsetAt(after.Add(time.Second), s.loc)
		wall := s.nextSpec(after.UTC().Add(offset))
		if wall.IsZero() {
			return time.Time{}
		}
		at := wall.Add(-offset)
		if end.IsZero() || at.Before(end) {
			return at
		}
		after = end.Add(-time.Second)
	}
}

// nextSpec asks once more where robfig's search of five years gives up: from
// 2096 to 2104 there is no 29 February.
func (s Schedule) nextSpec(wall time.Time) time.Time {
	if s.monthDay > 0 {
		return s.nextOfMonth(wall)
	}
	if next := s.spec.Next(wall); !next.IsZero() {
		return next
	}
	return s.spec.Next(wall.AddDate(5, 0, 0))
}
