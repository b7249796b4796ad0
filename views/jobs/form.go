package jobs

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// Form is a job as a form has it: what was typed, by the names of its fields. Lists are
// one entry a line. Secrets are never in it.
type Form map[string]string

// The names of the fields that are not keys of the configuration themselves.
const (
	fieldWhen     = "when"
	fieldMinute   = "minute"
	fieldAt       = "at"
	fieldWeekdays = "weekdays"
	fieldMonthDay = "monthday"
	fieldEncrypt  = "encrypt"
	fieldKeep     = "keep"
	fieldDrills   = "drills"
)

// The secrets of the form, which are never in it.
const (
	FieldPassphrase = "encryption.passphrase"
	// FieldIdentity is a private key, with which drills on this server open dumps.
	FieldIdentity = "encryption.identity"
)

const (
	fieldLabel      = "label"
	fieldSource     = "data_source"
	fieldDrives     = "drives"
	fieldCron       = "cron"
	fieldZone       = "timezone"
	fieldEncryption = "encryption"
	fieldRecipients = "encryption.recipients"
	fieldDrillAfter = "drill.after_backup"
	fieldDrillWords = "drill.schedule"
	fieldScratch    = "drill.scratch"
	rulesPrefix     = "retention."
	perDrivePrefix  = "retention.drives."
)

// plainFields are taken over as they are typed.
var plainFields = []string{fieldSource, fieldZone, "window", "spread", "timeout", "compression", fieldScratch}

// formFields are all of the form.
var formFields = slices.Concat([]string{
	fieldLabel, fieldDrives, fieldWhen, fieldMinute, fieldAt, fieldWeekdays, fieldMonthDay, fieldCron, fieldEncrypt, fieldRecipients, fieldKeep, fieldPerDrive,
	fieldDrillAfter, fieldDrills, fieldDrillWords,
}, plainFields, ruleNames())

func ruleNames() []string {
	var names []string
	for _, f := range fields {
		names = append(names, rulesPrefix+f.name)
	}
	return names
}

// ParseForm reads what was sent.
func ParseForm(q url.Values) Form {
	f := Form{}
	for _, name := range formFields {
		if typed := strings.TrimSpace(strings.ReplaceAll(strings.Join(q[name], "\n"), "\r\n", "\n")); typed != "" {
			f[name] = typed
		}
	}
	f.readDriveRules(q)
	return f
}

// NewForm is a form as it is before anything was typed: a run each night, two months of
// days and weeks and a year of months, and a drill of each backup.
func NewForm(zone string) Form {
	return Form{
		fieldWhen: WhenDaily, fieldAt: "03:00", fieldZone: zone, fieldKeep: presets[0].name,
		"compression": string(models.CompressionZstd), fieldEncrypt: encryptNone, fieldDrillAfter: "true",
	}
}

// With returns the form with other values; empty ones leave what there is.
func (f Form) With(values map[string]string) Form {
	f = maps.Clone(f)
	for name, value := range values {
		if value != "" {
			f[name] = value
		}
	}
	return f
}

// WithLabel names the job.
func (f Form) WithLabel(label string) Form { return f.With(map[string]string{fieldLabel: label}) }

// WithSource names the source by its label.
func (f Form) WithSource(label string) Form { return f.With(map[string]string{fieldSource: label}) }

// WithDrives names the drives by their labels.
func (f Form) WithDrives(labels []string) Form {
	return f.With(map[string]string{fieldDrives: strings.Join(labels, "\n")})
}

// Label is what the job is called.
func (f Form) Label() string { return f[fieldLabel] }

// Source is the label of the data source.
func (f Form) Source() string { return f[fieldSource] }

// Zone is the name of the job's time zone; empty is UTC.
func (f Form) Zone() string { return f[fieldZone] }

// Drives are the labels of the drives.
func (f Form) Drives() []string { return human.Lines(f[fieldDrives]) }

// Window is the part of the day in which runs may start.
func (f Form) Window() string { return f["window"] }

// The ways in which dumps are encrypted.
const (
	encryptNone = "none"
	encryptKeys = "keys"
	encryptWord = "passphrase"
	// encryptAll is as the configuration file says for jobs that say nothing.
	encryptAll = "all"
)

// FormOf is what a form shows of a job that there is.
func FormOf(d models.PlanDraft) Form {
	f := NewForm("")
	delete(f, fieldDrillAfter)
	f[fieldLabel], f[fieldDrives] = d.Label, d.Fields[fieldDrives]
	for _, name := range plainFields {
		f[name] = cmp.Or(d.Fields[name], f[name])
	}
	maps.Copy(f, whenOf(cmp.Or(d.Fields["schedule"], d.Fields["cron"])))
	_, phrase := d.Secrets[FieldPassphrase]
	switch {
	case d.Fields[fieldEncryption] == encryptNone:
	case d.Fields[fieldRecipients] != "":
		f[fieldEncrypt], f[fieldRecipients] = encryptKeys, d.Fields[fieldRecipients]
	case phrase || d.Fields[FieldPassphrase] != "":
		f[fieldEncrypt] = encryptWord
	}
	if d.Fields.Bool(fieldDrillAfter) {
		f[fieldDrillAfter] = "true"
	}
	maps.Copy(f, drillsOf(cmp.Or(d.Fields[fieldDrillWords], d.Fields["drill.cron"])))
	for _, name := range ruleNames() {
		if text := d.Fields[name]; text != "" {
			f[name] = text
		}
	}
	for name, text := range d.Fields {
		if _, _, ok := driveRuleOf(name); ok {
			f[name] = text
		}
	}
	rules, _ := f.typedRules()
	f[fieldKeep] = presetOf(rules)
	return f
}

