package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/plan"
)

func TestTry(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, "")
	good := models.PlanDraft{Kind: models.PlanSource, Label: "shop", Fields: models.Settings{"provider": "sqlite", "db_path": database(t, w.dir)}}
	trial, err := p.Try(t.Context(), good)
	if err != nil || !trial.Good() || trial.Source == nil || trial.Source.Tables != 1 || trial.Took <= 0 {
		t.Errorf("a good source: %+v, %v", trial, err)
	}
	good.Fields["db_path"] = filepath.Join(w.dir, "none.db")
	if trial, err = p.Try(t.Context(), good); err != nil || trial.Good() || trial.Error == "" || trial.Source != nil {
		t.Errorf("a source that is not there: %+v, %v", trial, err)
	}
	good.Fields["db_path"] = ""
	_, err = p.Try(t.Context(), good)
	faultAt(t, err, "db_path")

	folder := filepath.Join(w.dir, "copies")
	trial, err = p.Try(t.Context(), driveDraft("nas", folder))
	if err != nil || !trial.Good() || trial.Drive == nil || trial.Drive.Free <= 0 || trial.Drive.GoodAt == nil {
		t.Errorf("a good drive: %+v, %v", trial, err)
	}
	file := filepath.Join(w.dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	trial, err = p.Try(t.Context(), driveDraft("nas", file))
	if err != nil || trial.Good() || trial.Drive == nil || trial.Drive.Good() || trial.Error == "" {
		t.Errorf("a drive that is a file: %+v, %v", trial, err)
	}
	_, err = p.Try(t.Context(), jobDraft("nightly", "shop", "nas"))
	wants(t, err, models.ErrInvalid)
	if items, err := w.store.PlanItems(t.Context()); err != nil || len(items) != 0 {
		t.Errorf("trying left %v, %v", items, err)
	}
}

func TestCheckSavesNothing(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	must(t, p.Check(t.Context(), mysqlDraft("shop", nil), true))
	if got := secretNames(t, w); len(got) != 0 {
		t.Errorf("checking stored %v", got)
	}
	err := p.Check(t.Context(), mysqlDraft("shop", models.Settings{"port": "many", "password": "plain"}), true)
	if says := faultAt(t, err, "port"); says != `must be a whole number, not "many"` {
		t.Errorf("the port %s", says)
	}
	faultAt(t, err, "password")
	faultAt(t, p.Check(t.Context(), mysqlDraft("fileshop", nil), true), "label")
	wants(t, p.Check(t.Context(), mysqlDraft("fileshop", nil), false), models.ErrConflict)
	wants(t, p.Check(t.Context(), mysqlDraft("none", nil), false), models.ErrNotFound)
	// A form sends the fields of other kinds along.
	must(t, p.Check(t.Context(), mysqlDraft("shop", models.Settings{"db_path": "/x"}), true))
}

func TestJobOfADraft(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	draft, err := p.Draft(t.Context(), models.PlanJob, "filejob")
	must(t, err)
	if draft.Fields["cron"] != "0 3 * * *" || draft.Fields["data_source"] != "fileshop" || draft.Fields["drives"] != "filenas" {
		t.Errorf("the draft of a job of the file is %v", map[string]string(draft.Fields))
	}
	draft.Fields["retention.keep_last"], draft.Fields["retention.keep_within"] = "3", "30d"
	job, err := p.Job(t.Context(), draft)
	if err != nil || job.Job.Retention != (models.Retention{Last: 3, Within: 30 * 24 * time.Hour}) || job.Source != "fileshop" {
		t.Errorf("the job is %+v, %v", job, err)
	}
	draft.Fields["drives"] = "nowhere"
	_, err = p.Job(t.Context(), draft)
	if says := faultAt(t, err, "drives"); !strings.Contains(says, "nowhere") {
		t.Error(says)
	}
}

func TestAPassphraseOfAJob(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	job := jobDraft("nightly", "fileshop", "filenas")
	job.Secrets = map[string]models.Secret{"encryption.passphrase": models.NewSecret("short")}
	_, err := p.Save(t.Context(), job, true, "ann")
	faultAt(t, err, "encryption.passphrase")
	job.Secrets["encryption.passphrase"] = models.NewSecret("correct horse battery staple")
	id := add(t, p, job)
	if got, err := p.catalog.Passphrase(t.Context(), id); err != nil || got.Reveal() != "correct horse battery staple" {
		t.Errorf("the job encrypts with another passphrase: %v", err)
	}
	draft, err := p.Draft(t.Context(), models.PlanJob, "nightly")
	must(t, err)
	if _, set := draft.Secrets["encryption.passphrase"]; !set || len(draft.Fields) != 2 {
		t.Errorf("the draft is %+v with %v", draft, map[string]string(draft.Fields))
	}
}

// What a draft of something says of it is what saving it under another label makes.
func TestADraftOfTheFileReadsAsTheFile(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, `data_sources: [{label: a, provider: mysql, db_name: s, user: u}, {label: b, provider: mysql, db_name: s, user: u, host: b}]
drives: [{label: x.y, provider: local, folder: /x}, {label: z, provider: local, folder: /z}]
encryption: {passphrase: correct horse battery staple}
jobs:
  - label: all
    data_source: a
    drives: [z, x.y]
    schedule: daily at 03:00
    timezone: Europe/Berlin
    window: "01:00-05:00"
    spread: 90s
    timeout: 2h
    compression: none
    encryption: {}
    retention: {keep_last: 1, hourly: 2, daily: 3, weekly: 4, monthly: 5, yearly: 6, keep_within: 2w, max_size: 1.5TB, drives: {x.y: {daily: 9, max_size: 123456789B}}}
    drill: {cron: "0 4 * * *", after_backup: true, scratch: b}
`)
	draft, err := p.Draft(t.Context(), models.PlanJob, "all")
	must(t, err)
	draft.Label = "copy"
	add(t, p, draft)
	jobs := p.Plan().Jobs
	if len(jobs) != 2 {
		t.Fatalf("there are %d jobs", len(jobs))
	}
	first, second := jobs[0], jobs[1]
	second.Job.Label = "all"
	if a, b := jsonOf(t, first), jsonOf(t, second); a != b {
		t.Errorf("the copy of\n%s is\n%s", a, b)
	}
}

func TestThePrivateKeyOfAJob(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	key, other := newKey(t), newKey(t)
	job := jobDraft("nightly", "fileshop", "filenas")
	job.Fields["encryption.recipients"] = key.Recipient().String()
	job.Secrets = map[string]models.Secret{"encryption.identity": models.NewSecret(other.String())}
	_, err := p.Save(t.Context(), job, true, "ann")
	if says := faultAt(t, err, "encryption.identity"); !strings.Contains(says, "none of the recipients") || strings.Contains(says, other.String()) {
		t.Error(says)
	}
	job.Secrets["encryption.identity"] = models.NewSecret(key.String() + "\n")
	id := add(t, p, job)
	if got, err := p.catalog.Unlock(t.Context(), id); err != nil || strings.TrimSpace(got.Identity.Reveal()) != key.String() {
		t.Errorf("the job is opened with another key: %v", err)
	}
	// Without recipients the key is of no use, and goes.
	draft, err := p.Draft(t.Context(), models.PlanJob, "nightly")
	must(t, err)
	delete(draft.Fields, "encryption.recipients")
	saveAgain(t, p, draft)
	if got := secretNames(t, w); len(got) != 0 {
		t.Errorf("the secrets are %v", got)
	}
}
