package cron

import (
	"fmt"
	"regexp"
	"strings"

	robfig "github.com/robfig/cron/v3"
)

// field is one place of a cron expression.
type field struct {
	name    string
	option  robfig.ParseOption
	takes   string
	example string
}

var allFields = []field{
	{"second", robfig.Second, "0 to 59", "0, */15 or 0,30"},
	{"minute", robfig.Minute, "0 to 59", "0, */15 or 0,30"},
	{"hour", robfig.Hour, "0 to 23", "3, 1-5 or */6"},
	{"day of month", robfig.Dom, "1 to 31", "1, 1,15 or *"},
	{"month", robfig.Month, "1 to 12 or jan to dec", "1, 1-6 or *"},
	{"day of week", robfig.Dow, "0 to 6 (0 is Sunday, and so is 7) or sun to sat", "1-5, sun or *"},
}

// element is one part of a comma-separated field. robfig's parser is laxer: it
// reads "*-5" as "*" and forgives empty parts.
var element = regexp.MustCompile(`^(\*|\?|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/[0-9]+)?$`)

// check returns the field as robfig's parser wants it, or a sentence that says
// what is wrong with it.
func (f field) check(text string) (string, error) {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		if !element.MatchString(part) {
			return "", f.wrong(text)
		}
		if f.option == robfig.Dow {
			parts[i] = sundayFirst(part)
		}
	}
	clean := strings.Join(parts, ",")
	if _, err := robfig.NewParser(f.option).Parse(clean); err != nil {
		return "", f.wrong(text)
	}
	return clean, nil
}

func (f field) wrong(text string) error {
	return fmt.Errorf("the %s field %q is not understood: it takes %s, such as %s", f.name, text, f.takes, f.example)
}

// sundayFirst writes Sunday as 0 where crontabs may also write 7.
func sundayFirst(part string) string {
	if part == "7" {
		return "0"
	}
	if from, ok := strings.CutSuffix(part, "-7"); ok && from != "" {
		return from + "-6,0"
	}
	return part
}
