package jobs

import (
	"maps"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// The addresses of forms.
const (
	NewPath     = "/jobs/new"
	ListPath    = "/jobs"
	PreviewPath = "/jobs/preview"
	CheckPath   = "/jobs/check"
	SetupPath   = "/setup/job"
)

// EditPath is where a job is changed.
func EditPath(id string) string { return Noun.Edit(id) }

// Purpose is what a form of a job is for.
type Purpose string

// The purposes.
const (
	ForNew   Purpose = "new"
	ForEdit  Purpose = "edit"
	ForSetup Purpose = "setup"
)

// FormFacts is what a form of a job is made of.
type FormFacts struct {
	Purpose Purpose
	// ID is that of the job that is changed; empty for a new one.
	ID string
	// Version is that of what is changed, as plan.FormView has it.
	Version string
	// From is that of the job that a new one began as; empty for none.
	From string
	Form Form
	// Problems are by the names of fields and the keys of the configuration.
	Problems models.FieldErrors
	// Sources and Drives are those that are configured, with their kinds' names.
	Sources, Drives []components.Option
	// Set has the names of the secrets that are set.
	Set map[string]bool
	// Scratch are the data sources on whose servers drills may restore.
	Scratch []components.Option
	Preview Preview
	// Head stands above the form in place of its title; nil for the title.
	Head templ.Component
}

// FormView is a form of a job.
type FormView struct {
	Page     layout.Page
	Purpose  Purpose
	ID, From string
	Version  string
	Title    string
	Action   string
	BackPath string
	// Back is what BackPath leads to, Save what the button says.
	Back, Save string
	Head       templ.Component
	// Problem sums up what is wrong; empty when nothing is.
	Problem         string
	Sources, Drives []components.Option
	Scratch         []components.Option
	// Open say which folded parts want a look.
	OpenWhen, OpenPacked, OpenEncryption bool
	Preview                              Preview

	form     Form
	problems models.FieldErrors
	set      map[string]bool
}

// NewFormView builds it.
func NewFormView(page layout.Page, f FormFacts) FormView {
	v := FormView{
		Page: page, Purpose: f.Purpose, ID: f.ID, Version: f.Version, From: f.From, Title: page.Title, Sources: f.Sources, Drives: f.Drives, Scratch: f.Scratch,
		Preview: f.Preview, form: f.Form, set: f.Set, problems: placed(f.Problems, f.Form), Action: NewPath, BackPath: ListPath, Back: "Jobs", Save: "Save the job", Head: f.Head,
	}
	switch f.Purpose {
	case ForEdit:
		v.Action, v.BackPath, v.Back, v.Save = EditPath(f.ID), Path(f.ID), f.Form.Label(), "Save the changes"
	case ForSetup:
		v.Action, v.BackPath, v.Back, v.Save = SetupPath, "/setup", "Set-up", "Save and make the first backup"
	}
	v.Problem = v.summary()
	v.OpenWhen = v.wants("window", "spread", "timeout")
	v.OpenPacked = v.wants("compression") && f.Form["compression"] != string(models.CompressionZstd) || v.problems["compression"] != ""
	v.OpenEncryption = f.Form[fieldEncrypt] != encryptNone && f.Form[fieldEncrypt] != ""
	return v
}

// wants reports whether one of some fields has a value or a problem.
func (v FormView) wants(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return v.form[name] != "" || v.problems[name] != "" })
}

// Setup reports whether the form is the last step of the guided set-up.
func (v FormView) Setup() bool { return v.Purpose == ForSetup }

// Given reports whether the set-up brought what is backed up, and where to.
func (v FormView) Given() bool {
	return v.Setup() && v.form.Source() != "" && len(v.form.Drives()) > 0 && v.problems[fieldSource] == "" && v.problems[fieldDrives] == ""
}

