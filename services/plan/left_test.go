package plan_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/plan"
	"github.com/backupman/backupman/services/source"
)

// keep stores an item as it is, without a check.
func (w *world) keep(t *testing.T, kind models.PlanKind, label string, fields models.Settings) {
	t.Helper()
	revision, err := w.store.PlanRevision(t.Context())
	must(t, err)
	must(t, w.store.SavePlanItem(t.Context(), models.PlanChange{New: true, Revision: revision, Item: models.PlanItem{Kind: kind, Label: label, Fields: fields}}))
}

// raw changes the metadata database behind everybody's back.
func (w *world) raw(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "b.db"))
	must(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	must(t, errors.Join(err, db.Close()))
}

// Whatever is stored of one thing, the server starts, the others run, and it is named with
// the reason.
func TestABrokenItemCostsItselfAlone(t *testing.T) {
	w := newWorld(t)
	first := w.start(t, plan.Rules, shopFile)
	add(t, first, driveDraft("nas", "/mnt/page"))
	add(t, first, mysqlDraft("shop", nil))
	damaged := add(t, first, driveDraft("damaged", "/mnt/page"))
	good := add(t, first, jobDraft("good", "shop", "nas"))
	add(t, first, jobDraft("on-damaged", "shop", "damaged"))
	w.keep(t, "satellite", "moon", models.Settings{"provider": "x"})
	w.keep(t, models.PlanDrive, "tape", models.Settings{"provider": "tape"})
	w.keep(t, models.PlanDrive, "nowhere", models.Settings{"provider": "local"})
	w.keep(t, models.PlanJob, "bad-cron", models.Settings{"data_source": "shop", "drives": "nas", "cron": "61 * * * *"})
	w.keep(t, models.PlanJob, "orphan", models.Settings{"data_source": "gone", "drives": "nas\nalso-gone"})
	w.keep(t, models.PlanNotifier, "mute", models.Settings{"provider": "webhook", "jobs": "gone"})
	w.raw(t, `UPDATE plan_items SET fields = '{"folder": ' WHERE label = 'damaged'`)

	p := w.start(t, plan.Rules, shopFile)
	left, err := p.LeftOut(t.Context())
	must(t, err)
	reasons := map[string]string{}
	for _, l := range left {
		reasons[l.Label] = l.Reason
		if !strings.Contains(w.log.String(), l.Label) {
			t.Errorf("the log does not name %s", l.Label)
		}
	}
	for label, want := range map[string]string{
		"moon": "newer", "tape": "there is no provider", "nowhere": "folder", "bad-cron": "cron", "orphan": "gone", "mute": "there is no job",
		"damaged": "delete it", "on-damaged": "there is no drive",
	} {
		if !strings.Contains(reasons[label], want) {
			t.Errorf("%s is left out because %q, want something with %q", label, reasons[label], want)
		}
		if says := p.Left(); !slices.ContainsFunc(says, func(s string) bool { return strings.Contains(s, label) && strings.Contains(s, want) }) {
			t.Errorf("%s is not told of in %v", label, says)
		}
		delete(reasons, label)
	}
	if len(reasons) > 0 {
		t.Errorf("more is left out: %v", reasons)
	}
	jobs, err := p.catalog.Jobs(t.Context())
	must(t, err)
	if len(jobs) != 2 || !slices.ContainsFunc(jobs, func(j models.Job) bool { return j.ID == good }) {
		t.Errorf("the jobs are %v", jobs)
	}
	if got := password(t, w, p, "shop"); got != "first secret" {
		t.Errorf("the good source is opened with %q", got)
	}
	// The way out: what is damaged can be deleted and set up again, as what it was.
	must(t, p.Remove(t.Context(), models.PlanJob, "on-damaged", "ann"))
	must(t, p.Remove(t.Context(), models.PlanDrive, "damaged", "ann"))
	if again := add(t, p, driveDraft("damaged", "/mnt/page")); again != damaged {
		t.Errorf("it has another id than before")
	}
}