// Holding is the form of a job that says nothing of its own where the configuration file
// has something for all jobs: rules become its own, encryption stays that of all.
func (f Form) Holding(job models.Job, d models.PlanDraft) Form {
	f = maps.Clone(f)
	if rules, _ := f.Rules(); rules.IsZero() && !job.Retention.IsZero() {
		for _, rule := range fields {
			if text := rule.text(job.Retention); text != "" {
				f[rulesPrefix+rule.name] = text
			}
		}
		f[fieldKeep] = presetOf(job.Retention)
	}
	if f[fieldEncrypt] == encryptNone && d.Fields[fieldEncryption] == "" && job.Encryption.On() {
		f[fieldEncrypt] = encryptAll
	}
	return f
}

// Draft is the job that a form makes of another, or of none: what the form has no field
// for stays. The mistakes are those that are seen before the configuration is asked.
func (f Form) Draft(of models.PlanDraft) (models.PlanDraft, models.FieldErrors) {
	problems := models.FieldErrors{}
	d := models.PlanDraft{Kind: models.PlanJob, Label: cmp.Or(of.Label, f[fieldLabel]), Fields: models.Settings{}, Secrets: map[string]models.Secret{}}
	maps.Copy(d.Fields, of.Fields)
	put := func(name, value string) {
		if value == "" {
			delete(d.Fields, name)
			return
		}
		d.Fields[name] = value
	}
	for _, name := range plainFields {
		put(name, f[name])
	}
	put(fieldDrives, f[fieldDrives])
	delete(d.Fields, "cron")
	put("schedule", f.Schedule(problems))
	f.encrypt(&d, of, put)
	put(fieldDrillAfter, f[fieldDrillAfter])
	delete(d.Fields, "drill.cron")
	put(fieldDrillWords, f.drillSchedule(problems))
	f.keep(&d, put, problems)
	f.look(problems)
	return d, problems
}

// look notes what is missing.
func (f Form) look(problems models.FieldErrors) {
	if f[fieldLabel] == "" {
		problems[fieldLabel] = "give the job a label: copies lie in folders of that name"
	}
	if f[fieldSource] == "" {
		problems[fieldSource] = "choose what is backed up"
	}
	if f[fieldDrives] == "" {
		problems[fieldDrives] = "choose at least one drive to keep the copies"
	}
	if f[fieldEncrypt] == encryptKeys && f[fieldRecipients] == "" {
		problems[fieldRecipients] = "name at least one public key, or nothing would be encrypted"
	}
}

// encrypt says how dumps are encrypted, or that they are not, whatever the configuration
// file says of all jobs.
func (f Form) encrypt(d *models.PlanDraft, of models.PlanDraft, put func(name, value string)) {
	put(fieldEncryption, "")
	put(fieldRecipients, "")
	switch f[fieldEncrypt] {
	case encryptKeys:
		put(fieldRecipients, f[fieldRecipients])
	case encryptNone:
		put(fieldEncryption, encryptNone)
	}
	for name, useful := range map[string]bool{FieldPassphrase: f[fieldEncrypt] == encryptWord, FieldIdentity: f[fieldEncrypt] == encryptKeys} {
		if _, set := of.Secrets[name]; set && !useful {
			d.Forget = append(d.Forget, name)
		}
	}
}

// keep writes the rules down. Those of drives that the job no longer has go with them.
func (f Form) keep(d *models.PlanDraft, put func(name, value string), problems models.FieldErrors) {
	f.keepOnDrives(d, put, problems)
	rules, wrong := f.Rules()
	maps.Copy(problems, wrong)
	for _, rule := range fields {
		text := rule.text(rules)
		if len(wrong) > 0 {
			text = f[rulesPrefix+rule.name]
		}
		put(rulesPrefix+rule.name, text)
	}
}

// Secret is the name of the secret that goes with the chosen encryption; empty for none.
// A passphrase is needed, a private key is not.
func (f Form) Secret() (name string, needed bool) {
	switch f[fieldEncrypt] {
	case encryptWord:
		return FieldPassphrase, true
	case encryptKeys:
		return FieldIdentity, false
	}
	return "", false
}

// KeptByAll is what is wrong with a job that is to keep everything while the configuration
// file has rules for all jobs without any; nil where that is not so.
func (f Form) KeptByAll(holds models.Retention) models.FieldErrors {
	if rules, wrong := f.Rules(); len(wrong) > 0 || !rules.IsZero() || holds.IsZero() {
		return nil
	}
	return models.FieldErrors{fieldKeep: "the configuration file has a rule for all jobs that have none, by which everything would not stay: choose rules here, such as everything younger than 3650d"}
}
