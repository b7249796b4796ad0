package human

import (
	"fmt"
	"strconv"
)

// Bytes says a size in decimal units, as drives are sold and providers bill:
// "0 B", "812 B", "1.4 MB", "23 GB". Two figures are kept below ten, none above.
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), 0
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	for value >= 999.5 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, units[unit])
	}
	return fmt.Sprintf("%.0f %s", value, units[unit])
}

// Count says a whole number in groups of three: "1,234,567".
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plural says a count with its noun: "1 table", "3 tables". The plural is the
// noun with an s unless another is given.
func Plural(n int64, noun string, plural ...string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case len(plural) > 0:
		return Count(n) + " " + plural[0]
	}
	return Count(n) + " " + noun + "s"
}
