package store

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// slotAt is the same as slot, as an instant.
func slotAt(i int) time.Time { return time.Date(2025, 7, 2, 10, 0, i, 0, time.UTC) }

func (f fixture) lastSlot(t *testing.T, s *Store) *time.Time {
	t.Helper()
	return value(s.Job(t.Context(), f.job.ID))(t).LastSlot
}

func (f fixture) missed(first, last, n int) models.Missed {
	return models.Missed{JobID: f.job.ID, First: slotAt(first), Last: slotAt(last), Slots: n, Reason: "no server ran"}
}

func testSlotsInOrder(t *testing.T, s *Store) {
	f := configure(t, s)
	if f.job.LastSlot != nil || f.job.SlotsFrom == nil {
		t.Fatalf("a new job has the last slot %v and slots from %v", f.job.LastSlot, f.job.SlotsFrom)
	}
	first := f.settled(t, s, slot(5), models.StatusFailed)
	sameTime(t, "the last slot", f.lastSlot(t, s), slotAt(5))
	for _, i := range []int{5, 4} {
		wants(t, s.InsertBackup(t.Context(), f.backup(slot(i))), models.ErrConflict)
	}
	asked := f.backup("manual:" + first.ID)
	asked.Trigger = models.TriggerPage
	must(t, s.InsertBackup(t.Context(), asked))
	sameTime(t, "the last slot after a backup that was asked for", f.lastSlot(t, s), slotAt(5))
	err := s.InsertBackup(t.Context(), f.backup(slot(6)))
	wants(t, err, models.ErrBusy)
	mentions(t, err, "nightly", asked.ID)
	sameTime(t, "the last slot while another backup dumps", f.lastSlot(t, s), slotAt(5))
	must(t, s.Claim(t.Context(), asked.ID, "", "r1", soon))
	must(t, s.Settle(t.Context(), asked.ID, "r1", models.Settlement{Status: models.StatusFinished, At: models.Now()}))
	must(t, s.InsertBackup(t.Context(), f.backup(slot(6))))
	sameTime(t, "the last slot", f.lastSlot(t, s), slotAt(6))
}

func testSkipSlots(t *testing.T, s *Store) {
	ctx, f := t.Context(), configure(t, s)
	equal(t, "the number of missed slots", len(value(s.MissedSlots(ctx, f.job.ID, 10))(t)), 0)
	f.settled(t, s, slot(1), models.StatusFinished)
	must(t, s.SkipSlots(ctx, f.missed(2, 4, 3)))
	sameTime(t, "the last slot", f.lastSlot(t, s), slotAt(4))
	for _, m := range []models.Missed{f.missed(4, 5, 2), f.missed(1, 1, 1), f.missed(3, 9, 7)} {
		wants(t, s.SkipSlots(ctx, m), models.ErrConflict)
	}
	wants(t, s.SkipSlots(ctx, f.missed(6, 5, 1)), models.ErrInvalid)
	wants(t, s.SkipSlots(ctx, f.missed(6, 7, 0)), models.ErrInvalid)
	wants(t, s.SkipSlots(ctx, models.Missed{JobID: models.NewID(), First: slotAt(1), Last: slotAt(1), Slots: 1}), models.ErrNotFound)
	wants(t, s.InsertBackup(ctx, f.backup(slot(3))), models.ErrConflict)
	later := f.missed(5, 5, 1)
	later.CreatedAt = models.Now().Add(time.Minute)
	must(t, s.SkipSlots(ctx, later))
	f.settled(t, s, slot(6), models.StatusFinished)

	got := value(s.MissedSlots(ctx, f.job.ID, 10))(t)
	if len(got) != 2 || got[0].First != slotAt(5) || got[0].ID == "" {
		t.Fatalf("missed are %+v, want that of slot 5 first", got)
	}
	older := got[1]
	if older.First != slotAt(2) || older.Last != slotAt(4) || older.Slots != 3 || older.Reason != "no server ran" || older.CreatedAt.IsZero() {
		t.Fatalf("the older ones are %+v", older)
	}
	equal(t, "the length of a page of one", len(value(s.MissedSlots(ctx, f.job.ID, 1))(t)), 1)
	equal(t, "the number of those of another job", len(value(s.MissedSlots(ctx, models.NewID(), 10))(t)), 0)
}

