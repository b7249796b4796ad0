package store

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/backupman/backupman/models"
)

func testPlan(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	if f.job.UpdatedAt != nil || f.job.RemovedAt != nil || f.drives[0].UpdatedAt != nil {
		t.Fatal("what is new already has an UpdatedAt or RemovedAt")
	}
	source := value(s.SourceByLabel(ctx, "shop"))(t)
	equal(t, "the job's source", f.job.SourceID, source.ID)
	if want := []string{f.drives[1].ID, f.drives[0].ID}; !slices.Equal(f.job.DriveIDs, want) {
		t.Fatalf("the job's drives are %v, want usb and nas: %v", f.job.DriveIDs, want)
	}
	equal(t, "a setting", source.Settings["db_path"], "/srv/shop.db")

	must(t, s.ApplyPlan(ctx, plan("nightly")))
	if again := value(s.Job(ctx, f.job.ID))(t); !reflect.DeepEqual(again, f.job) {
		t.Fatalf("applying the same plan changed the job to\n%+v", again)
	}

	changed := plan("nightly")
	changed.Drives = changed.Drives[:1]
	changed.Drives[0].Settings = models.Settings{"folder": "/mnt/other"}
	changed.Jobs[0].Drives = []string{"nas"}
	must(t, s.ApplyPlan(ctx, changed))
	nas, usb := value(s.Drive(ctx, f.drives[0].ID))(t), value(s.Drive(ctx, f.drives[1].ID))(t)
	equal(t, "the changed setting", nas.Settings["folder"], "/mnt/other")
	if nas.UpdatedAt == nil || nas.RemovedAt != nil || usb.RemovedAt == nil {
		t.Fatalf("after the change there are\n%+v\n%+v", nas, usb)
	}
	equal(t, "the number of drives left", len(value(s.Drives(ctx))(t)), 1)
	job := value(s.Job(ctx, f.job.ID))(t)
	if job.UpdatedAt == nil || !slices.Equal(job.DriveIDs, []string{nas.ID}) {
		t.Fatalf("the changed job is %+v", job)
	}
	if again := value(s.Source(ctx, source.ID))(t); again.UpdatedAt != nil {
		t.Fatal("the source did not change but has an UpdatedAt")
	}

	keeps(t, s)
	must(t, s.ApplyPlan(ctx, models.Plan{}))
	_, err := s.JobByLabel(ctx, "nightly")
	wants(t, err, models.ErrNotFound)
	gone := value(s.Job(ctx, f.job.ID))(t)
	if gone.RemovedAt == nil || len(value(s.Jobs(ctx))(t)) != 0 || len(value(s.Sources(ctx))(t)) != 0 {
		t.Fatalf("the removed job is %+v", gone)
	}
	must(t, s.ApplyPlan(ctx, models.Plan{}))
	sameTime(t, "the first removal", value(s.Job(ctx, f.job.ID))(t).RemovedAt, *gone.RemovedAt)

	must(t, s.ApplyPlan(ctx, plan("nightly")))
	back := value(s.JobByLabel(ctx, "nightly"))(t)
	equal(t, "the id of the returned job", back.ID, f.job.ID)
	equal(t, "the number of its drives", len(back.DriveIDs), 2)
	equal(t, "the returned drive", value(s.DriveByLabel(ctx, "usb"))(t).ID, usb.ID)
}

// keeps sees that a plan that says Keep adds and changes, and removes nothing.
func keeps(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	before := value(s.JobByLabel(ctx, "nightly"))(t)
	must(t, s.ApplyPlan(ctx, models.Plan{Keep: true}))
	if after := value(s.JobByLabel(ctx, "nightly"))(t); !reflect.DeepEqual(after, before) {
		t.Fatalf("an empty plan that keeps changed the job to\n%+v", after)
	}
	other := models.Plan{
		Keep:    true,
		Sources: []models.Source{{Label: "wiki", Provider: "sqlite", Settings: models.Settings{"db_path": "/srv/wiki.db"}}},
		Drives:  []models.Drive{{Label: "nas", Provider: "local", Settings: models.Settings{"folder": "/mnt/third"}}},
		Jobs:    []models.PlannedJob{{Job: models.Job{Label: "wiki"}, Source: "wiki", Drives: []string{"nas"}}},
	}
	must(t, s.ApplyPlan(ctx, other))
	equal(t, "the number of jobs", len(value(s.Jobs(ctx))(t)), 2)
	equal(t, "the number of sources", len(value(s.Sources(ctx))(t)), 2)
	equal(t, "the drive's changed setting", value(s.DriveByLabel(ctx, "nas"))(t).Settings["folder"], "/mnt/third")
}

func testPlanMissing(t *testing.T, s *Store) {
	for name, check := range map[string]struct {
		spoil func(*models.Plan)
		word  string
	}{
		"source": {func(p *models.Plan) { p.Jobs[0].Source = "wiki" }, `"wiki"`},
		"drive":  {func(p *models.Plan) { p.Jobs[0].Drives = []string{"nas", "tape"} }, `"tape"`},
		"twice":  {func(p *models.Plan) { p.Jobs = append(p.Jobs, p.Jobs[0]) }, `"nightly"`},
		"label":  {func(p *models.Plan) { p.Drives[0].Label = "" }, "drive"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan("nightly")
			check.spoil(&p)
			err := s.ApplyPlan(t.Context(), p)
			wants(t, err, models.ErrInvalid)
			mentions(t, err, check.word)
			equal(t, "the number of sources", len(value(s.Sources(t.Context()))(t)), 0)
		})
	}
	for name, find := range map[string]func() error{
		"source": func() error { _, err := s.SourceByLabel(t.Context(), "wiki"); return err },
		"drive":  func() error { _, err := s.DriveByLabel(t.Context(), "wiki"); return err },
		"job":    func() error { _, err := s.JobByLabel(t.Context(), "wiki"); return err },
	} {
		err := find()
		wants(t, err, models.ErrNotFound)
		mentions(t, err, name, `"wiki"`)
	}
	for _, find := range []func(string) error{
		func(id string) error { _, err := s.Source(t.Context(), id); return err },
		func(id string) error { _, err := s.Drive(t.Context(), id); return err },
		func(id string) error { _, err := s.Job(t.Context(), id); return err },
	} {
		id := models.NewID()
		err := find(id)
		wants(t, err, models.ErrNotFound)
		mentions(t, err, id)
	}
}

// testPlanRace applies the plan as replicas do that start together.
func testPlanRace(t *testing.T, s *Store) {
	won := race(t, 8, func(i int) error {
		return s.ApplyPlan(t.Context(), plan("nightly", fmt.Sprintf("job-%d", i)))
	})
	equal(t, "the number of applied plans", won, 8)
	equal(t, "the number of jobs left", len(value(s.Jobs(t.Context()))(t)), 2)
	equal(t, "the number of sources", len(value(s.Sources(t.Context()))(t)), 1)
}

// testLabels sees that labels differ wherever a person would say they do.
func testLabels(t *testing.T, s *Store) {
	labels := []string{"Shop", "shop", "café", "cafe", "店 🐘", `a'b"c\d%_`}
	must(t, s.ApplyPlan(t.Context(), plan(labels...)))
	seen := map[string]bool{}
	for _, label := range labels {
		job := value(s.JobByLabel(t.Context(), label))(t)
		equal(t, "the label", job.Label, label)
		seen[job.ID] = true
	}
	equal(t, "the number of jobs", len(seen), len(labels))
}
