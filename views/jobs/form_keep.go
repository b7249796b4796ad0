package jobs

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// preset is a choice of how long backups are kept.
type preset struct {
	name, label, hint string
	rules             models.Retention
}

// keepOwn is the choice of rules that are typed.
const keepOwn = "own"

// presets begin with what is proposed.
var presets = []preset{
	{"year", "7 days, 4 weeks, 12 months", "the newest of each: a year back, closer together for the last days", models.Retention{Daily: 7, Weekly: 4, Monthly: 12}},
	{"decade", "30 days, 12 months, 10 years", "for records", models.Retention{Daily: 30, Monthly: 12, Yearly: 10}},
	{"last", "The last 14", "whenever they were made", models.Retention{Last: 14}},
	{"month", "Everything for 30 days", "and nothing older", models.Retention{Within: 30 * 24 * time.Hour}},
	{"all", "Everything", "until somebody says otherwise: drives fill up", models.Retention{}},
}

func keepOptions() []components.Option {
	var all []components.Option
	for _, p := range presets {
		all = append(all, components.Option{Value: p.name, Label: p.label, Hint: p.hint})
	}
	return append(all, components.Option{Value: keepOwn, Label: "Other numbers", Hint: "rules of your own"})
}

// presetOf is the choice that stands for rules.
func presetOf(r models.Retention) string {
	for _, p := range presets {
		if p.rules == r {
			return p.name
		}
	}
	return keepOwn
}

// Rules are what is kept. The mistakes are by the names of fields.
func (f Form) Rules() (models.Retention, models.FieldErrors) {
	for _, p := range presets {
		if p.name == f[fieldKeep] {
			return p.rules, nil
		}
	}
	rules, problems := f.typedRules()
	if len(problems) == 0 && rules.IsZero() {
		problems[fieldKeep] = "type at least one rule, or choose to keep everything"
	}
	return rules, problems
}

func (f Form) typedRules() (r models.Retention, problems models.FieldErrors) {
	problems = models.FieldErrors{}
	for _, rule := range fields {
		text, ok := f[rulesPrefix+rule.name]
		if !ok {
			continue
		}
		if err := rule.set(&r, text); err != nil {
			problems[rulesPrefix+rule.name] = rule.label + " " + err.Error()
		}
	}
	return r, problems
}