// A secret that is gone costs what takes it, when it is opened, and the sentence says how to
// bring it back.
func TestAMissingSecretCostsWhatTakesIt(t *testing.T) {
	w := newWorld(t)
	add(t, w.start(t, plan.Rules, shopFile), mysqlDraft("shop", nil))
	w.raw(t, "DELETE FROM stored_secrets")
	p := w.start(t, plan.Rules, shopFile)
	opened := map[string]error{}
	rows, err := w.store.Sources(t.Context())
	must(t, err)
	for _, r := range rows {
		_, _, _, opened[r.Label] = p.catalog.OpenSource(t.Context(), r.ID)
	}
	if len(rows) != 2 || opened["fileshop"] != nil {
		t.Errorf("the sources open with %v", opened)
	}
	if err := opened["shop"]; err == nil || !strings.Contains(err.Error(), "backupman secret set source/shop/password") {
		t.Errorf("without its secret: %v", err)
	}
}

// picky refuses plans that have something of a label.
type picky struct {
	*catalog.Catalog
	label string
}

func (c picky) Apply(ctx context.Context, p models.Plan) error {
	for _, d := range p.Drives {
		if d.Label == c.label {
			return models.Invalidf("the drive %q has a cron that is too long for the metadata database: shorten it", d.Label)
		}
	}
	return c.Catalog.Apply(ctx, p)
}

func (w *world) startPicky(t *testing.T, label, file string) (process, error) {
	t.Helper()
	p := process{catalog: catalog.New(w.store, source.Lookup, drive.Lookup, drive.Place{Installation: "here"}, catalog.WithSecrets(w.vault))}
	p.Service = plan.New(plan.Options{Store: w.store, Catalog: picky{p.catalog, label}, Vault: w.vault, Kinds: kinds(), Reach: plan.Rules, Log: discard})
	c := config.Config{}
	if file != "" {
		c = w.file(t, file)
	}
	return p, p.Use(t.Context(), c)
}

// What reads well may still be refused when it is applied.
func TestAnItemThatCantBeAppliedIsLeftOut(t *testing.T) {
	w := newWorld(t)
	first := w.start(t, plan.Rules, "")
	for _, label := range []string{"a", "poison", "z"} {
		add(t, first, driveDraft(label, "/mnt/"+label))
	}
	good := add(t, first, mysqlDraft("shop", nil))
	kept := add(t, first, jobDraft("kept", "shop", "a", "z"))
	add(t, first, jobDraft("spoiled", "shop", "poison"))
	p, err := w.startPicky(t, "poison", "")
	must(t, err)
	left, err := p.LeftOut(t.Context())
	must(t, err)
	if len(left) != 2 || left[0].Label != "poison" || !strings.Contains(left[0].Reason, "shorten it") || left[0].ID == "" || left[1].Label != "spoiled" {
		t.Errorf("left out are %+v", left)
	}
	if job, err := w.store.Job(t.Context(), kept); err != nil || job.RemovedAt != nil || job.SourceID != good || len(p.Plan().Drives) != 2 {
		t.Errorf("the other job is %+v, %v", job, err)
	}
	// Whoever saves such a thing is told.
	_, err = p.Save(t.Context(), driveDraft("poison", "/mnt/b"), false, "ann")
	wants(t, err, models.ErrConflict)
	if !strings.Contains(err.Error(), "left out") {
		t.Error(err)
	}
	must(t, p.Remove(t.Context(), models.PlanJob, "spoiled", "ann"))
	must(t, p.Remove(t.Context(), models.PlanDrive, "poison", "ann"))
	if left := p.Left(); len(left) != 0 {
		t.Errorf("after it was deleted, left out is %v", left)
	}
	// The file itself can't be left out.
	_, err = w.startPicky(t, "filenas", shopFile)
	wants(t, err, models.ErrInvalid)
}
