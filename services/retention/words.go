package retention

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// momentForm is how moments are shown within a sentence.
const momentForm = "2 January 2006, 15:04"

// ofYear adds the year to the form of a day of another year than the present one.
func ofYear(form string, t, now time.Time) string {
	if t.Year() == now.Year() {
		return form
	}
	return form + " 2006"
}

// LastDay names, in a zone, the day that ends at a moment, or in which the moment lies: the
// last day on which a pin until then holds.
func LastDay(until time.Time, zone *time.Location) string {
	return until.Add(-time.Nanosecond).In(zone).Format("2 January 2006")
}

func lastWords(last int) string {
	if last == 1 {
		return "the last one"
	}
	return fmt.Sprintf("one of the last %d", last)
}

// spanWords writes a length of time in the largest unit that leaves nothing over.
func spanWords(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		word   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= unit.length && d%unit.length == 0 {
			n := int(d / unit.length)
			if n == 1 {
				return "1 " + unit.word
			}
			return strconv.Itoa(n) + " " + unit.word + "s"
		}
	}
	return d.String()
}

// sizeWords writes a number of bytes in decimal units, with at most one digit behind
// the point.
func sizeWords(bytes int64) string {
	value, unit := float64(bytes), 0
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	for value >= 1000 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0") + " " + units[unit]
}