func testStartedSlots(t *testing.T, s *Store) {
	f := configure(t, s)
	for i := range 4 {
		f.settled(t, s, slot(i), models.StatusFinished)
	}
	asked := f.backup("manual:2025-07-02T10:00:02Z")
	asked.Trigger = models.TriggerPage
	must(t, s.InsertBackup(t.Context(), asked))
	got := value(s.StartedSlots(t.Context(), f.job.ID, slotAt(1), slotAt(2)))(t)
	if len(got) != 2 || got[0] != slotAt(1) || got[1] != slotAt(2) {
		t.Fatalf("from 1 to 2 there are %v", got)
	}
	equal(t, "the number of later ones", len(value(s.StartedSlots(t.Context(), f.job.ID, slotAt(4), slotAt(9)))(t)), 0)
}

// testRaceSlots lets servers start a slot that others give up: each slot is one or the other.
func testRaceSlots(t *testing.T, s *Store) {
	f := configure(t, s)
	for i := range 5 {
		won := race(t, 12, func(n int) error {
			if n%2 == 0 {
				return s.SkipSlots(t.Context(), f.missed(i, i, 1))
			}
			return s.InsertBackup(t.Context(), f.backup(slot(i)))
		})
		equal(t, "the number of winners", won, 1)
		for _, b := range everyBackup(t, s, models.BackupFilter{Status: models.StatusPending}) {
			must(t, s.Claim(t.Context(), b.ID, "", "r1", soon))
			must(t, s.Settle(t.Context(), b.ID, "r1", models.Settlement{Status: models.StatusFinished, At: models.Now()}))
		}
	}
	sum := len(everyBackup(t, s, models.BackupFilter{})) + len(value(s.MissedSlots(t.Context(), f.job.ID, 100))(t))
	equal(t, "the number of slots that were started or given up", sum, 5)
}

// testSlotsOfAWrongClock sees what is left when a clock was a year ahead.
func testSlotsOfAWrongClock(t *testing.T, s *Store) {
	ctx, f := t.Context(), configure(t, s)
	now := models.Now().Truncate(time.Second)
	at := func(d time.Duration) string { return slotText(now.Add(d)) }
	missed := func(from, to time.Duration, n int) models.Missed {
		return models.Missed{JobID: f.job.ID, First: now.Add(from), Last: now.Add(to), Slots: n, Reason: "no server ran"}
	}
	const year = 365 * 24 * time.Hour
	must(t, s.SkipSlots(ctx, missed(-2*time.Hour, 9*time.Hour, 12)))
	must(t, s.SkipSlots(ctx, missed(10*time.Hour, year, 8000)))
	f.settled(t, s, at(year+time.Hour), models.StatusFinished)

	keep := func(m models.Missed) models.Missed { m.Last, m.Slots = now, 3; return m }
	must(t, s.RewindSlots(ctx, f.job.ID, now.Add(year), keep))
	sameTime(t, "the last slot when the clock is right", f.lastSlot(t, s), now.Add(year+time.Hour))
	must(t, s.RewindSlots(ctx, f.job.ID, now, keep))
	sameTime(t, "the last slot", f.lastSlot(t, s), now)
	left := value(s.MissedSlots(ctx, f.job.ID, 10))(t)
	if len(left) != 1 || left[0].First != now.Add(-2*time.Hour) || left[0].Last != now || left[0].Slots != 3 {
		t.Fatalf("missed are %+v", left)
	}
	f.settled(t, s, at(time.Hour), models.StatusFinished)
	sameTime(t, "the last slot", f.lastSlot(t, s), now.Add(time.Hour))

	// Nobody rewound: a slot before the one that lies far ahead is started all the same,
	// and one that has a backup is not started again.
	f.settled(t, s, at(year), models.StatusFinished)
	f.settled(t, s, at(2*time.Hour), models.StatusFinished)
	sameTime(t, "the last slot", f.lastSlot(t, s), now.Add(2*time.Hour))
	f.settled(t, s, at(2*year), models.StatusFinished)
	wants(t, s.InsertBackup(ctx, f.backup(at(2*time.Hour))), models.ErrConflict)
	sameTime(t, "the last slot that has a backup", f.lastSlot(t, s), now.Add(2*time.Hour))
}

