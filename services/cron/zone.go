package cron

import "time"

// wallClock returns what a clock on the wall shows at t, written as UTC.
func wallClock(t time.Time, loc *time.Location) time.Time {
	return t.UTC().Add(offsetAt(t, loc))
}

// offsetAt is what a zone adds to UTC at t.
func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}

// instant returns, in UTC, when the clock on the wall first shows a time, or
// the end of the gap when it never does. time.Date leaves both cases open.
func instant(wall time.Time, loc *time.Location) time.Time {
	near := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, loc)
	start, end := near.ZoneBounds()
	if at, ok := across(wall, start, loc); ok {
		return at
	}
	if at, ok := across(wall, end, loc); ok {
		return at
	}
	return wall.Add(-offsetAt(near, loc))
}

// across settles a wall clock time that a change of offset at the instant
// change skips or repeats; ok is false when it does neither.
func across(wall, change time.Time, loc *time.Location) (at time.Time, ok bool) {
	if change.IsZero() {
		return time.Time{}, false
	}
	before, after := offsetAt(change.Add(-time.Second), loc), offsetAt(change, loc)
	first, second := change.UTC().Add(before), change.UTC().Add(after)
	switch {
	case !wall.Before(first) && wall.Before(second):
		return change.UTC(), true
	case !wall.Before(second) && wall.Before(first):
		return wall.Add(-before), true
	}
	return time.Time{}, false
}
