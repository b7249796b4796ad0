package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Describe says in words what an expression means, such as "every day at 03:00", for a
// page. It is empty for what cannot be said simply, and for what Parse does not read.
func Describe(expr string) string {
	expr = strings.TrimSpace(expr)
	if _, err := Parse(expr, ""); err != nil {
		return ""
	}
	if text, ok := strings.CutPrefix(expr, "@every "); ok {
		return everyText(strings.TrimSpace(text))
	}
	if fields, ok := descriptors[expr]; ok {
		expr = fields
	}
	if isPlain(expr) {
		p, err := readPlain(expr)
		if err != nil {
			return ""
		}
		if p.monthDay != 0 {
			return monthDayText(p)
		}
		expr = p.fields
	}
	parts := strings.Fields(expr)
	if len(parts) == 5 {
		parts = append([]string{"0"}, parts...)
	}
	return describeFields(parts)
}

// descriptors are the same as five fields.
var descriptors = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

func everyText(text string) string {
	period, err := time.ParseDuration(text)
	if err != nil {
		return ""
	}
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if period%unit.is == 0 {
			return everyN(int(period/unit.is), unit.name)
		}
	}
	return ""
}

func everyN(n int, unit string) string {
	if n == 1 {
		return "every " + unit
	}
	return fmt.Sprintf("every %d %ss", n, unit)
}

func monthDayText(p plain) string {
	parts := strings.Fields(p.fields)
	at := timeText("0", parts[0], parts[1])
	if p.monthDay == lastDay {
		return "on the last day of every month at " + at
	}
	return fmt.Sprintf("on the %s of every month, or on its last day, at %s", ordinal(p.monthDay), at)
}

// describeFields takes six fields.
func describeFields(f []string) string {
	if slices.Equal(f[3:], []string{"*", "*", "*"}) {
		if text := withinDay(f[0], f[1], f[2]); text != "" {
			return text
		}
	}
	at, days := timeText(f[0], f[1], f[2]), dateText(f[3], f[4], f[5])
	if at == "" || days == "" {
		return ""
	}
	return days + " at " + at
}

// withinDay describes what comes several times a day.
func withinDay(second, minute, hour string) string {
	m, isMinute := number(minute)
	n, isStep := step(minute, 60)
	h, isHourStep := step(hour, 24)
	switch {
	case second != "0":
		return ""
	case hour == "*" && minute == "*":
		return "every minute"
	case hour == "*" && isStep:
		return everyN(n, "minute")
	case hour == "*" && isMinute && m == 0:
		return "every hour"
	case hour == "*" && isMinute:
		return fmt.Sprintf("every hour at :%02d", m)
	case isHourStep && isMinute && m == 0:
		return everyN(h, "hour")
	}
	return ""
}

// step reads */N where N divides whole without a rest.
func step(field string, whole int) (int, bool) {
	text, ok := strings.CutPrefix(field, "*/")
	n, isNumber := number(text)
	return n, ok && isNumber && n > 0 && whole%n == 0
}

func number(field string) (int, bool) {
	n, err := strconv.Atoi(field)
	return n, err == nil
}

// timeText returns a time of day; empty for several.
func timeText(second, minute, hour string) string {
	s, okS := number(second)
	m, okM := number(minute)
	h, okH := number(hour)
	switch {
	case !okS || !okM || !okH:
		return ""
	case s != 0:
		return fmt.Sprintf("%02d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%02d:%02d", h, m)
}

// dateText describes the days; empty for what cannot be said simply.
func dateText(dom, month, dow string) string {
	d, isDay := number(dom)
	m, isMonth := number(month)
	switch {
	case dom == "*" && month == "*" && dow == "*":
		return "every day"
	case dom == "*" && month == "*":
		return weekText(dow)
	case dow != "*" || !isDay:
		return ""
	case month == "*" && d > 28:
		return fmt.Sprintf("on the %s of every month that has one", ordinal(d))
	case month == "*":
		return fmt.Sprintf("on the %s of every month", ordinal(d))
	case isMonth:
		return fmt.Sprintf("every year on %d %s", d, time.Month(m))
	}
	return ""
}

// weekText describes a day-of-week field of numbers, names and ranges of them.
func weekText(dow string) string {
	var on [7]bool
	for _, part := range strings.Split(strings.ToLower(dow), ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, okFirst := weekday(from)
		last, okLast := weekday(to)
		if !okFirst || !okLast || first > last {
			return ""
		}
		for i := first; i <= last; i++ {
			on[i%7] = true
		}
	}
	if on == [7]bool{false, true, true, true, true, true, false} {
		return "every day from Monday to Friday"
	}
	var names []string
	for i := 1; i <= 7; i++ {
		if on[i%7] {
			names = append(names, time.Weekday(i%7).String())
		}
	}
	return "every " + listed(names)
}

// weekday reads 0 to 7 or a name of three letters.
func weekday(text string) (int, bool) {
	if n, ok := number(text); ok {
		return n, n >= 0 && n <= 7
	}
	i := slices.IndexFunc(dayNames, func(d string) bool { return d[:3] == text })
	return i, i >= 0
}

// listed joins words as people do.
func listed(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// ordinal writes 1st, 2nd, 3rd, 4th.
func ordinal(n int) string {
	suffix := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
