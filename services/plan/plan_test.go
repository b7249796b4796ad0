package plan_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/plan"
)

const shopFile = `data_sources: [{label: fileshop, provider: sqlite, db_path: /srv/shop.db}]
drives: [{label: filenas, provider: local, folder: /mnt/nas}]
jobs: [{label: filejob, data_source: fileshop, drives: [filenas], cron: "0 3 * * *"}]
`

func TestWhatIsSetUpBecomesThePlan(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	told := 0
	p.OnChange(func() { told++ })
	source, drive := add(t, p, mysqlDraft("shop", nil)), add(t, p, driveDraft("nas", "/mnt/other"))
	id := add(t, p, jobDraft("nightly", "shop", "nas", "filenas"))
	if told != 3 {
		t.Errorf("told %d times of three changes", told)
	}
	job, err := w.store.Job(t.Context(), id)
	must(t, err)
	if job.SourceID != source || len(job.DriveIDs) != 2 || job.DriveIDs[0] != drive || job.RemovedAt != nil {
		t.Errorf("the job is %+v", job)
	}
	jobs, err := p.catalog.Jobs(t.Context())
	must(t, err)
	if len(jobs) != 2 {
		t.Errorf("the catalog has %d jobs", len(jobs))
	}
	for label, want := range map[string]models.Origin{"shop": models.OriginPage, "fileshop": models.OriginFile} {
		if got, err := p.Origin(t.Context(), models.PlanSource, label); err != nil || got != want {
			t.Errorf("%s comes from %q, %v", label, got, err)
		}
	}
	if file, line := p.Place(models.PlanJob, "filejob"); !strings.HasSuffix(file, ".yaml") || strings.ContainsRune(file, filepath.Separator) || line == 0 {
		t.Errorf("the file has the job at %q, line %d", file, line)
	}
	if file, line := p.Place(models.PlanSource, "shop"); file != "" || line != 0 {
		t.Errorf("what was set up on a page is at %q, line %d", file, line)
	}
	_, err = p.Origin(t.Context(), models.PlanSource, "nightly")
	wants(t, err, models.ErrNotFound)

	// The file's own rows go with the file, and what was set up on pages stays.
	must(t, p.Use(t.Context(), w.file(t, "drives: [{label: filenas, provider: local, folder: /mnt/nas}]\n")))
	rows, err := w.store.Sources(t.Context())
	must(t, err)
	if len(rows) != 1 || rows[0].Label != "shop" {
		t.Errorf("the sources are %v", rows)
	}
}

func TestSecretsGoIntoTheVault(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, "")
	add(t, p, mysqlDraft("shop", nil))
	item := stored(t, w, models.PlanSource, "shop")
	if item.Fields["password"] != "${secret:source/shop/password}" || item.CreatedBy != "ann" {
		t.Errorf("the item has %q by %s", item.Fields["password"], item.CreatedBy)
	}
	if got := password(t, w, p, "shop"); got != "first secret" {
		t.Errorf("the source is opened with %q", got)
	}
	draft, err := p.Draft(t.Context(), models.PlanSource, "shop")
	must(t, err)
	if secret, set := draft.Secrets["password"]; !set || !secret.Empty() || draft.Fields["password"] != "" || draft.Fields["host"] != "db.example.com" {
		t.Errorf("the draft is %+v", draft)
	}
	if _, set := draft.Secrets["restore_password"]; set {
		t.Error("a secret that is not set is told as set")
	}

	// Kept, replaced, taken away.
	draft.Fields["db_name"], draft.Version = "shop2", "" // whatever was saved since
	saveAgain(t, p, draft)
	if got := password(t, w, p, "shop"); got != "first secret" {
		t.Errorf("a secret that was kept is %q", got)
	}
	draft.Secrets["password"] = models.NewSecret("second secret")
	saveAgain(t, p, draft)
	if got := password(t, w, p, "shop"); got != "second secret" {
		t.Errorf("a secret that was replaced is %q", got)
	}
	draft.Secrets, draft.Forget = nil, []string{"password"}
	saveAgain(t, p, draft)
	if got := secretNames(t, w); len(got) != 0 || password(t, w, p, "shop") != "" {
		t.Errorf("after it was taken away there are %v", got)
	}
}

func saveAgain(t *testing.T, p process, d models.PlanDraft) {
	t.Helper()
	_, err := p.Save(t.Context(), d, false, "bob")
	must(t, err)
}

func stored(t *testing.T, w *world, kind models.PlanKind, label string) models.PlanItem {
	t.Helper()
	item, err := w.store.PlanItem(t.Context(), kind, label)
	must(t, err)
	return item
}

