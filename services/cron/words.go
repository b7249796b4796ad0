package cron

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

// lastDay stands for the last day of every month.
const lastDay = 31

// The plain words, in lower case and with single spaces.
var (
	plainHourly  = regexp.MustCompile(`^hourly(?: at :(\d{2}))?$`)
	plainDaily   = regexp.MustCompile(`^daily at (\d{1,2}:\d{2})$`)
	plainWeekly  = regexp.MustCompile(`^weekly on (.+) at (\d{1,2}:\d{2})$`)
	plainMonthly = regexp.MustCompile(`^monthly on (?:the )?(?:(\d{1,2})(?:st|nd|rd|th)?|(last) day) at (\d{1,2}:\d{2})$`)
	betweenDays  = regexp.MustCompile(`\s*(?:,|\band\b)\s*`)
)

// plain is a schedule in plain words.
type plain struct {
	// fields is the same as five fields of cron; for days of the month from 29 on as
	// far as it can say it.
	fields string
	// monthDay is from 29 to 31 for a day that not every month has, and 0 otherwise.
	monthDay int
}

// isPlain reports whether an expression begins with a plain word.
func isPlain(expr string) bool {
	word, _, _ := strings.Cut(strings.ToLower(expr), " ")
	return slices.Contains([]string{"hourly", "daily", "weekly", "monthly"}, word)
}

func parsePlain(expr string, loc *time.Location) (Schedule, error) {
	p, err := readPlain(expr)
	if err != nil {
		return Schedule{}, err
	}
	s, err := newSpec(expr, p.fields, loc)
	s.monthDay = p.monthDay
	return s, err
}

// readPlain turns words into fields. Its errors are models.ErrInvalid.
func readPlain(expr string) (plain, error) {
	text := strings.ToLower(strings.Join(strings.Fields(expr), " "))
	if m := plainHourly.FindStringSubmatch(text); m != nil {
		return plainHour(expr, m[1])
	}
	if m := plainDaily.FindStringSubmatch(text); m != nil {
		return plainAt(expr, m[1], "* * *")
	}
	if m := plainWeekly.FindStringSubmatch(text); m != nil {
		days, err := weekdays(expr, m[1])
		if err != nil {
			return plain{}, err
		}
		return plainAt(expr, m[2], "* * "+days)
	}
	if m := plainMonthly.FindStringSubmatch(text); m != nil {
		return plainMonth(expr, m[1], m[3])
	}
	return plain{}, models.Invalidf("the schedule %q is not understood: write hourly, \"hourly at :15\", \"daily at 03:00\", \"weekly on monday at 03:00\", \"monthly on 1 at 03:00\" or \"monthly on the last day at 03:00\"", expr)
}

func plainHour(expr, minute string) (plain, error) {
	m, _ := strconv.Atoi(minute) // empty is the full hour
	if m > 59 {
		return plain{}, models.Invalidf("the schedule %q has a minute that no clock shows: write :00 to :59", expr)
	}
	return plain{fields: fmt.Sprintf("%d * * * *", m)}, nil
}

// plainAt puts a time of day before the fields of a date.
func plainAt(expr, clock, date string) (plain, error) {
	at, err := parseClock(clock)
	if err != nil {
		return plain{}, models.Invalidf("the schedule %q has a time that no clock shows: write 00:00 to 23:59", expr)
	}
	return plain{fields: fmt.Sprintf("%d %d %s", at%time.Hour/time.Minute, at/time.Hour, date)}, nil
}

func plainMonth(expr, number, clock string) (plain, error) {
	n := lastDay
	if number != "" {
		n, _ = strconv.Atoi(number)
	}
	if n < 1 || n > lastDay {
		return plain{}, models.Invalidf("the schedule %q has a day that no month has: write 1 to 31, or the last day", expr)
	}
	p, err := plainAt(expr, clock, fmt.Sprintf("%d * *", n))
	if n > 28 {
		p.monthDay = n
	}
	return p, err
}

// dayNames are in cron's order.
var dayNames = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// weekdays reads names of days, whole or by three letters, as cron's field.
func weekdays(expr, text string) (string, error) {
	var numbers []string
	for _, name := range betweenDays.Split(text, -1) {
		i := slices.IndexFunc(dayNames, func(d string) bool { return name == d || name == d[:3] })
		if i < 0 {
			return "", models.Invalidf("the schedule %q names %q, which is no day of the week: write monday, or mon, and several with commas", expr, name)
		}
		numbers = append(numbers, strconv.Itoa(i))
	}
	return strings.Join(numbers, ","), nil
}

// nextOfMonth returns the next time on the wall of a day that not every month has: in
// a shorter month it is the last.
func (s Schedule) nextOfMonth(wall time.Time) time.Time {
	clock := s.spec.Next(wall.Truncate(day).AddDate(0, 0, -1)) // of any day: only its time counts
	at := clock.Sub(clock.Truncate(day))
	for month := time.Date(wall.Year(), wall.Month(), 1, 0, 0, 0, 0, time.UTC); ; month = month.AddDate(0, 1, 0) {
		length := month.AddDate(0, 1, -1).Day()
		if next := month.AddDate(0, 0, min(s.monthDay, length)-1).Add(at); next.After(wall) {
			return next
		}
	}
}
