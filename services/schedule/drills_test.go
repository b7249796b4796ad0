package schedule_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/schedule"
)

func newDrillWorld(t *testing.T, d *fakeDriller, c *fakeClaims, jobs ...models.Job) *world {
	t.Helper()
	return newWorldOf(t, jobs, schedule.WithDrills(c, d))
}

func TestDrillsAreMadeInTheZoneOfTheJob(t *testing.T) {
	d := newDriller()
	w := newDrillWorld(t, d, &fakeClaims{}, models.Job{ID: "a", DrillCron: "0 6 * * 0", Timezone: "Europe/Paris"})
	slot := moment(t, "2026-03-29T04:00:00Z")
	if next, ok := w.scheduler.NextDrill("a"); !ok || !next.Equal(slot) {
		t.Errorf("NextDrill is %s, %v, want %s", next, ok, slot)
	}
	if _, ok := w.scheduler.NextRun("a"); ok {
		t.Error("a job that is only drilled has a next run")
	}
	w.advanceTo(slot.Add(-time.Minute))
	d.expectNothing(w)
	w.advanceTo(slot.Add(2 * time.Second))
	d.expect(w, "a", slot)
	w.advanceTo(slot.Add(time.Hour))
	d.expectNothing(w)
	w.expectNothing()
	w.advanceTo(slot.AddDate(0, 0, 7))
	d.expect(w, "a", slot.AddDate(0, 0, 7))
}

// Backups and drills of one job do not know of each other's slots.
func TestDrillsBesideBackups(t *testing.T) {
	d := newDriller()
	w := newDrillWorld(t, d, &fakeClaims{}, models.Job{ID: "a", Cron: "0 13 * * *", DrillCron: "0 13,14 * * *"})
	at := moment(t, "2026-03-28T13:00:00Z")
	w.advanceTo(at)
	if got := w.expect(); !got.slot.Equal(at) {
		t.Errorf("the backup is of %s", got.slot)
	}
	d.expect(w, "a", at)
	if next, ok := w.scheduler.NextRun("a"); !ok || next.Day() != 29 {
		t.Errorf("NextRun is %s, %v", next, ok)
	}
	if next, ok := w.scheduler.NextDrill("a"); !ok || next.Hour() != 14 {
		t.Errorf("NextDrill is %s, %v", next, ok)
	}
	w.store.set(models.Job{ID: "a", Cron: "0 13 * * *"})
	w.settle()
	if _, ok := w.scheduler.NextDrill("a"); ok {
		t.Error("a job that is no longer drilled has a next drill")
	}
	w.advanceTo(at.Add(time.Hour))
	d.expectNothing(w)
}

func TestOfReplicasOneMakesADrill(t *testing.T) {
	d, claims := newDriller(), &fakeClaims{}
	job := models.Job{ID: "a", DrillCron: "0 * * * *"}
	one, two := newDrillWorld(t, d, claims, job), newDrillWorld(t, d, claims, job)
	for hour := 13; hour < 16; hour++ {
		at := time.Date(2026, 3, 28, hour, 0, 0, 0, time.UTC)
		one.advanceTo(at)
		two.advanceTo(at)
		d.expect(one, "a", at)
		one.until(func() bool {
			two.scheduler.Changed()
			logs := one.log.String() + two.log.String()
			return strings.Count(logs, "another replica has it") == hour-12
		})
		d.expectNothing(two)
	}
}

// What came due before a server started is not made up for.
func TestADrillMissedWhileNoServerRan(t *testing.T) {
	d, claims := newDriller(), &fakeClaims{}
	claims.claimed = map[string]time.Time{"a": moment(t, start).Add(-48 * time.Hour)}
	w := newDrillWorld(t, d, claims, models.Job{ID: "a", DrillCron: "0 11 * * *"})
	w.advanceTo(moment(t, start).Add(10 * time.Minute))
	d.expectNothing(w)
}