func TestRemovingTakesOwnSecretsAlong(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, "")
	must(t, w.vault.SetSecret(t.Context(), "source/shop/password", models.NewSecret("somebody else's"), "eve"))
	id := add(t, p, mysqlDraft("shop", nil))
	add(t, p, mysqlDraft("shop/1", nil))
	add(t, p, mysqlDraft("shop-1", nil))
	if got := password(t, w, p, "shop"); got != "first secret" {
		t.Errorf("the source is opened with %q", got)
	}
	for _, label := range []string{"shop", "shop/1"} {
		must(t, p.Remove(t.Context(), models.PlanSource, label, "ann"))
	}
	if got, want := secretNames(t, w), []string{"source/shop-1/password", "source/shop/password"}; !slices.Equal(got, want) {
		t.Errorf("the secrets are %v, want %v", got, want)
	}
	if got, err := w.vault.Reveal(t.Context(), "source/shop/password"); err != nil || got.Reveal() != "somebody else's" {
		t.Errorf("a secret that was stored by hand is changed (%v)", err)
	}
	row, err := w.store.Source(t.Context(), id)
	must(t, err)
	if row.RemovedAt == nil || len(p.Plan().Sources) != 1 {
		t.Errorf("the row of what was removed is %+v, the plan has %v", row, p.Plan().Sources)
	}
	wants(t, p.Remove(t.Context(), models.PlanSource, "shop", "ann"), models.ErrNotFound)
}

func TestAStoredSecretDoesNotLeaveForAnotherPlace(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, "")
	add(t, p, mysqlDraft("shop", nil))
	draft, err := p.Draft(t.Context(), models.PlanSource, "shop")
	must(t, err)
	draft.Fields["port"] = "3306" // what it is when nothing is said
	must(t, p.Check(t.Context(), draft, false))
	for field, value := range map[string]string{"host": "evil.example.com", "port": "3307", "provider": "postgres"} {
		other := draft
		other.Fields = models.Settings{}
		for k, v := range draft.Fields {
			other.Fields[k] = v
		}
		other.Fields[field] = value
		_, tried := p.Try(t.Context(), other)
		_, saved := p.Save(t.Context(), other, false, "eve")
		for _, err := range []error{p.Check(t.Context(), other, false), tried, saved} {
			if says := faultAt(t, err, "password"); !strings.Contains(says, "typed again") {
				t.Errorf("%s: %s", field, says)
			}
		}
		other.Secrets = map[string]models.Secret{"password": models.NewSecret("another")}
		must(t, p.Check(t.Context(), other, false))
	}
	draft.Secrets["password"] = models.NewSecret("${secret:source/other/password}")
	if says := faultAt(t, p.Check(t.Context(), draft, false), "password"); !strings.Contains(says, "reference") {
		t.Errorf("a reference: %s", says)
	}
}

func TestTheFileWins(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, "")
	add(t, p, driveDraft("nas", "/mnt/page"))
	must(t, p.Use(t.Context(), w.file(t, "drives: [{label: nas, provider: local, folder: /mnt/file}]\n")))
	row, err := w.store.DriveByLabel(t.Context(), "nas")
	must(t, err)
	if row.Settings["folder"] != "/mnt/file" || len(p.Plan().Drives) != 1 || !strings.Contains(w.log.String(), "hides it") {
		t.Errorf("the drive is %v; the log has %s", row.Settings["folder"], w.log)
	}
	_, err = p.Save(t.Context(), driveDraft("nas", "/mnt/new"), false, "ann")
	wants(t, err, models.ErrConflict)
	wants(t, p.Remove(t.Context(), models.PlanDrive, "nas", "ann"), models.ErrConflict)
	_, err = p.Save(t.Context(), driveDraft("nas", "/mnt/new"), true, "ann")
	faultAt(t, err, "label")
	draft, err := p.Draft(t.Context(), models.PlanDrive, "nas")
	must(t, err)
	if draft.Fields["folder"] != "/mnt/file" {
		t.Errorf("the draft is of %s", draft.Fields["folder"])
	}
	must(t, p.Use(t.Context(), w.file(t, "data: "+w.dir+"\n")))
	if row, err = w.store.DriveByLabel(t.Context(), "nas"); err != nil || row.Settings["folder"] != "/mnt/page" {
		t.Errorf("after the file let go: %v, %v", row.Settings["folder"], err)
	}
}

func TestWhatNoLongerReadsIsLeftOut(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	add(t, p, driveDraft("nas", "/mnt/page"))
	id := add(t, p, jobDraft("nightly", "fileshop", "filenas"))
	must(t, p.Use(t.Context(), w.file(t, "data_sources: [{label: fileshop, provider: sqlite, db_path: /srv/shop.db}]\n")))
	if jobs := p.Plan().Jobs; len(jobs) != 0 || !strings.Contains(w.log.String(), "there is no drive") {
		t.Errorf("the plan has the jobs %v, the log %s", jobs, w.log)
	}
	job, err := w.store.Job(t.Context(), id)
	must(t, err)
	if job.RemovedAt == nil {
		t.Error("a job without its drive is still planned")
	}
	draft, err := p.Draft(t.Context(), models.PlanJob, "nightly")
	must(t, err)
	draft.Fields["drives"] = "nas"
	saveAgain(t, p, draft)
	if job, err = w.store.Job(t.Context(), id); err != nil || job.RemovedAt != nil || job.ID != id {
		t.Errorf("the mended job is %+v, %v", job, err)
	}
}

