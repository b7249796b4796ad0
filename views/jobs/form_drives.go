package jobs

import (
	"net/url"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// fieldPerDrive says that a form has fields for the rules of single drives, so that one which is
// empty is none. A form without them leaves these rules as they are.
const fieldPerDrive = "perdrive"

// driveRule is the name of the field for a rule of a drive.
func driveRule(drive, rule string) string { return perDrivePrefix + drive + "." + rule }

// driveRuleOf tells which drive and which rule a field is for. Labels may have dots, rules have none.
func driveRuleOf(name string) (drive string, rule field, ok bool) {
	rest, ok := strings.CutPrefix(name, perDrivePrefix)
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot < 1 {
		return "", field{}, false
	}
	at := slices.IndexFunc(fields, func(f field) bool { return f.name == rest[dot+1:] })
	if at < 0 {
		return "", field{}, false
	}
	return rest[:dot], fields[at], true
}

// readDriveRules adds the rules of single drives that were sent.
func (f Form) readDriveRules(q url.Values) {
	for name := range q {
		if _, _, ok := driveRuleOf(name); ok {
			if typed := strings.TrimSpace(q.Get(name)); typed != "" {
				f[name] = typed
			}
		}
	}
}

// keepOnDrives writes the rules of single drives down, of those that the job keeps copies on.
func (f Form) keepOnDrives(d *models.PlanDraft, put func(name, value string), problems models.FieldErrors) {
	drives := f.Drives()
	for name := range d.Fields {
		rest, perDrive := strings.CutPrefix(name, perDrivePrefix)
		label := rest[:max(strings.LastIndexByte(rest, '.'), 0)] // which may have dots, as rules have not
		if perDrive && (f[fieldPerDrive] != "" || !slices.Contains(drives, label)) {
			delete(d.Fields, name)
		}
	}
	if f[fieldPerDrive] == "" {
		return
	}
	for name, typed := range f {
		drive, rule, ok := driveRuleOf(name)
		if !ok || !slices.Contains(drives, drive) {
			continue
		}
		var r models.Retention
		if err := rule.set(&r, typed); err != nil {
			problems[name] = rule.label + " " + err.Error()
			put(name, typed)
			continue
		}
		put(name, rule.text(r))
	}
}

// DriveRules are the fields for the rules of one drive.
type DriveRules struct {
	Drive  string
	Fields []components.Field
	// Own says that it has rules.
	Own bool
}

// driveRules are the fields for the rules of single drives, of each that there is.
func (v FormView) driveRules() []DriveRules {
	var all []DriveRules
	for _, o := range v.Drives {
		d := DriveRules{Drive: o.Value}
		for _, rule := range fields {
			f := v.Field(driveRule(o.Value, rule.name))
			d.Own = d.Own || f.Value != "" || f.Problem != ""
			d.Fields = append(d.Fields, f)
		}
		all = append(all, d)
	}
	return all
}

// openDriveRules reports whether rules of single drives want a look.
func (v FormView) openDriveRules() bool {
	return slices.ContainsFunc(v.driveRules(), func(d DriveRules) bool { return d.Own })
}

// hasField reports whether the page has a field of a name, at which a mistake can be told.
func (v FormView) hasField(name string) bool {
	if drive, _, ok := driveRuleOf(name); ok {
		return slices.ContainsFunc(v.Drives, func(o components.Option) bool { return o.Value == drive })
	}
	return slices.Contains(formFields, name) || slices.Contains(secretFields, name)
}

// scratchOptions are where drills restore to: a private server, or that of a data source. One
// that is not there any more stays chosen until another is.
func (v FormView) scratchOptions() []components.Option {
	now, private := v.form[fieldScratch], components.Option{Label: "A private server, started for the drill"}
	if now == models.ScratchTemporary { // which says the same as nothing, and stays as it was written
		private.Value = now
	}
	all := append([]components.Option{private}, v.Scratch...)
	if now != "" && !slices.ContainsFunc(all, func(o components.Option) bool { return o.Value == now }) {
		all = append(all, components.Option{Value: now, Label: now + " (not there any more)"})
	}
	return all
}

// ScratchOption offers the server of a data source for drills.
func ScratchOption(label, kind string) components.Option {
	return components.Option{Value: label, Label: "The server of " + label + " · " + kind}
}

// driveField is the field for a rule of a drive; false for other names.
func driveField(name string) (components.Field, bool) {
	_, rule, ok := driveRuleOf(name)
	return components.Field{Label: rule.label, Hint: ruleHint(rule), Check: CheckPath}, ok
}

// firstDriveProblem is the name of the first field of drives' rules with a mistake.
func (v FormView) firstDriveProblem() string {
	for _, o := range v.Drives {
		for _, rule := range fields {
			if name := driveRule(o.Value, rule.name); v.problems[name] != "" {
				return name
			}
		}
	}
	return ""
}
