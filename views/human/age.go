package human

import (
	"fmt"
	"time"
)

// moment is how close to now a time is called now.
const moment = 45 * time.Second

// Age says how far a time is from now: "just now", "5 min ago", "in 3 h",
// "2 days ago". static/assets/app.js says it with the same words later.
func Age(now, t time.Time) string {
	d := now.Sub(t)
	if d >= 0 {
		if d < moment {
			return "just now"
		}
		return Span(d) + " ago"
	}
	if -d < moment {
		return "in a moment"
	}
	return "in " + Span(-d)
}

// Span says a length with its one largest unit: "5 min", "3 h", "2 days".
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// Duration says how long something took: "0.4 s", "12 s", "3 min 05 s", "2 h 10 min".
func Duration(d time.Duration) string {
	switch {
	case d < 50*time.Millisecond:
		return "under 0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// Exact says a time to the second in UTC: "2025-07-02 10:00:00 UTC".
func Exact(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Clock says a time in a zone as a schedule is written: "Tue 24 Nov, 03:00 Europe/Paris".
func Clock(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("Mon 2 Jan, 15:04") + " " + zone.String()
}

// ExactIn says a time to the second by the clock of a zone and in UTC:
// "2025-07-02 12:00:00 Europe/Paris (10:00:00 UTC)". static/assets/app.js says it alike.
func ExactIn(t time.Time, zone *time.Location) string {
	if zone == time.UTC {
		return Exact(t)
	}
	return t.In(zone).Format("2006-01-02 15:04:05 ") + zone.String() + t.UTC().Format(" (15:04:05 UTC)")
}

// OwnClock says a time to whoever lives by the zone: "Tue 24 Nov, 03:00".
func OwnClock(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("Mon 2 Jan, 15:04")
}
