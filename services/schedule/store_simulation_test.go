package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// Two servers on one metadata database, which are restarted and down for hours, and whose
// clocks are set: every slot has one backup, or is in one row of missed slots, and never both.
func TestEverySlotIsStartedOrMissedOnce(t *testing.T) {
	// In the past of the machine's own clock, over a change of clocks.
	from := time.Date(2025, 3, 27, 12, 0, 0, 0, time.UTC)
	until := from.AddDate(0, 0, 9)
	w := newServers(t, from)
	w.run(until)

	last := until.Add(-49 * time.Hour).Unix()
	started, missed := 0, 0
	for i, zone := range simulatedZones {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range oracle(w.shapes[i], loc, from, until.Add(24*time.Hour)) {
			job := w.jobs[i][n]
			has := w.handled(job, want)
			started, missed = started+has.started, missed+has.missed
			for _, slot := range want {
				if times := has.times[slot]; slot <= last && times != 1 {
					t.Errorf("%q within %q in %s: the slot %s was handled %d times, want once", job.Cron, job.Window, zone, time.Unix(slot, 0).UTC(), times)
				}
			}
		}
	}
	if started == 0 || missed == 0 {
		t.Errorf("%d slots were started and %d missed: want some of both", started, missed)
	}
	t.Logf("%d slots were started, %d missed, %d restarts, %d times the clock was set", started, missed, w.restarts, w.sets)
}

// servers are two schedulers beside each other on a real store.
type servers struct {
	t       *testing.T
	dice    *rand.Rand
	clock   *clockwork.FakeClock
	store   *store.Store
	backups *backup.Service
	shapes  [][]shape
	jobs    [][]models.Job
	up      [2]*Scheduler
	// down is until when a server is down, ahead how far the clock was set forward.
	down     [2]time.Time
	ahead    time.Duration
	restarts int
	sets     int
}