func TestADrillThatCouldNotBeClaimedIsStartedLater(t *testing.T) {
	d, claims := newDriller(), &fakeClaims{}
	w := newDrillWorld(t, d, claims, models.Job{ID: "a", DrillCron: "0 13 * * *"})
	at := moment(t, "2026-03-28T13:00:00Z")
	claims.fail(errors.New("the database is away"))
	w.advanceTo(at)
	w.until(func() bool { return strings.Contains(w.log.String(), "trying again soon") })
	d.expectNothing(w)
	claims.fail(nil)
	w.advanceTo(at.Add(time.Minute))
	d.expect(w, "a", at)
}

// A drill that was not made is told, and is not tried again before its next slot.
func TestADrillThatIsNotMade(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"no finished backup": {models.NotFoundf("the job a has no finished backup yet"), "level=WARN"},
		"drilled already":    {models.Conflictf("the backup is being drilled already"), "level=WARN"},
		"a fault":            {errors.New("the scratch folder is on fire"), "level=ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDriller()
			d.err = tc.err
			w := newDrillWorld(t, d, &fakeClaims{}, models.Job{ID: "a", DrillCron: "0 * * * *"})
			at := moment(t, "2026-03-28T13:00:00Z")
			w.advanceTo(at)
			d.expect(w, "a", at)
			w.until(func() bool { return strings.Contains(w.log.String(), tc.err.Error()) })
			if log := w.log.String(); !strings.Contains(log, tc.want) {
				t.Errorf("the log lacks %s:\n%s", tc.want, log)
			}
			w.advanceTo(at.Add(30 * time.Minute))
			d.expectNothing(w)
			w.advanceTo(at.Add(time.Hour))
			d.expect(w, "a", at.Add(time.Hour))
		})
	}
}

// A drill that takes long holds up neither backups nor the drills of other jobs.
func TestALongDrillHoldsUpNobody(t *testing.T) {
	d := newDriller()
	w := newDrillWorld(t, d, &fakeClaims{},
		models.Job{ID: "hangs", DrillCron: "0 13 * * *", Cron: "30 13 * * *"}, models.Job{ID: "b", DrillCron: "30 13 * * *"})
	w.advanceTo(moment(t, "2026-03-28T13:00:00Z"))
	d.expect(w, "hangs", moment(t, "2026-03-28T13:00:00Z"))
	at := moment(t, "2026-03-28T13:30:00Z")
	w.advanceTo(at)
	d.expect(w, "b", at)
}

func TestWithoutADriller(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", DrillCron: "0 13 * * *"})
	if _, ok := w.scheduler.NextDrill("a"); ok {
		t.Error("a scheduler that makes no drills has a next one")
	}
	w.advanceTo(moment(t, "2026-03-28T13:00:00Z"))
	w.expectNothing()
}

// fakeDriller hangs for the job of that id until its context ends.
type fakeDriller struct {
	calls chan call
	err   error
}

func newDriller() *fakeDriller { return &fakeDriller{calls: make(chan call, 100)} }

func (d *fakeDriller) DrillSlot(ctx context.Context, jobID string, slot time.Time) error {
	d.calls <- call{job: jobID, slot: slot}
	if jobID == "hangs" {
		<-ctx.Done()
		return ctx.Err()
	}
	return d.err
}

func (d *fakeDriller) expect(w *world, job string, slot time.Time) {
	w.t.Helper()
	if c := w.next(d.calls); c.job != job || !c.slot.Equal(slot) {
		w.t.Errorf("drilled %+v, want %s of %s", c, slot, job)
	}
}

func (d *fakeDriller) expectNothing(w *world) {
	w.t.Helper()
	w.settle()
	select {
	case c := <-d.calls:
		w.t.Errorf("drilled %+v, want nothing", c)
	default:
	}
}

// fakeClaims gives each slot to the first who asks, as the store does.
type fakeClaims struct {
	mu      sync.Mutex
	claimed map[string]time.Time
	err     error
}

func (c *fakeClaims) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *fakeClaims) ClaimDrillSlot(_ context.Context, jobID string, slot, _ time.Time) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || !slot.After(c.claimed[jobID]) {
		return false, c.err
	}
	if c.claimed == nil {
		c.claimed = map[string]time.Time{}
	}
	c.claimed[jobID] = slot
	return true, nil
}
