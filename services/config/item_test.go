package config_test

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// around is what jobs and notifiers of these tests may name.
func around() models.Plan {
	return models.Plan{
		Sources: []models.Source{{Label: "shop", Provider: "mysql"}, {Label: "wiki", Provider: "mysql"}},
		Drives:  []models.Drive{{Label: "nas", Provider: "local"}, {Label: "a.b", Provider: "local"}},
		Jobs:    []models.PlannedJob{{Job: models.Job{Label: "nightly"}}},
	}
}

func readItem(t *testing.T, item models.PlanItem) (models.Plan, error) {
	t.Helper()
	env := func(string) (string, bool) { t.Error("a page asked for a variable"); return "leaked", true }
	opts := options(nil)
	opts.Env = env
	opts.Notifiers = []models.Kind{{Provider: "webhook", Name: "Webhook", Settings: []models.Setting{{Name: "url", Required: true, Help: "Where."}, {Name: "token", Secret: true}}}}
	return config.Config{}.ReadItem(item, around(), opts)
}

func TestItemsAreReadAsTheFileIs(t *testing.T) {
	plan, err := readItem(t, models.PlanItem{Kind: models.PlanSource, Label: "crm", Fields: models.Settings{
		"provider": "mysql", "host": "db", "port": "3307", "db_name": "crm", "user": "${HOME}", "password": "${secret:source/crm/password}"}})
	if err != nil {
		t.Fatal(err)
	}
	made := plan.Sources[2]
	if made.Label != "crm" || made.Provider != "mysql" || made.Settings["port"] != "3307" || made.Settings["user"] != "${HOME}" || made.Settings["password"] != "${secret:source/crm/password}" {
		t.Errorf("the source is %+v with %v", made, maps.Clone(map[string]string(made.Settings)))
	}
	plan, err = readItem(t, models.PlanItem{Kind: models.PlanDrive, Label: "usb", Fields: models.Settings{"provider": "local", "folder": "/mnt/usb"}})
	if err != nil || plan.Drives[2].Settings["folder"] != "/mnt/usb" {
		t.Errorf("%v, %v", plan.Drives, err)
	}
	plan, err = readItem(t, models.PlanItem{Kind: models.PlanNotifier, Label: "ops", Fields: models.Settings{
		"provider": "webhook", "url": "https://ops.example.com", "events": "backup.failed\n\nalarm.raised", "jobs": "nightly"}})
	want := models.Notifier{Label: "ops", Provider: "webhook", Settings: models.Settings{"url": "https://ops.example.com"},
		Events: []models.Event{models.EventFailed, models.EventAlarm}, Jobs: []string{"nightly"}}
	if err != nil || !reflect.DeepEqual(plan.Notifiers, []models.Notifier{want}) {
		t.Errorf("%+v, %v", plan.Notifiers, err)
	}
}

func TestAJobOfAPage(t *testing.T) {
	plan, err := readItem(t, models.PlanItem{Kind: models.PlanJob, Label: "hourly", Fields: models.Settings{
		"data_source": "shop", "drives": "a.b\n nas \n", "schedule": "daily at 03:00", "timezone": "Europe/Berlin", "window": "01:00-05:00",
		"spread": "20m", "timeout": "2h", "compression": "gzip", "retention.daily": "7", "retention.drives.a.b.keep_last": "3",
		"encryption.passphrase": "${secret:job/hourly/passphrase}", "drill.after_backup": "true", "drill.scratch": "wiki"}})
	if err != nil {
		t.Fatal(err)
	}
	j := plan.Jobs[1]
	if j.Source != "shop" || !reflect.DeepEqual(j.Drives, []string{"a.b", "nas"}) || j.Job.Cron != "daily at 03:00" || j.Job.Spread != 20*time.Minute ||
		j.Job.Timeout != 2*time.Hour || j.Job.Compression != models.CompressionGzip || j.Job.Retention.Daily != 7 || j.DriveRetention["a.b"].Last != 3 ||
		!j.Job.Encryption.Passphrase || j.Passphrase.Reveal() != "${secret:job/hourly/passphrase}" || !j.Job.DrillAfter || j.Job.DrillScratch != "wiki" {
		t.Errorf("the job is %+v", j)
	}
}

