package jobs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// The plain choices of when a job runs.
const (
	WhenHourly  = "hourly"
	WhenDaily   = "daily"
	WhenWeekly  = "weekly"
	WhenMonthly = "monthly"
	WhenAsked   = "asked"
	WhenCron    = "cron"
)

var whenOptions = []components.Option{
	{Value: WhenHourly, Label: "Every hour"}, {Value: WhenDaily, Label: "Every day"}, {Value: WhenWeekly, Label: "On days of the week"},
	{Value: WhenMonthly, Label: "Once a month"}, {Value: WhenAsked, Label: "Only when asked"}, {Value: WhenCron, Label: "Other", Hint: "by a cron expression"},
}

var dayOptions = []components.Option{
	{Value: "monday", Label: "Monday"}, {Value: "tuesday", Label: "Tuesday"}, {Value: "wednesday", Label: "Wednesday"}, {Value: "thursday", Label: "Thursday"},
	{Value: "friday", Label: "Friday"}, {Value: "saturday", Label: "Saturday"}, {Value: "sunday", Label: "Sunday"},
}

// lastDay is the value of the last day of a month.
const lastDay = "last"

// Schedule is what was chosen in the words of the configuration: empty for a job that runs
// only when asked. What is missing is noted.
func (f Form) Schedule(problems models.FieldErrors) string {
	at := f[fieldAt]
	switch f[fieldWhen] {
	case WhenHourly:
		if minute := strings.TrimLeft(f[fieldMinute], ":"); minute != "" && minute != "0" && minute != "00" {
			if len(minute) == 1 {
				minute = "0" + minute
			}
			return "hourly at :" + minute
		}
		return "hourly"
	case WhenDaily, WhenWeekly, WhenMonthly:
		if !clockText.MatchString(at) {
			problems[fieldAt] = "say at what time of day, such as 03:00"
			at = "00:00"
		}
	case WhenCron:
		if f[fieldCron] == "" {
			problems[fieldCron] = "write a cron expression, such as 0 3 * * *"
		}
		return f[fieldCron]
	}
	switch f[fieldWhen] {
	case WhenDaily:
		return "daily at " + at
	case WhenWeekly:
		days := human.Lines(f[fieldWeekdays])
		if len(days) == 0 {
			problems[fieldWeekdays] = "choose at least one day"
		}
		return "weekly on " + strings.Join(days, ", ") + " at " + at
	case WhenMonthly:
		if f[fieldMonthDay] == lastDay {
			return "monthly on the last day at " + at
		}
		if f[fieldMonthDay] == "" {
			return "monthly on 1 at " + at
		}
		return "monthly on " + f[fieldMonthDay] + " at " + at
	}
	return ""
}

// The words of the configuration that the choices stand for; clockText is a time of day.
var (
	clockText    = regexp.MustCompile(`^([01]?\d|2[0-3]):[0-5]\d$`)
	hourlyWords  = regexp.MustCompile(`^hourly(?: at :(\d{2}))?$`)
	dailyWords   = regexp.MustCompile(`^daily at (\d{1,2}:\d{2})$`)
	weeklyWords  = regexp.MustCompile(`^weekly on (.+) at (\d{1,2}:\d{2})$`)
	monthlyWords = regexp.MustCompile(`^monthly on (?:the )?(?:(\d{1,2})(?:st|nd|rd|th)?|(last) day) at (\d{1,2}:\d{2})$`)
	betweenDays  = regexp.MustCompile(`\s*(?:,|\band\b)\s*`)
)

// whenOf are the choices that stand for an expression; what none says is one of cron.
func whenOf(expr string) map[string]string {
	words := strings.ToLower(strings.Join(strings.Fields(expr), " "))
	if words == "" {
		return map[string]string{fieldWhen: WhenAsked}
	}
	if m := hourlyWords.FindStringSubmatch(words); m != nil {
		return map[string]string{fieldWhen: WhenHourly, fieldMinute: m[1]}
	}
	if m := dailyWords.FindStringSubmatch(words); m != nil {
		return map[string]string{fieldWhen: WhenDaily, fieldAt: clockOf(m[1])}
	}
	if m := weeklyWords.FindStringSubmatch(words); m != nil {
		if days, ok := daysOf(m[1]); ok {
			return map[string]string{fieldWhen: WhenWeekly, fieldWeekdays: strings.Join(days, "\n"), fieldAt: clockOf(m[2])}
		}
	}
	if m := monthlyWords.FindStringSubmatch(words); m != nil {
		return map[string]string{fieldWhen: WhenMonthly, fieldMonthDay: m[1] + m[2], fieldAt: clockOf(m[3])}
	}
	return map[string]string{fieldWhen: WhenCron, fieldCron: expr}
}

// clockOf writes a time of day as fields for times have it: 3:00 is 03:00.
func clockOf(text string) string {
	if len(text) == len("3:00") {
		return "0" + text
	}
	return text
}

// daysOf reads names of days, whole or by three letters, in the order of the week.
func daysOf(text string) (days []string, ok bool) {
	named := betweenDays.Split(text, -1)
	for _, o := range dayOptions {
		if slices.Contains(named, o.Value) || slices.Contains(named, o.Value[:3]) {
			days = append(days, o.Value)
		}
	}
	return days, len(days) == len(named)
}

// The choices of when drills are made besides after a backup; own is in words.
const (
	drillsNone = "none"
	drillsOwn  = "own"
)

var drillOptions = []components.Option{
	{Value: drillsNone, Label: "No others"}, {Value: "daily at 06:00", Label: "Every day at 06:00"}, {Value: "weekly on sunday at 06:00", Label: "Every Sunday at 06:00"},
	{Value: "monthly on 1 at 06:00", Label: "On the 1st of every month at 06:00"}, {Value: drillsOwn, Label: "At other times"},
}

func (f Form) drillSchedule(problems models.FieldErrors) string {
	switch chosen := f[fieldDrills]; chosen {
	case "", drillsNone:
		return ""
	case drillsOwn:
		if f[fieldDrillWords] == "" {
			problems[fieldDrillWords] = "say when, such as weekly on sunday at 06:00"
		}
		return f[fieldDrillWords]
	default:
		return chosen
	}
}

func drillsOf(expr string) map[string]string {
	switch {
	case expr == "":
		return map[string]string{fieldDrills: drillsNone}
	case slices.ContainsFunc(drillOptions, func(o components.Option) bool { return o.Value == expr }):
		return map[string]string{fieldDrills: expr}
	}
	return map[string]string{fieldDrills: drillsOwn, fieldDrillWords: expr}
}

// monthDays are the days of a month to choose from.
func monthDays() []components.Option {
	var all []components.Option
	for n := 1; n <= 31; n++ {
		label := "on the " + ordinal(n)
		if n > 28 {
			label += ", or the last day"
		}
		all = append(all, components.Option{Value: plainCount(n), Label: label})
	}
	return append(all, components.Option{Value: lastDay, Label: "on the last day"})
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
	return plainCount(n) + suffix
}