// placed puts problems that have no field of their own where the field is that they come from.
func placed(problems models.FieldErrors, f Form) models.FieldErrors {
	all := maps.Clone(problems)
	if all == nil {
		all = models.FieldErrors{}
	}
	move := func(from, to string) {
		if text, ok := all[from]; ok {
			delete(all, from)
			if all[to] == "" {
				all[to] = text
			}
		}
	}
	expr := fieldWhen
	switch f[fieldWhen] {
	case WhenCron:
		expr = fieldCron
	case WhenHourly:
		expr = fieldMinute
	case WhenDaily, WhenWeekly, WhenMonthly:
		expr = fieldAt
	}
	move("schedule", expr)
	if expr != fieldCron {
		move("cron", expr)
	}
	drills := fieldDrills
	if f[fieldDrills] == drillsOwn {
		drills = fieldDrillWords
	}
	move("drill.cron", drills)
	if drills != fieldDrillWords {
		move(fieldDrillWords, drills)
	}
	move("encryption", fieldEncrypt)
	move("retention", fieldKeep)
	return all
}

// summary says what is wrong with what has no field on the page, or that something is.
func (v FormView) summary() string {
	if len(v.problems) == 0 {
		return ""
	}
	var elsewhere []string
	for _, name := range slices.Sorted(maps.Keys(v.problems)) {
		if !v.hasField(name) {
			elsewhere = append(elsewhere, human.Sentence(v.problems[name]))
		}
	}
	if n := len(v.problems) - len(elsewhere); n > 0 {
		elsewhere = append(elsewhere, "Look at "+human.Plural(int64(n), "field")+" below: what is wrong is said there.")
	}
	return human.List(elsewhere)
}

// first is the field with a mistake that comes first on the page.
func (v FormView) first() string {
	for _, name := range slices.Concat(formFields, secretFields) {
		if v.problems[name] != "" {
			return name
		}
	}
	return v.firstDriveProblem()
}

// fieldWords are what fields are called.
var fieldWords = map[string]components.Field{
	fieldLabel:      {Label: "Name", Hint: "Names the job, and the folders of its copies. It does not change later.", Required: true},
	fieldMinute:     {Label: "At minute", Hint: "0 to 59.", Digits: true},
	fieldAt:         {Label: "At", Type: "time"},
	fieldMonthDay:   {Label: "Day"},
	fieldCron:       {Label: "Cron expression", Hint: "Minute, hour, day of month, month, day of week, such as 0 3 * * 1-5; with seconds first where there are six. Or @every 6h.", Code: true},
	fieldZone:       {Label: "Time zone", Hint: "A name such as Europe/Paris; empty is UTC."},
	"window":        {Label: "Only start between", Hint: "Two times of day, such as 22:00-06:00. Empty is all day."},
	"spread":        {Label: "Spread over", Hint: "Such as 30m: jobs of one time then start one after the other. Empty is not at all."},
	"timeout":       {Label: "Longest run", Hint: "Such as 6h, after which a run is stopped. Empty is no limit."},
	"compression":   {Label: "Compression"},
	fieldRecipients: {Label: "Public keys", Hint: "One a line: age1…, or the public key of SSH. Each opens the backups alone.", Code: true},
	FieldPassphrase: {Label: "Passphrase", Type: "password", Complete: "new-password", Hint: "Backups can never be opened without it: keep it elsewhere, too."},
	FieldIdentity:   {Label: "Private key, for drills on this server", Hint: "May stay empty: then this server can't open its backups, and a drill proves them only when somebody types the key."},
	fieldDrillWords: {Label: "When", Hint: "Plain words or a cron expression, such as weekly on sunday at 06:00."},
	fieldScratch:    {Label: "Drills restore to", Hint: "A private server needs the server's own package on this machine. A database named here must be on another server than the one that is backed up. A database in a file needs neither."},
	fieldWhen:       {Label: "It runs"}, fieldWeekdays: {Label: "Days"}, fieldKeep: {Label: "Keep"}, fieldEncrypt: {Label: "Encryption"},
	fieldSource: {Label: "Database", Required: true}, fieldDrives: {Label: "Drives"}, fieldDrills: {Label: "And by the clock"},
	fieldDrillAfter: {Label: "Restore each backup as a test", Hint: "A drill after each run proves that it restores, and equals what was dumped."},
}

