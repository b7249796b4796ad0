package store

import (
	"testing"

	"github.com/backupman/backupman/models"
)

func testSummaries(t *testing.T, s *Store) {
	must(t, s.ApplyPlan(t.Context(), plan("b", "a", "gone")))
	must(t, s.ApplyPlan(t.Context(), plan("b", "a")))
	f := fixture{job: value(s.JobByLabel(t.Context(), "b"))(t), drives: value(s.Drives(t.Context()))(t)}
	proven := f.settled(t, s, slot(1), models.StatusFinished)
	must(t, s.InsertDrill(t.Context(), models.Drill{ID: models.NewID(), BackupID: proven.ID, Outcome: models.DrillProven}))
	finished := f.settled(t, s, slot(2), models.StatusFinished)
	f.settled(t, s, slot(3), models.StatusFailed)
	newest := f.inserted(t, s, slot(4))

	got := value(s.JobSummaries(t.Context()))(t)
	equal(t, "the number of summaries", len(got), 2)
	empty, full := got[0], got[1]
	equal(t, "the first job", empty.Job.Label, "a")
	if empty.Newest != nil || empty.NewestFinished != nil || empty.NewestProven != nil || empty.Finished != 0 {
		t.Fatalf("a job without backups is summarized as %+v", empty)
	}
	equal(t, "the source", full.SourceLabel, "shop")
	equal(t, "the provider", full.SourceProvider, "sqlite")
	equal(t, "the newest", full.Newest.ID, newest.ID)
	equal(t, "the newest finished", full.NewestFinished.ID, finished.ID)
	equal(t, "the newest proven", full.NewestProven.ID, proven.ID)
	equal(t, "the number of finished", full.Finished, 2)
	equal(t, "the number of copies of the newest", len(full.Newest.DriveFiles), 2)
}

func testDrills(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.settled(t, s, slot(1), models.StatusFinished)
	drill := func(outcome models.DrillOutcome) models.Drill {
		d := models.Drill{ID: models.NewID(), BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, Outcome: outcome,
			Reason: "compared 3 tables", Duration: 1500, CreatedAt: models.Now()}
		must(t, s.InsertDrill(t.Context(), d))
		return d
	}
	first := drill(models.DrillProven)
	sameTime(t, "ProvenAt", value(s.Backup(t.Context(), b.ID))(t).ProvenAt, first.CreatedAt)
	second := drill(models.DrillUnverified)
	sameTime(t, "ProvenAt after a drill that could not be made", value(s.Backup(t.Context(), b.ID))(t).ProvenAt, first.CreatedAt)
	third := drill(models.DrillDisproven)
	if at := value(s.Backup(t.Context(), b.ID))(t).ProvenAt; at != nil {
		t.Fatalf("a disproven backup is proven at %v", at)
	}
	got := value(s.Drills(t.Context(), b.ID))(t)
	equal(t, "the number of drills", len(got), 3)
	for i, want := range []models.Drill{third, second, first} {
		equal(t, "a drill", got[i], want)
	}
	lost := models.Drill{ID: models.NewID(), BackupID: models.NewID(), Outcome: models.DrillUnverified}
	wants(t, s.InsertDrill(t.Context(), lost), models.ErrNotFound)
}