func TestDependents(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	add(t, p, mysqlDraft("shop", nil))
	add(t, p, mysqlDraft("scratch", nil))
	add(t, p, driveDraft("nas", "/mnt/page"))
	job := jobDraft("nightly", "shop", "nas")
	job.Fields["drill.scratch"] = "scratch"
	add(t, p, job)
	add(t, p, models.PlanDraft{Kind: models.PlanNotifier, Label: "ops", Fields: models.Settings{"provider": "webhook", "url": "https://x.example.com", "jobs": "nightly\nfilejob"}})
	for n, want := range map[[2]string]string{
		{"source", "shop"}: "the job nightly", {"source", "scratch"}: "the job nightly", {"drive", "nas"}: "the job nightly",
		{"job", "nightly"}: "the notifier ops", {"job", "filejob"}: "the notifier ops", {"drive", "filenas"}: "the job filejob",
	} {
		kind, label := models.PlanKind(n[0]), n[1]
		got, err := p.Dependents(t.Context(), kind, label)
		must(t, err)
		if !slices.Equal(got, []string{want}) {
			t.Errorf("of %s %s depend %v", kind, label, got)
		}
		wants(t, p.Remove(t.Context(), kind, label, "ann"), models.ErrConflict)
	}
	draft, err := p.Draft(t.Context(), models.PlanSource, "scratch")
	must(t, err)
	draft.Fields = models.Settings{"provider": "sqlite", "db_path": "/srv/x.db"}
	if says := faultAt(t, p.Check(t.Context(), draft, false), ""); !strings.Contains(says, "the job nightly") {
		t.Errorf("a change that another thing can't follow: %s", says)
	}
	for _, n := range [][2]string{{"notifier", "ops"}, {"job", "nightly"}, {"source", "shop"}, {"source", "scratch"}, {"drive", "nas"}} {
		must(t, p.Remove(t.Context(), models.PlanKind(n[0]), n[1], "ann"))
	}
}

func TestAnotherServerNotices(t *testing.T) {
	w := newWorld(t)
	one, other := w.start(t, plan.Rules, ""), w.start(t, plan.Rules, "")
	noticed := make(chan struct{}, 9)
	other.OnChange(func() { noticed <- struct{}{} })
	go func() { _ = other.Work(t.Context()) }()
	add(t, one, driveDraft("nas", "/mnt/page"))
	<-noticed
	if drives := other.Plan().Drives; len(drives) != 1 || drives[0].Settings["folder"] != "/mnt/page" {
		t.Errorf("the other server has %v", drives)
	}
}

func TestManyWhoSaveLoseNothing(t *testing.T) {
	w := newWorld(t)
	servers := []process{w.start(t, plan.Rules, shopFile), w.start(t, plan.Rules, shopFile)}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := servers[i%2].Save(t.Context(), driveDraft(fmt.Sprint("nas-", i), "/mnt"), true, "ann"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	rows, err := w.store.Drives(t.Context())
	must(t, err)
	if len(rows) != 9 {
		t.Errorf("there are %d drives", len(rows))
	}
}

func TestCommandsSeeWhatIsSetUp(t *testing.T) {
	w := newWorld(t)
	server := w.start(t, plan.Rules, "")
	id := add(t, server, driveDraft("nas", "/mnt/page"))
	for _, reach := range []plan.Reach{plan.Looks, plan.Adds} {
		command := w.start(t, reach, "")
		if _, row, err := command.catalog.OpenDrive(t.Context(), id); err != nil || row.Label != "nas" {
			t.Errorf("a command opens %q: %v", row.Label, err)
		}
		w.start(t, reach, shopFile)
	}
	// A server without a file removes nothing of what the command's file names.
	w.start(t, plan.Rules, "")
	if rows, err := w.store.Drives(t.Context()); err != nil || len(rows) != 2 {
		t.Errorf("the drives are %v, %v", rows, err)
	}
}

// What config export printed is put into the file, under another label perhaps, and the page's
// own is deleted then: the secret stays for the file.
func TestASecretThatTheFileUsesStays(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, "")
	add(t, p, mysqlDraft("shop", nil))
	must(t, p.Use(t.Context(), w.file(t, `data_sources: [{label: shop2, provider: mysql, host: db, db_name: shop, user: u, password: "${secret:source/shop/password}"}]`+"\n")))
	draft, err := p.Draft(t.Context(), models.PlanSource, "shop")
	must(t, err)
	draft.Forget = []string{"password"}
	saveAgain(t, p, draft)
	if got := password(t, w, p, "shop2"); got != "first secret" {
		t.Errorf("after it was taken away from the page's, the file's source is opened with %q", got)
	}
	must(t, p.Remove(t.Context(), models.PlanSource, "shop", "ann"))
	if got := password(t, w, p, "shop2"); got != "first secret" {
		t.Errorf("the file's source is opened with %q", got)
	}
}
