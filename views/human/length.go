package human

import (
	"strings"
	"time"
)

// Length says a set length of time in full: "30 days", "6 hours", "1 minute", "90 minutes".
// What is no whole number of seconds is cut.
func Length(d time.Duration) string {
	switch {
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
		return Plural(int64(d/(24*time.Hour)), "day")
	case d >= time.Hour && d%time.Hour == 0:
		return Plural(int64(d/time.Hour), "hour")
	case d >= time.Minute && d%time.Minute == 0:
		return Plural(int64(d/time.Minute), "minute")
	}
	return Plural(int64(d/time.Second), "second")
}

// List says several things in a row, all of them: "a", "a and b", "a, b and c".
func List(things []string) string {
	switch n := len(things); n {
	case 0:
		return ""
	case 1:
		return things[0]
	default:
		return strings.Join(things[:n-1], ", ") + " and " + things[n-1]
	}
}