// secretFields are shown empty, whatever was typed.
var secretFields = []string{FieldPassphrase, FieldIdentity}

// checked are the fields that are looked at when they were changed.
var checked = []string{fieldLabel, fieldMinute, fieldAt, fieldCron, fieldZone, "window", "spread", "timeout", fieldRecipients, fieldDrillWords}

// Field returns a field with what was typed, and what is wrong with it.
func (v FormView) Field(name string) components.Field {
	f, there := fieldWords[name]
	if !there {
		f, there = driveField(name)
	}
	if !there {
		for _, rule := range fields {
			if rulesPrefix+rule.name == name {
				f = components.Field{Label: rule.label, Hint: ruleHint(rule), Check: CheckPath}
			}
		}
	}
	if slices.Contains(checked, name) {
		f.Check = CheckPath
	}
	f.Name, f.Problem, f.Focus = name, human.Sentence(v.problems[name]), v.first() == name
	switch {
	case name == fieldRecipients && holdsPrivateKey(v.form[name]): // it is not sent back
	case !slices.Contains(secretFields, name):
		f.Value = v.form[name]
	case v.set[name]:
		f.Hint = "It is set. Leave the field empty to keep it."
	}
	return f
}

// holdsPrivateKey tells what was typed where public keys belong.
func holdsPrivateKey(text string) bool {
	text = strings.ToUpper(text)
	return strings.Contains(text, "AGE-SECRET-KEY-") || strings.Contains(text, "PRIVATE KEY")
}

func ruleHint(rule field) string {
	if rule.hint == "" {
		return ""
	}
	return "Such as " + rule.hint + "."
}

// ruleFields are the fields of rules that are typed.
func (v FormView) ruleFields() []components.Field {
	var all []components.Field
	for _, name := range ruleNames() {
		all = append(all, v.Field(name))
	}
	return all
}

var compressionOptions = []components.Option{
	{Value: string(models.CompressionZstd), Label: "zstd", Hint: "fast and small"}, {Value: string(models.CompressionGzip), Label: "gzip", Hint: "opens everywhere"},
	{Value: string(models.CompressionNone), Label: "None", Hint: "as it was dumped"},
}

var encryptOptions = []components.Option{
	{Value: encryptNone, Label: "None", Hint: "who reads a drive reads the backups"}, {Value: encryptKeys, Label: "Public keys", Hint: "this server cannot open them itself"},
	{Value: encryptWord, Label: "A passphrase", Hint: "kept here, so that drills can open them"},
}

// encryptions are the ways to encrypt; that of all jobs is only proposed where it holds.
func (v FormView) encryptions() []components.Option {
	if v.form[fieldEncrypt] != encryptAll {
		return encryptOptions
	}
	return append([]components.Option{{Value: encryptAll, Label: "As for all jobs", Hint: "what the configuration file says"}}, encryptOptions...)
}

// sourceOptions begin with none while none was chosen, or while what was chosen is not there:
// the first one would look chosen.
func (v FormView) sourceOptions() []components.Option {
	if slices.ContainsFunc(v.Sources, func(o components.Option) bool { return o.Value == v.form.Source() }) {
		return v.Sources
	}
	return append([]components.Option{{Label: "Choose one"}}, v.Sources...)
}

// listed reports whether a list, one entry a line, has a value.
func listed(list, value string) bool { return slices.Contains(human.Lines(list), value) }

func fieldFaultOf(f components.Field) templ.Attributes {
	if f.Problem == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "fault-" + f.Name}
}