func newServers(t *testing.T, from time.Time) *servers {
	t.Helper()
	ctx, dir, log := t.Context(), t.TempDir(), slog.New(slog.DiscardHandler)
	w := &servers{t: t, dice: rand.New(rand.NewPCG(18, 2025)), clock: clockwork.NewFakeClockAt(from)}
	var err error
	if w.store, err = store.Open(ctx, store.Config{Path: filepath.Join(dir, "b.db")}, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	plan := models.Plan{Sources: []models.Source{{Label: "s", Provider: "sqlite"}}}
	all := shapes()
	for i, zone := range simulatedZones {
		var mine []shape
		for n := range 5 {
			s := all[(i*5+n*21)%len(all)]
			mine = append(mine, s)
			job := s.job("", zone)
			job.Label = fmt.Sprintf("%s %d", zone, n)
			plan.Jobs = append(plan.Jobs, models.PlannedJob{Job: job, Source: "s"})
		}
		w.shapes = append(w.shapes, mine)
	}
	if err := w.store.ApplyPlan(ctx, plan); err != nil {
		t.Fatal(err)
	}
	for i, zone := range simulatedZones {
		w.jobs = append(w.jobs, nil)
		for n := range w.shapes[i] {
			job, err := w.store.JobByLabel(ctx, fmt.Sprintf("%s %d", zone, n))
			if err == nil { // slots count from the simulated time on
				err = errors.Join(w.store.PauseJob(ctx, job.ID, from), w.store.ResumeJob(ctx, job.ID, from))
			}
			if err != nil {
				t.Fatal(err)
			}
			w.jobs[i] = append(w.jobs[i], job)
		}
	}
	if w.backups, err = backup.New(ctx, backup.Options{Store: w.store, Catalog: noPlaces{w.store}, DataDir: dir, Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.backups.Close() })
	return w
}

// noPlaces is a catalog whose source is away: runs are not what this is about.
type noPlaces struct{ *store.Store }

func (noPlaces) OpenSource(context.Context, string) (source.Source, source.Kind, models.Source, error) {
	return nil, source.Kind{}, models.Source{}, models.NotFoundf("there is no source")
}

func (noPlaces) Passphrase(context.Context, string) (models.Secret, error) {
	return models.Secret{}, models.NotFoundf("there is no passphrase")
}

func (noPlaces) OpenDrive(context.Context, string) (drive.Drive, models.Drive, error) {
	return nil, models.Drive{}, models.NotFoundf("there is no drive")
}

// run lets time pass, in which things go wrong until the last two days.
func (w *servers) run(until time.Time) {
	trouble := until.Add(-72 * time.Hour)
	for w.clock.Now().Add(-w.ahead).Before(until) {
		if w.clock.Now().Before(trouble) {
			w.misfortune()
		} else {
			w.setRight()
		}
		for i := range w.up {
			w.serve(i)
		}
		w.settle()
		w.advance()
	}
}

// misfortune stops servers for hours, and sets the clock.
func (w *servers) misfortune() {
	now := w.clock.Now()
	switch n := w.dice.IntN(60); {
	case n < 3:
		w.up[n%2], w.down[n%2] = nil, now.Add(time.Duration(w.dice.IntN(600))*time.Minute)
	case n == 3: // a power failure
		w.up = [2]*Scheduler{}
		w.down[0] = now.Add(time.Duration(w.dice.IntN(900)) * time.Minute)
		w.down[1] = w.down[0]
	case n == 4 && w.ahead == 0:
		w.ahead = time.Duration(w.dice.IntN(240)) * time.Minute
		w.sets++
		w.clock.Advance(w.ahead)
	case n < 8:
		w.setRight()
	}
}

func (w *servers) setRight() {
	if w.ahead == 0 {
		return
	}
	w.sets++
	w.clock.Advance(-w.ahead)
	w.ahead = 0
}

// serve has one server do what is due, unless it is down.
func (w *servers) serve(i int) {
	if w.clock.Now().Before(w.down[i]) {
		return
	}
	if w.up[i] == nil {
		w.restarts++
		w.up[i] = New(noPlaces{w.store}, w.store, w.backups, slog.New(slog.DiscardHandler), WithClock(w.clock))
	}
	if w.dice.IntN(3) > 0 { // it knows an older state of the rows now and then
		w.up[i].reconcile(w.t.Context())
	}
	w.up[i].tick(w.t.Context())
	w.up[i].beside.Wait()
}

// settle ends most of the runs that are under way.
func (w *servers) settle() {
	w.t.Helper()
	ctx := w.t.Context()
	pending, err := w.store.Backups(ctx, models.BackupFilter{Status: models.StatusPending}, models.Cursor{}, 500)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range pending {
		if w.dice.IntN(10) == 0 {
			continue
		}
		err := errors.Join(w.store.Claim(ctx, b.ID, "", "r", time.Minute),
			w.store.Settle(ctx, b.ID, "r", models.Settlement{Status: models.StatusFailed, Error: "it was only simulated", At: models.Now()}))
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// advance moves the clock to when somebody has something to do, at most some minutes on.
func (w *servers) advance() {
	now := w.clock.Now()
	next := now.Add(10 * time.Minute)
	for _, s := range w.up {
		if s == nil {
			continue
		}
		for _, e := range *s.backups.list.Load() {
			if at := time.Unix(0, e.at.Load()); e.at.Load() != never && at.Before(next) {
				next = at
			}
		}
	}
	// Ticks come once a second, and what is seen late is seen together.
	w.clock.Advance(max(next.Sub(now), 20*time.Second))
}

// handling is how often each slot of a job was started or missed.
type handling struct {
	times           map[int64]int
	started, missed int
}

// handled counts what became of slots, in order, and sees that nothing else was handled.
func (w *servers) handled(job models.Job, slots []int64) handling {
	w.t.Helper()
	ctx, h := w.t.Context(), handling{times: map[int64]int{}}
	is := map[int64]bool{}
	for _, slot := range slots {
		is[slot] = true
	}
	err := w.store.EachBackup(ctx, models.BackupFilter{JobID: job.ID}, func(b models.Backup) error {
		slot, err := time.Parse(time.RFC3339, b.Slot)
		if err == nil && !is[slot.Unix()] {
			w.t.Errorf("%q was started for %s, which is no slot", job.Cron, b.Slot)
		}
		h.times[slot.Unix()]++
		h.started++
		return err
	})
	rows, missedErr := w.store.MissedSlots(ctx, job.ID, 10000)
	if err := errors.Join(err, missedErr); err != nil {
		w.t.Fatal(err)
	}
	for _, m := range rows {
		n := 0
		for _, slot := range slots {
			if slot >= m.First.Unix() && slot <= m.Last.Unix() {
				h.times[slot]++
				n++
			}
		}
		h.missed += n
		if n != m.Slots || !is[m.First.Unix()] || !is[m.Last.Unix()] || m.Reason == "" {
			w.t.Errorf("%q: %+v names %d slots", job.Cron, m, n)
		}
	}
	return h
}
