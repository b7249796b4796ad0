package store

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// begun is a drill of a backup that the store holds and that has not ended.
func begun(t *testing.T, s *Store, b models.Backup) models.Drill {
	t.Helper()
	d := models.Drill{ID: models.NewID(), BackupID: b.ID, Trigger: models.TriggerCLI, Scratch: models.ScratchTemporary,
		Phase: models.RestoreQueued, RunnerID: "r1", CreatedAt: models.Now()}
	must(t, s.InsertDrill(t.Context(), d))
	return d
}

// drilled is a drill that has ended as it says.
func drilled(t *testing.T, s *Store, b models.Backup, outcome models.DrillOutcome, level models.ProofLevel) models.Drill {
	t.Helper()
	d, at := begun(t, s, b), models.Now()
	d.Outcome, d.Level, d.Reason, d.SettledAt = outcome, level, "what it found", &at
	must(t, s.SettleDrill(t.Context(), d))
	return value(s.Drill(t.Context(), d.ID))(t)
}

func idsOfDrills(drills []models.Drill) []string {
	ids := []string{}
	for _, d := range drills {
		ids = append(ids, d.ID)
	}
	return ids
}

func sameList(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s are\n%v\nwant\n%v", what, got, want)
	}
}

func testDrillsInsertedEnded(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.settled(t, s, slot(1), models.StatusFinished)
	drill := func(outcome models.DrillOutcome) models.Drill {
		d := models.Drill{ID: models.NewID(), BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, Outcome: outcome,
			Reason: "compared 3 tables", Duration: 1500, CreatedAt: models.Now()}
		must(t, s.InsertDrill(t.Context(), d))
		d.JobID, d.SettledAt = f.job.ID, &d.CreatedAt
		return d
	}
	first := drill(models.DrillProven)
	first.Level = models.LevelEquals
	sameTime(t, "ProvenAt", value(s.Backup(t.Context(), b.ID))(t).ProvenAt, first.CreatedAt)
	second := drill(models.DrillUnverified)
	sameTime(t, "ProvenAt after a drill that could not be made", value(s.Backup(t.Context(), b.ID))(t).ProvenAt, first.CreatedAt)
	third := drill(models.DrillDisproven)
	if at := value(s.Backup(t.Context(), b.ID))(t).ProvenAt; at != nil {
		t.Fatalf("a disproven backup is proven at %v", at)
	}
	equal(t, "the number of alarms", len(value(s.UnseenAlarms(t.Context(), f.job.ID))(t)), 1)
	got := value(s.Drills(t.Context(), b.ID))(t)
	if want := []models.Drill{third, second, first}; !reflect.DeepEqual(got, want) {
		t.Fatalf("the drills are\n%+v\nwant\n%+v", got, want)
	}
	lost := models.Drill{ID: models.NewID(), BackupID: models.NewID(), Outcome: models.DrillUnverified}
	wants(t, s.InsertDrill(t.Context(), lost), models.ErrNotFound)
}

