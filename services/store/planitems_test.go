package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/backupman/backupman/models"
)

func itemOf(kind models.PlanKind, label string, fields models.Settings) models.PlanItem {
	return models.PlanItem{Kind: kind, Label: label, Fields: fields, UpdatedBy: "ann"}
}

// save saves an item as the newest revision has it.
func save(t *testing.T, s *Store, c models.PlanChange) {
	t.Helper()
	c.Revision = value(s.PlanRevision(t.Context()))(t)
	must(t, s.SavePlanItem(t.Context(), c))
}

func testPlanItems(t *testing.T, s *Store) {
	ctx := t.Context()
	first := value(s.PlanRevision(ctx))(t)
	equal(t, "the number of items", len(value(s.PlanItems(ctx))(t)), 0)
	save(t, s, models.PlanChange{New: true, Item: itemOf(models.PlanSource, "shop", models.Settings{"provider": "mysql", "text": "a\nb\"ü"}),
		Secrets: []models.StoredSecret{{Name: "source/shop/password", Sealed: "bm1.a.AAAA", SetBy: "ann"}}})
	second := value(s.PlanRevision(ctx))(t)
	save(t, s, models.PlanChange{New: true, Item: itemOf(models.PlanDrive, "shop", models.Settings{"provider": "local"})})
	save(t, s, models.PlanChange{New: true, Item: itemOf(models.PlanSource, "Shop", models.Settings{"provider": "sqlite"})})
	third := value(s.PlanRevision(ctx))(t)
	if first == second || second == third || first == "" {
		t.Errorf("the revisions are %q, %q and %q", first, second, third)
	}
	made := value(s.PlanItem(ctx, models.PlanSource, "shop"))(t)
	if made.CreatedBy != "ann" || made.CreatedAt.IsZero() || made.UpdatedAt != nil || !maps.Equal(made.Fields, models.Settings{"provider": "mysql", "text": "a\nb\"ü"}) {
		t.Errorf("the new item is %+v with %v", made, map[string]string(made.Fields))
	}
	equal(t, "the secret stored with it", value(s.StoredSecret(ctx, "source/shop/password"))(t).Sealed, "bm1.a.AAAA")

	changed := itemOf(models.PlanSource, "shop", models.Settings{"provider": "postgres"})
	changed.UpdatedBy = "bob"
	save(t, s, models.PlanChange{Item: changed, Forget: []string{"source/shop/password"}})
	again := value(s.PlanItem(ctx, models.PlanSource, "shop"))(t)
	if again.CreatedBy != "ann" || again.UpdatedBy != "bob" || !again.CreatedAt.Equal(made.CreatedAt) || again.UpdatedAt == nil || !maps.Equal(again.Fields, changed.Fields) {
		t.Errorf("the changed item is %+v", again)
	}
	wants(t, errorOf(s.StoredSecret(ctx, "source/shop/password")), models.ErrNotFound)
	var listed []string
	for _, i := range value(s.PlanItems(ctx))(t) {
		listed = append(listed, string(i.Kind)+" "+i.Label)
	}
	if want := []string{"drive shop", "source Shop", "source shop"}; !slices.Equal(listed, want) {
		t.Errorf("the items are %v, want %v", listed, want)
	}
	wants(t, errorOf(s.PlanItem(ctx, models.PlanJob, "shop")), models.ErrNotFound)
}