func TestMistakesAreToldAtTheirFields(t *testing.T) {
	source := func(more models.Settings) models.PlanItem {
		f := models.Settings{"provider": "mysql", "db_name": "shop", "user": "u"}
		maps.Copy(f, more)
		return models.PlanItem{Kind: models.PlanSource, Label: "crm", Fields: f}
	}
	job := func(more models.Settings) models.PlanItem {
		f := models.Settings{"data_source": "shop", "drives": "nas"}
		maps.Copy(f, more)
		return models.PlanItem{Kind: models.PlanJob, Label: "hourly", Fields: f}
	}
	for name, c := range map[string]struct {
		item        models.PlanItem
		field, says string
	}{
		"a number":             {source(models.Settings{"port": "many"}), "port", `must be a whole number, not "many"`},
		"what is missing":      {source(models.Settings{"user": ""}), "user", "is missing: "},
		"an unknown key":       {source(models.Settings{"pasword_file": "/etc/shadow"}), "pasword_file", "is not a key that is known here"},
		"a secret's file":      {source(models.Settings{"password_file": "/etc/shadow"}), "password_file", "is not a key that is known here"},
		"a reference":          {source(models.Settings{"user": "${secret:x}"}), "user", "can't refer to a stored secret"},
		"no provider":          {source(models.Settings{"provider": ""}), "provider", "is missing: use "},
		"an unknown provider":  {source(models.Settings{"provider": "mysq"}), "provider", `there is no provider "mysq": did you mean mysql?`},
		"a label":              {models.PlanItem{Kind: models.PlanDrive, Label: " x", Fields: models.Settings{"provider": "local", "folder": "/x"}}, "label", "begins or ends with a space: remove it"},
		"no label":             {models.PlanItem{Kind: models.PlanDrive, Fields: models.Settings{"provider": "local", "folder": "/x"}}, "label", "has no label"},
		"no source":            {job(models.Settings{"data_source": ""}), "data_source", "is missing"},
		"an unknown drive":     {job(models.Settings{"drives": "nas\nnas2"}), "drives", `there is no drive "nas2"`},
		"a time":               {job(models.Settings{"schedule": "whenever"}), "schedule", "whenever"},
		"two times":            {job(models.Settings{"schedule": "daily at 03:00", "cron": "0 3 * * *"}), "cron", "schedule and cron say the same thing"},
		"a window":             {job(models.Settings{"window": "1"}), "window", "1"},
		"a rule":               {job(models.Settings{"retention.daily": "-1"}), "retention.daily", "must be 0 or more, not -1"},
		"a rule of a drive":    {job(models.Settings{"retention.drives.nas.daily": "x"}), "retention.drives.nas.daily", `must be a whole number, not "x"`},
		"rules of no drive":    {job(models.Settings{"retention.drives.a.b.daily": "1"}), "retention.drives.a.b", "the job keeps no copies on a drive of that label"},
		"a public key":         {job(models.Settings{"encryption.recipients": "age1x"}), "encryption.recipients", "an element of encryption.recipients"},
		"a passphrase":         {job(models.Settings{"encryption.passphrase": "short"}), "encryption.passphrase", "must have at least 12 characters"},
		"a file with a key":    {job(models.Settings{"encryption.identity_file": "/etc/passwd"}), "encryption.identity_file", "is not a key that is known here"},
		"a scratch database":   {job(models.Settings{"drill.scratch": "elsewhere"}), "drill.scratch", "must be temporary or the label of a data source"},
		"an event":             {models.PlanItem{Kind: models.PlanNotifier, Label: "ops", Fields: models.Settings{"provider": "webhook", "url": "x", "events": "backup.fail"}}, "events", "did you mean backup.failed?"},
		"a job that is not":    {models.PlanItem{Kind: models.PlanNotifier, Label: "ops", Fields: models.Settings{"provider": "webhook", "url": "x", "jobs": "weekly"}}, "jobs", `there is no job "weekly"`},
		"a NUL in a reference": {source(models.Settings{"user": "a\x00"}), "user", "holds a NUL character"},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := readItem(t, c.item)
			var faults models.FieldErrors
			if !errors.As(err, &faults) || !errors.Is(err, models.ErrInvalid) {
				t.Fatalf("got %v", err)
			}
			if len(faults) != 1 || !strings.Contains(faults[c.field], c.says) {
				t.Errorf("got %v, want %q at %q", map[string]string(faults), c.says, c.field)
			}
			if !reflect.DeepEqual(plan, around()) {
				t.Error("the plan was changed")
			}
		})
	}
}

func TestEncryptionOfAllJobsHoldsForPages(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Load(write(t, dir+"/c.yaml", "encryption: {passphrase: correct horse battery staple}\nretention: {enabled: true, by: age, value: 9}\n"), options(nil))
	if err != nil {
		t.Fatal(err)
	}
	read := func(fields models.Settings) models.PlannedJob {
		fields["data_source"] = "shop"
		plan, err := c.ReadItem(models.PlanItem{Kind: models.PlanJob, Label: "hourly", Fields: fields}, around(), options(nil))
		if err != nil {
			t.Fatal(err)
		}
		return plan.Jobs[1]
	}
	j := read(models.Settings{})
	if !j.Job.Encryption.Passphrase || j.Passphrase.Reveal() != "correct horse battery staple" || j.Job.Retention.Within != 9*24*time.Hour || len(j.Drives) != 2 {
		t.Errorf("a job that says nothing is %+v", j)
	}
	j = read(models.Settings{"encryption": config.NoEncryption, "retention.keep_last": "2"})
	if j.Job.Encryption.On() || j.Job.Retention != (models.Retention{Last: 2}) {
		t.Errorf("a job with its own is %+v", j)
	}
}