func testDrillSettles(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.settled(t, s, slot(1), models.StatusFinished)
	d := begun(t, s, b)
	before := value(s.Backup(t.Context(), b.ID))(t)
	if before.ProvenAt != nil || before.DrilledAt != nil {
		t.Fatalf("a drill that begins changed its backup to\n%+v", before)
	}
	wants(t, s.SettleDrill(t.Context(), d), models.ErrInvalid)

	at := models.Now()
	d.JobID = "not this one"
	d.Outcome, d.Level, d.Reason, d.Server = models.DrillProven, models.LevelEquals, "equal: 3 tables \xff", "11.8.3-MariaDB"
	d.DriveFileID, d.RestoreTook, d.Duration, d.SettledAt = b.DriveFiles[1].ID, 7*time.Second, 9*time.Second, &at
	must(t, s.SettleDrill(t.Context(), d))
	d.JobID, d.Reason = f.job.ID, "equal: 3 tables \uFFFD"
	if got := value(s.Drill(t.Context(), d.ID))(t); !reflect.DeepEqual(got, d) {
		t.Fatalf("settled as\n%+v\nwant\n%+v", got, d)
	}
	proven := value(s.Backup(t.Context(), b.ID))(t)
	sameTime(t, "ProvenAt", proven.ProvenAt, at)
	sameTime(t, "DrilledAt", proven.DrilledAt, at)
	equal(t, "the level", proven.ProofLevel, models.LevelEquals)
	equal(t, "how long the restore took", proven.RestoreTook, 7*time.Second)
	equal(t, "being good", proven.Good(), true)
	equal(t, "the number of alarms", len(value(s.Alarms(t.Context(), false))(t)), 0)

	d.Outcome = models.DrillDisproven
	wants(t, s.SettleDrill(t.Context(), d), models.ErrConflict)
	after := value(s.Backup(t.Context(), b.ID))(t)
	if after.DisprovenAt != nil || after.ProvenAt == nil {
		t.Fatalf("a drill that had ended changed its backup to\n%+v", after)
	}
	wants(t, s.SettleDrill(t.Context(), models.Drill{ID: models.NewID(), Outcome: models.DrillProven}), models.ErrNotFound)
}

// testDrillOutcomes sees what each outcome leaves of what was known before it.
func testDrillOutcomes(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.settled(t, s, slot(1), models.StatusFinished)
	for i, step := range []struct {
		outcome           models.DrillOutcome
		level, want       models.ProofLevel
		proven, disproven bool
	}{
		{models.DrillUnverified, models.LevelStored, models.LevelStored, false, false},
		{models.DrillUnverified, models.LevelNone, models.LevelNone, false, false},
		{models.DrillProven, models.LevelNone, models.LevelEquals, true, false},
		{models.DrillUnverified, models.LevelStored, models.LevelEquals, true, false},
		{models.DrillDisproven, models.LevelRestores, models.LevelRestores, false, true},
		{models.DrillUnverified, models.LevelStored, models.LevelStored, false, true},
		{models.DrillProven, models.LevelEquals, models.LevelEquals, true, false},
	} {
		d := drilled(t, s, b, step.outcome, step.level)
		got := value(s.Backup(t.Context(), b.ID))(t)
		sameTime(t, "DrilledAt", got.DrilledAt, *d.SettledAt)
		if got.ProofLevel != step.want || (got.ProvenAt != nil) != step.proven || (got.DisprovenAt != nil) != step.disproven {
			t.Fatalf("drill %d left the level %q, ProvenAt %v, DisprovenAt %v; want %+v", i+1, got.ProofLevel, got.ProvenAt, got.DisprovenAt, step)
		}
		equal(t, "being good", got.Good(), !step.disproven)
	}
}

func testDrillAlarm(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.settled(t, s, slot(1), models.StatusFinished)
	equal(t, "being frozen before", value(s.Frozen(t.Context(), f.job.ID))(t), false)
	d := drilled(t, s, b, models.DrillDisproven, models.LevelStored)
	drilled(t, s, b, models.DrillDisproven, models.LevelStored)
	alarms := value(s.UnseenAlarms(t.Context(), f.job.ID))(t)
	equal(t, "the number of alarms", len(alarms), 1)
	a := alarms[0]
	equal(t, "the backup", a.BackupID, b.ID)
	equal(t, "the kind", a.Kind, models.AlarmDisproven)
	equal(t, "the moment", a.CreatedAt, *d.SettledAt)
	equal(t, "the sentence", a.Sentence, "a drill found the backup "+b.ID+" of nightly wrong: what it found")
	equal(t, "being frozen", value(s.Frozen(t.Context(), f.job.ID))(t), true)
}