func testPause(t *testing.T, s *Store) {
	ctx, f := t.Context(), configure(t, s)
	at := time.Date(2025, 7, 2, 12, 0, 0, 123456000, time.UTC)
	wants(t, s.ResumeJob(ctx, f.job.ID, at), models.ErrConflict)
	must(t, s.PauseJob(ctx, f.job.ID, at))
	err := s.PauseJob(ctx, f.job.ID, at.Add(time.Minute))
	wants(t, err, models.ErrConflict)
	mentions(t, err, "nightly", "2025-07-02T12:00:00Z")
	job := value(s.Job(ctx, f.job.ID))(t)
	sameTime(t, "when it was paused", job.PausedAt, at)

	err = s.InsertBackup(ctx, f.backup(slot(1)))
	wants(t, err, models.ErrConflict)
	mentions(t, err, "nightly", "paused")
	asked := f.backup("manual:1")
	asked.Trigger = models.TriggerCLI
	must(t, s.InsertBackup(ctx, asked))
	must(t, s.ApplyPlan(ctx, plan("nightly")))
	sameTime(t, "when it was paused, after a restart", value(s.Job(ctx, f.job.ID))(t).PausedAt, at)

	must(t, s.ResumeJob(ctx, f.job.ID, at.Add(time.Hour)))
	job = value(s.Job(ctx, f.job.ID))(t)
	sameTime(t, "since when slots count", job.SlotsFrom, at.Add(time.Hour))
	if job.PausedAt != nil || job.UpdatedAt == nil {
		t.Fatalf("the resumed job is %+v", job)
	}
	wants(t, s.PauseJob(ctx, models.NewID(), at), models.ErrNotFound)
	wants(t, s.ResumeJob(ctx, models.NewID(), at), models.ErrNotFound)
}

// testSlotsFrom sees when slots begin to count anew.
func testSlotsFrom(t *testing.T, s *Store) {
	ctx, f := t.Context(), configure(t, s)
	from := *f.job.SlotsFrom
	p := plan("nightly")
	p.Jobs[0].Job.Spread = time.Hour
	must(t, s.ApplyPlan(ctx, p))
	sameTime(t, "slots count, after a change of the spread,", value(s.Job(ctx, f.job.ID))(t).SlotsFrom, from)
	for _, alter := range []func(*models.Job){
		func(j *models.Job) { j.Cron = "0 4 * * *" },
		func(j *models.Job) { j.Timezone = "Asia/Tokyo" },
		func(j *models.Job) { j.Window = "01:00-05:00" },
	} {
		alter(&p.Jobs[0].Job)
		must(t, s.ApplyPlan(ctx, p))
		job := value(s.Job(ctx, f.job.ID))(t)
		if !job.SlotsFrom.After(from) {
			t.Fatalf("slots of %+v count from %s, as before", p.Jobs[0].Job, job.SlotsFrom)
		}
		from = *job.SlotsFrom
	}

	// A job that is resumed while a plan is applied has nothing owed of its pause.
	stale := value(s.Job(ctx, f.job.ID))(t)
	must(t, s.PauseJob(ctx, f.job.ID, from))
	resumed := from.Add(time.Hour)
	must(t, s.ResumeJob(ctx, f.job.ID, resumed))
	other := stale
	other.Timeout = time.Hour
	must(t, s.write(ctx, "apply a plan", func(tx *gorm.DB) error { return applyJob(tx, other, stale, models.Now()) }))
	job := value(s.Job(ctx, f.job.ID))(t)
	equal(t, "the timeout", job.Timeout, time.Hour)
	sameTime(t, "slots count, after a resume that the plan did not see,", job.SlotsFrom, resumed)
}
