package plan

import (
	"strconv"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// The secrets of jobs.
const (
	passphraseField = "encryption.passphrase"
	identityField   = "encryption.identity"
	// formerField has references to the passphrases from before, one a line. It is kept by
	// Save alone, and no draft shows it.
	formerField = config.FormerPassphrases
)

// secretFields are the fields of something that are secret.
func (s *Service) secretFields(kind models.PlanKind, provider string) []string {
	if kind == models.PlanJob {
		return []string{passphraseField, identityField}
	}
	var fields []string
	for _, k := range s.kinds(kind) {
		for _, d := range k.Settings {
			if k.Provider == provider && d.Secret {
				fields = append(fields, d.Name)
			}
		}
	}
	return fields
}

// fieldsOf returns something that is configured as its fields, secrets included; false
// when it is not.
func (st *state) fieldsOf(n name) (models.Settings, bool) {
	if !st.inFile(n) {
		item, ok := st.items[n]
		return item.Fields, ok
	}
	switch plan := st.file.Plan(); n.kind {
	case models.PlanSource:
		for _, x := range plan.Sources {
			if x.Label == n.label {
				return with(x.Provider, x.Settings), true
			}
		}
	case models.PlanDrive:
		for _, x := range plan.Drives {
			if x.Label == n.label {
				return with(x.Provider, x.Settings), true
			}
		}
	case models.PlanJob:
		for _, x := range plan.Jobs {
			if x.Job.Label == n.label {
				return jobFields(x, st.file.EncryptsAll()), true
			}
		}
	case models.PlanNotifier:
		for _, x := range plan.Notifiers {
			if x.Label == n.label {
				return notifierFields(x), true
			}
		}
	}
	return nil, false
}

func with(provider string, settings models.Settings) models.Settings {
	fields := models.Settings{"provider": provider}
	for field, value := range settings {
		if value != "" {
			fields[field] = value
		}
	}
	return fields
}

func notifierFields(n models.Notifier) models.Settings {
	fields := with(n.Provider, n.Settings)
	var events []string
	for _, e := range n.Events {
		events = append(events, string(e))
	}
	set(fields, "events", strings.Join(events, "\n"))
	set(fields, "jobs", strings.Join(n.Jobs, "\n"))
	return fields
}

func set(fields models.Settings, field, value string) {
	if value != "" {
		fields[field] = value
	}
}

// jobFields writes a job as a form sends it. encrypted says that jobs which name no
// encryption have one.
func jobFields(p models.PlannedJob, encrypted bool) models.Settings {
	j, fields := p.Job, models.Settings{"data_source": p.Source, "drives": strings.Join(p.Drives, "\n")}
	set(fields, timeField("", j.Cron), j.Cron)
	set(fields, "timezone", j.Timezone)
	set(fields, "window", j.Window)
	if j.Spread > 0 {
		fields["spread"] = models.SpanText(j.Spread)
	}
	if j.Timeout > 0 {
		fields["timeout"] = models.SpanText(j.Timeout)
	}
	set(fields, "compression", string(j.Compression))
	ruleFields(fields, "retention.", j.Retention)
	for label, rules := range p.DriveRetention {
		ruleFields(fields, "retention.drives."+label+".", rules)
	}
	set(fields, "encryption.recipients", strings.Join(j.Encryption.Recipients, "\n"))
	set(fields, passphraseField, p.Passphrase.Reveal())
	set(fields, identityField, p.Identity.Reveal())
	var former []string
	for _, f := range p.Former {
		former = append(former, f.Reveal())
	}
	set(fields, formerField, strings.Join(former, "\n"))
	if encrypted && !j.Encryption.On() {
		fields["encryption"] = config.NoEncryption
	}
	set(fields, timeField("drill.", j.DrillCron), j.DrillCron)
	if j.DrillAfter {
		fields["drill.after_backup"] = "true"
	}
	set(fields, "drill.scratch", j.DrillScratch)
	return fields
}

// timeField tells the fields of cron from words.
func timeField(prefix, expression string) string {
	if strings.IndexAny(expression, "0123456789*@") == 0 {
		return prefix + "cron"
	}
	return prefix + "schedule"
}

func ruleFields(fields models.Settings, prefix string, r models.Retention) {
	for rule, n := range map[string]int{"keep_last": r.Last, "hourly": r.Hourly, "daily": r.Daily, "weekly": r.Weekly, "monthly": r.Monthly, "yearly": r.Yearly} {
		if n > 0 {
			fields[prefix+rule] = strconv.Itoa(n)
		}
	}
	if r.Within > 0 {
		fields[prefix+"keep_within"] = models.SpanText(r.Within)
	}
	if r.MaxSize > 0 {
		fields[prefix+"max_size"] = models.BytesText(r.MaxSize)
	}
}