func testPlanItemsRefused(t *testing.T, s *Store) {
	ctx := t.Context()
	old := value(s.PlanRevision(ctx))(t)
	item := itemOf(models.PlanSource, "shop", models.Settings{"provider": "mysql"})
	secret := []models.StoredSecret{{Name: "source/shop/password", Sealed: "bm1.a.AAAA", SetBy: "ann"}}
	save(t, s, models.PlanChange{New: true, Item: item})
	now := value(s.PlanRevision(ctx))(t)
	wants(t, s.SavePlanItem(ctx, models.PlanChange{New: true, Item: itemOf(models.PlanDrive, "nas", nil), Revision: old, Secrets: secret}), models.ErrBusy)
	wants(t, s.SavePlanItem(ctx, models.PlanChange{New: true, Item: item, Revision: now, Secrets: secret}), models.ErrConflict)
	wants(t, s.RemovePlanItem(ctx, models.PlanChange{Item: item, Revision: old}), models.ErrBusy)
	wants(t, s.RemovePlanItem(ctx, models.PlanChange{Item: itemOf(models.PlanJob, "shop", nil), Revision: now}), models.ErrNotFound)
	wants(t, errorOf(s.StoredSecret(ctx, "source/shop/password")), models.ErrNotFound)
	equal(t, "the revision after what was refused", value(s.PlanRevision(ctx))(t), now)
	equal(t, "the number of items", len(value(s.PlanItems(ctx))(t)), 1)
}

func testRemovePlanItem(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	must(t, s.PauseJob(ctx, f.job.ID, models.Now()))
	for _, kind := range []models.PlanKind{models.PlanNotifier, models.PlanJob, models.PlanDrive} {
		label := map[models.PlanKind]string{models.PlanNotifier: "ops", models.PlanJob: "nightly", models.PlanDrive: "nas"}[kind]
		save(t, s, models.PlanChange{New: true, Item: itemOf(kind, label, models.Settings{"x": "y"}), Secrets: []models.StoredSecret{{Name: label, Sealed: "bm1.a.AAAA", SetBy: "ann"}}})
		must(t, s.RemovePlanItem(ctx, models.PlanChange{Item: itemOf(kind, label, nil), Forget: []string{label}, Revision: value(s.PlanRevision(ctx))(t)}))
		wants(t, errorOf(s.PlanItem(ctx, kind, label)), models.ErrNotFound)
		wants(t, errorOf(s.StoredSecret(ctx, label)), models.ErrNotFound)
	}
	if job := value(s.Job(ctx, f.job.ID))(t); job.RemovedAt == nil || job.UpdatedAt == nil {
		t.Errorf("the job of a removed item is %+v", job)
	}
	if job := value(s.Job(ctx, f.job.ID))(t); job.PausedAt != nil {
		t.Error("a job that is set up anew under the label of one that was deleted is paused")
	}
	if drive := value(s.Drive(ctx, f.drives[0].ID))(t); drive.Label != "nas" || drive.RemovedAt == nil {
		t.Errorf("the drive of a removed item is %+v", drive)
	}
	if drive := value(s.Drive(ctx, f.drives[1].ID))(t); drive.RemovedAt != nil {
		t.Errorf("another drive is %+v", drive)
	}
}

// testOutdatedPlan: who was slow does not undo what others have set up since.
func testOutdatedPlan(t *testing.T, s *Store) {
	ctx := t.Context()
	old := plan("nightly")
	old.Revision = value(s.PlanRevision(ctx))(t)
	must(t, s.ApplyPlan(ctx, old))
	save(t, s, models.PlanChange{New: true, Item: itemOf(models.PlanDrive, "nas", nil)})
	stale := models.Plan{Revision: old.Revision}
	wants(t, s.ApplyPlan(ctx, stale), models.ErrBusy)
	equal(t, "the number of jobs", len(value(s.Jobs(ctx))(t)), 1)
	stale.Revision = value(s.PlanRevision(ctx))(t)
	must(t, s.ApplyPlan(ctx, stale))
	equal(t, "the number of jobs of the new plan", len(value(s.Jobs(ctx))(t)), 0)
}

// testRacePlanItems: of those who looked at one revision, one changes it.
func testRacePlanItems(t *testing.T, s *Store) {
	revision := value(s.PlanRevision(t.Context()))(t)
	won := race(t, 8, func(i int) error {
		return s.SavePlanItem(t.Context(), models.PlanChange{New: true, Item: itemOf(models.PlanSource, fmt.Sprint("shop-", i), nil), Revision: revision})
	})
	equal(t, "the number of winners", won, 1)
	equal(t, "the number of items", len(value(s.PlanItems(t.Context()))(t)), 1)
}
