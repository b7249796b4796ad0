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
	drilled(t, s, f.settled(t, s, slot(2), models.StatusFinished), models.DrillDisproven, models.LevelStored)
	finished := f.settled(t, s, slot(3), models.StatusFinished)
	drilled(t, s, finished, models.DrillUnverified, models.LevelNone)
	last := begun(t, s, finished)
	f.settled(t, s, slot(4), models.StatusFailed)
	newest := f.inserted(t, s, slot(5))

	got := value(s.JobSummaries(t.Context()))(t)
	equal(t, "the number of summaries", len(got), 2)
	empty, full := got[0], got[1]
	equal(t, "the first job", empty.Job.Label, "a")
	if empty.Newest != nil || empty.NewestFinished != nil || empty.NewestProven != nil || empty.Finished != 0 || empty.LastDrill != nil || empty.Alarms != 0 {
		t.Fatalf("a job without backups is summarized as %+v", empty)
	}
	equal(t, "the source", full.SourceLabel, "shop")
	equal(t, "the provider", full.SourceProvider, "sqlite")
	equal(t, "the newest", full.Newest.ID, newest.ID)
	equal(t, "the newest finished", full.NewestFinished.ID, finished.ID)
	equal(t, "the newest proven", full.NewestProven.ID, proven.ID)
	equal(t, "the number of finished", full.Finished, 3)
	equal(t, "the newest drill of the newest finished", full.LastDrill.ID, last.ID)
	equal(t, "the number of alarms", full.Alarms, 1)
	standings := value(s.JobStandings(t.Context()))(t)
	equal(t, "the number of finished without any", standings[0].Finished, 0)
	equal(t, "the number of finished that is counted", standings[1].Finished, 2)
	equal(t, "the newest of the standing", standings[1].Newest.ID, newest.ID)
	equal(t, "the number of copies of the newest", len(full.Newest.DriveFiles), 2)
}
