package cron

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

// day is a day of the clock on the wall.
const day = 24 * time.Hour

// Window is a part of every day, such as from ten in the evening to six in the morning.
// The zero Window is all day.
//
// Where clocks change it is as long as the clock on the wall says, with two exceptions
// that let nothing be lost: a time that comes twice begins it the first time and ends it
// the second time, and an end that is skipped comes as much later as was skipped.
type Window struct {
	// from and to are since midnight, as a clock on the wall shows them; to is not
	// after from where the window goes over midnight.
	from, to time.Duration
}

var windowText = regexp.MustCompile(`^(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})$`)

// ParseWindow reads "22:00-06:00"; an empty text is all day. Its errors are
// models.ErrInvalid.
func ParseWindow(text string) (Window, error) {
	if text == "" {
		return Window{}, nil
	}
	parts := windowText.FindStringSubmatch(text)
	if parts == nil {
		return Window{}, models.Invalidf("the window %q is not understood: write two times of day, such as 22:00-06:00", text)
	}
	from, errFrom := parseClock(parts[1])
	to, errTo := parseClock(parts[2])
	if parts[2] == "24:00" {
		to, errTo = day, nil
	}
	if errFrom != nil || errTo != nil {
		return Window{}, models.Invalidf("the window %q has a time that no clock shows: write times from 00:00 to 23:59, such as 22:00-06:00", text)
	}
	if from == to {
		return Window{}, models.Invalidf("the window %q begins when it ends: leave it out for all day", text)
	}
	return Window{from: from, to: to % day}, nil
}

// parseClock reads HH:MM as the time since midnight.
func parseClock(text string) (time.Duration, error) {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("read the time of day: %w", err)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, nil
}

// IsZero reports whether the window is all day.
func (w Window) IsZero() bool { return w.from == w.to }

// String returns the window as ParseWindow reads it.
func (w Window) String() string {
	if w.IsZero() {
		return ""
	}
	return clockText(w.from) + "-" + clockText(w.to)
}

func clockText(d time.Duration) string {
	pad := func(n int) string { return strconv.Itoa(n/10) + strconv.Itoa(n%10) }
	return pad(int(d/time.Hour)) + ":" + pad(int(d%time.Hour/time.Minute))
}

// Contains reports whether an instant lies in the window of a zone.
func (w Window) Contains(t time.Time, loc *time.Location) bool {
	_, ok := w.End(t, loc)
	return ok
}

// End returns when the window ends that contains an instant, in UTC; ok is false when
// none does. The end of all day is the zero time.
func (w Window) End(t time.Time, loc *time.Location) (end time.Time, ok bool) {
	if w.IsZero() {
		return time.Time{}, true
	}
	midnight := wallClock(t, loc).Truncate(day)
	for back := -2; back <= 2; back++ {
		opens, closes := w.on(midnight.AddDate(0, 0, back), loc)
		if !t.Before(opens) && t.Before(closes) && closes.After(end) {
			end = closes
		}
	}
	return end, !end.IsZero()
}

// Opens returns when the window opens next after an instant, in UTC. All day opens at
// every moment.
func (w Window) Opens(t time.Time, loc *time.Location) time.Time {
	if w.IsZero() {
		return t.UTC()
	}
	midnight := wallClock(t, loc).Truncate(day)
	for ahead := -2; ; ahead++ {
		if opens, closes := w.on(midnight.AddDate(0, 0, ahead), loc); opens.After(t) && closes.After(opens) {
			return opens
		}
	}
}

// on returns the window that opens on a day, whose midnight is written as UTC.
func (w Window) on(midnight time.Time, loc *time.Location) (opens, closes time.Time) {
	to := w.to
	if to <= w.from {
		to += day
	}
	return instant(midnight.Add(w.from), loc), lastInstant(midnight.Add(to), loc)
}

// shows reports whether a time on the wall, written as UTC, lies in the window.
func (w Window) shows(wall time.Time) bool {
	at := wall.Sub(wall.Truncate(day))
	if w.from < w.to {
		return w.from <= at && at < w.to
	}
	return w.IsZero() || at >= w.from || at < w.to
}

// opensOnWall returns when the clock on the wall shows the beginning of the window next
// after a time on the wall.
func (w Window) opensOnWall(wall time.Time) time.Time {
	opens := wall.Truncate(day).Add(w.from)
	if !opens.After(wall) {
		opens = opens.AddDate(0, 0, 1)
	}
	return opens
}

// lastInstant returns when the clock on the wall last shows a time. One that is skipped,
// or is the first after what is skipped, comes as much later as was skipped.
func lastInstant(wall time.Time, loc *time.Location) time.Time {
	near := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, loc)
	start, end := near.ZoneBounds()
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		before, after := offsetAt(change.Add(-time.Second), loc), offsetAt(change, loc)
		first, second := change.UTC().Add(before), change.UTC().Add(after)
		switch {
		case wall.After(first) && !wall.After(second):
			return wall.Add(-before)
		case !wall.Before(second) && wall.Before(first):
			return wall.Add(-after)
		}
	}
	return wall.Add(-offsetAt(near, loc))
}
