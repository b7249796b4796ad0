package cron

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a container without zone files schedules alike

	robfig "github.com/robfig/cron/v3"

	"github.com/backupman/backupman/models"
)

// everyHour is robfig's bit set of an hour field that names all 24 hours.
const everyHour = 1<<24 - 1

// Parse reads plain words such as "daily at 03:00", a cron expression of five fields, or
// six with seconds first, or a descriptor such as @daily or "@every 6h", in an IANA zone;
// an empty zone is UTC. Its errors are models.ErrInvalid and name the field and the way out.
func Parse(expr, zone string) (Schedule, error) {
	loc, err := Zone(zone)
	if err != nil {
		return Schedule{}, err
	}
	expr = strings.TrimSpace(expr)
	if strings.HasPrefix(expr, "TZ=") || strings.HasPrefix(expr, "CRON_TZ=") {
		return Schedule{}, models.Invalidf("the cron expression %q holds a time zone: write the zone under timezone instead", expr)
	}
	if strings.HasPrefix(expr, "@") {
		return parseDescriptor(expr, loc)
	}
	if isPlain(expr) {
		return parsePlain(expr, loc)
	}
	return parseFields(expr, loc)
}

// Zone returns the location of an IANA name, UTC when the name is empty.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, models.Invalidf("there is no time zone %q: use an IANA name such as Europe/Paris, or UTC", name)
	}
	return loc, nil
}

func parseFields(expr string, loc *time.Location) (Schedule, error) {
	parts := strings.Fields(expr)
	fields := allFields
	switch len(parts) {
	case 5:
		fields = allFields[1:]
	case 6:
	default:
		return Schedule{}, models.Invalidf("the cron expression %q has %s: it takes five (minute, hour, day of month, month, day of week) or six with seconds first, such as \"0 3 * * *\", or plain words such as daily at 03:00", expr, countFields(len(parts)))
	}
	for i, f := range fields {
		clean, err := f.check(parts[i])
		if err != nil {
			return Schedule{}, models.Invalidf("the cron expression %q: %s", expr, err)
		}
		parts[i] = clean
	}
	return newSpec(expr, strings.Join(parts, " "), loc)
}

func countFields(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}

// wallParser reads what was already checked field by field.
var wallParser = robfig.NewParser(robfig.SecondOptional | robfig.Minute | robfig.Hour |
	robfig.Dom | robfig.Month | robfig.Dow | robfig.Descriptor)

func newSpec(expr, clean string, loc *time.Location) (Schedule, error) {
	parsed, err := wallParser.Parse(clean)
	if err != nil {
		return Schedule{}, models.Invalidf("the cron expression %q is not understood: use five fields such as \"0 3 * * *\", or @daily", expr)
	}
	spec, ok := parsed.(*robfig.SpecSchedule)
	if !ok {
		return Schedule{}, models.Invalidf("the cron expression %q is not understood: use five fields such as \"0 3 * * *\", or @daily", expr)
	}
	spec.Location = time.UTC
	s := Schedule{spec: spec, loc: loc, elapsed: spec.Hour&everyHour == everyHour}
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, models.Invalidf("the cron expression %q never comes round: there is no such day in that month", expr)
	}
	return s, nil
}

func parseDescriptor(expr string, loc *time.Location) (Schedule, error) {
	if text, ok := strings.CutPrefix(expr, "@every "); ok {
		return parseEvery(expr, strings.TrimSpace(text), loc)
	}
	switch expr {
	case "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly":
		return newSpec(expr, expr, loc)
	}
	return Schedule{}, models.Invalidf("the cron expression %q is not known: use @yearly, @monthly, @weekly, @daily, @hourly, \"@every 6h\" or five fields such as \"0 3 * * *\"", expr)
}

func parseEvery(expr, text string, loc *time.Location) (Schedule, error) {
	period, err := time.ParseDuration(text)
	if err != nil || period < time.Second || period%time.Second != 0 {
		return Schedule{}, models.Invalidf("the cron expression %q needs a time of whole seconds after @every, such as \"@every 90m\" or \"@every 6h\"", expr)
	}
	return Schedule{every: period, loc: loc}, nil
}