func testDrillProgress(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	b := f.settled(t, s, slot(1), models.StatusFinished)
	d := begun(t, s, b)
	asked := value(s.SaveDrillProgress(ctx, d.ID, "r1", models.RunProgress{
		Phase: models.RestoreFetching, DriveFileID: b.DriveFiles[0].ID, Done: 7, Total: 9, Server: "8.4"}))(t)
	equal(t, "being asked to stop", asked, false)
	must(t, s.AskDrillCancel(ctx, d.ID))
	asked = value(s.SaveDrillProgress(ctx, d.ID, "r1", models.RunProgress{Done: 8}))(t)
	equal(t, "being asked to stop", asked, true)
	got := value(s.Drill(ctx, d.ID))(t)
	equal(t, "the phase", got.Phase, models.RestoreFetching)
	equal(t, "the copy", got.DriveFileID, b.DriveFiles[0].ID)
	equal(t, "the server", got.Server, "8.4")
	equal(t, "what is done", got.Done, 8)
	equal(t, "the whole", got.Total, 0)
	if got.SeenAt == nil || got.SeenAt.Before(d.CreatedAt) {
		t.Fatalf("the heartbeat was at %v", got.SeenAt)
	}
	_, err := s.SaveDrillProgress(ctx, d.ID, "r2", models.RunProgress{})
	wants(t, err, models.ErrConflict)
	mentions(t, err, "another runner")

	d.Outcome = models.DrillUnverified
	must(t, s.SettleDrill(ctx, d))
	_, err = s.SaveDrillProgress(ctx, d.ID, "r1", models.RunProgress{Done: 9})
	wants(t, err, models.ErrConflict)
	wants(t, s.AskDrillCancel(ctx, d.ID), models.ErrConflict)
	equal(t, "what was done", value(s.Drill(ctx, d.ID))(t).Done, 8)
	_, err = s.SaveDrillProgress(ctx, models.NewID(), "r1", models.RunProgress{})
	wants(t, err, models.ErrNotFound)
	wants(t, s.AskDrillCancel(ctx, models.NewID()), models.ErrNotFound)
	_, err = s.Drill(ctx, models.NewID())
	wants(t, err, models.ErrNotFound)
}

// testDrillOfNobody sees that of runners that find a drill waiting one makes it.
func testDrillOfNobody(t *testing.T, s *Store) {
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	d := models.Drill{ID: models.NewID(), BackupID: b.ID}
	must(t, s.InsertDrill(t.Context(), d))
	won := race(t, 8, func(i int) error {
		_, err := s.SaveDrillProgress(t.Context(), d.ID, "runner "+slot(i), models.RunProgress{})
		return err
	})
	equal(t, "the number of winners", won, 1)
}

func testDrillOnce(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.settled(t, s, slot(1), models.StatusFinished)
	_, err := s.DrillRunningFor(t.Context(), b.ID)
	wants(t, err, models.ErrNotFound)
	won := race(t, 8, func(int) error {
		return s.InsertDrill(t.Context(), models.Drill{ID: models.NewID(), BackupID: b.ID})
	})
	equal(t, "the number of winners", won, 1)
	d := value(s.DrillRunningFor(t.Context(), b.ID))(t)
	settled := race(t, 8, func(int) error {
		d := d
		d.Outcome = models.DrillDisproven
		return s.SettleDrill(t.Context(), d)
	})
	equal(t, "the number of those who settled it", settled, 1)
	equal(t, "the number of alarms", len(value(s.Alarms(t.Context(), true))(t)), 1)
	begun(t, s, b)
}

// testDrillsAtOnce lets drills of many backups begin and end side by side.
func testDrillsAtOnce(t *testing.T, s *Store) {
	f := configure(t, s)
	var backups []models.Backup
	for i := range 12 {
		backups = append(backups, f.settled(t, s, slot(i), models.StatusFinished))
	}
	won := race(t, len(backups), func(i int) error {
		d := models.Drill{ID: models.NewID(), BackupID: backups[i].ID, RunnerID: "r1"}
		if err := s.InsertDrill(t.Context(), d); err != nil {
			return err
		}
		if _, err := s.SaveDrillProgress(t.Context(), d.ID, "r1", models.RunProgress{Done: 1}); err != nil {
			return err
		}
		d.Outcome = models.DrillDisproven
		return s.SettleDrill(t.Context(), d)
	})
	equal(t, "the number of drills", won, len(backups))
	equal(t, "the number of alarms", len(value(s.UnseenAlarms(t.Context(), f.job.ID))(t)), len(backups))
}

