package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/backupman/backupman/models"
)

// subject names a table, or the whole backup, at the beginning of a sentence. A name is
// quoted when it would not be readable, or would break the line.
func subject(name models.TableName) string {
	if name.Name == "" {
		return "this backup"
	}
	text := name.String()
	if strings.ContainsFunc(text, func(r rune) bool { return r == '"' || !unicode.IsGraphic(r) || unicode.Is(unicode.Zs, r) }) {
		text = strconv.Quote(text)
	}
	return "table " + text
}

// before tells the earlier values: "the 7 backups before had 48,210 to 48,950".
func before(values []int64, verb, noun string) string {
	least, most := slices.Min(values), slices.Max(values)
	span := grouped(least)
	if least != most {
		span += " to " + grouped(most)
	}
	return backupsBefore(len(values)) + " " + verb + span + noun
}

func backupsBefore(n int) string {
	if n == 1 {
		return "the backup before"
	}
	return fmt.Sprintf("the %d backups before", n)
}

// hadIt tells how many of the earlier backups had a table, and its rows in the newest.
func hadIt(had, all int, rows int64) string {
	who := backupsBefore(had)
	if had < all {
		who = fmt.Sprintf("%d of %s", had, backupsBefore(all))
	}
	return who + " had it, the newest with " + plural(rows, "row", "rows")
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped writes a number with a comma before every three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