func testDrillLists(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.ApplyPlan(ctx, plan("a", "b")))
	drives := value(s.Drives(ctx))(t)
	of := func(job string, i int) models.Backup {
		f := fixture{job: value(s.JobByLabel(ctx, job))(t), drives: drives}
		return f.settled(t, s, slot(i), models.StatusFinished)
	}
	begin := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	insert := func(b models.Backup, minute int, outcome models.DrillOutcome, seen *time.Time) models.Drill {
		d := models.Drill{ID: models.NewID(), BackupID: b.ID, Outcome: outcome, SeenAt: seen, CreatedAt: begin.Add(time.Duration(minute) * time.Minute)}
		must(t, s.InsertDrill(ctx, d))
		return d
	}
	later := begin.Add(time.Hour)
	a := of("a", 1)
	first, second := insert(a, 0, models.DrillProven, nil), insert(a, 1, models.DrillDisproven, nil)
	silent, alive := insert(a, 2, models.DrillRunning, nil), insert(of("b", 1), 3, models.DrillRunning, &later)

	recent := func(f models.DrillFilter, after models.Cursor, limit int) []string {
		return idsOfDrills(value(s.RecentDrills(ctx, f, after, limit))(t))
	}
	sameList(t, "all drills", recent(models.DrillFilter{}, models.Cursor{}, 10), alive.ID, silent.ID, second.ID, first.ID)
	sameList(t, "the next page", recent(models.DrillFilter{}, models.Cursor{CreatedAt: silent.CreatedAt, ID: silent.ID}, 1), second.ID)
	sameList(t, "those of a job", recent(models.DrillFilter{JobID: a.JobID}, models.Cursor{}, 10), silent.ID, second.ID, first.ID)
	sameList(t, "those that proved", recent(models.DrillFilter{Outcome: models.DrillProven}, models.Cursor{}, 10), first.ID)
	sameList(t, "those that run", idsOfDrills(value(s.RunningDrills(ctx))(t)), silent.ID, alive.ID)
	sameList(t, "the silent ones", idsOfDrills(value(s.SilentDrills(ctx, time.Minute))(t)), silent.ID)
	sameList(t, "the silent ones at all", idsOfDrills(value(s.SilentDrills(ctx, 0))(t)), silent.ID, alive.ID)
	sameList(t, "those that are silent for years", idsOfDrills(value(s.SilentDrills(ctx, 100*365*24*time.Hour))(t)))
	_, err := s.RecentDrills(ctx, models.DrillFilter{}, models.Cursor{}, 0)
	wants(t, err, models.ErrInvalid)
}

// testDrillOfOldDump sees that a drill of a dump that is made again says nothing about
// the new one.
func testDrillOfOldDump(t *testing.T, s *Store) {
	b := halfDone(t, s, configure(t, s))
	drilled(t, s, b, models.DrillDisproven, models.LevelStored)
	d := begun(t, s, b)
	must(t, s.Requeue(t.Context(), b.ID, true))
	got := value(s.Backup(t.Context(), b.ID))(t)
	if got.DisprovenAt != nil || got.DrilledAt != nil || got.ProofLevel != models.LevelNone {
		t.Fatalf("what the drills found is not forgotten: %+v", got)
	}
	d.Outcome = models.DrillProven
	wants(t, s.SettleDrill(t.Context(), d), models.ErrConflict)
	equal(t, "the outcome", value(s.Drill(t.Context(), d.ID))(t).Outcome, models.DrillUnverified)
	if at := value(s.Backup(t.Context(), b.ID))(t).ProvenAt; at != nil {
		t.Fatalf("the new dump is proven at %v", at)
	}
}
