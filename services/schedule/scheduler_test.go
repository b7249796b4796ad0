package schedule_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/schedule"
)

const start = "2026-03-28T12:00:00Z"

func TestSlotsAreTheScheduledInstants(t *testing.T) {
	for _, tc := range []struct{ name, cron, zone, want string }{
		{"five fields", "0 3 * * *", "", "2026-03-29T03:00:00Z"},
		{"six fields", "15 30 12 * * *", "", "2026-03-28T12:30:15Z"},
		{"zone, in the gap", "30 2 * * *", "Europe/Paris", "2026-03-29T01:00:00Z"},
		{"other zone", "0 3 * * *", "America/New_York", "2026-03-29T07:00:00Z"},
		{"descriptor", "@daily", "", "2026-03-29T00:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, models.Job{ID: "a", Cron: tc.cron, Timezone: tc.zone})
			slot := moment(t, tc.want)
			if next, ok := w.scheduler.NextRun("a"); !ok || !next.Equal(slot) {
				t.Errorf("NextRun is %s, %v, want %s", next, ok, tc.want)
			}
			w.advanceTo(slot.Add(-time.Minute))
			w.expectNothing()
			w.advanceTo(slot)
			if got := w.expect(); got.slot.Format(time.RFC3339Nano) != tc.want || got.job != "a" {
				t.Errorf("started %+v, want %s", got, tc.want)
			}
			w.advanceTo(slot.Add(3 * time.Second))
			w.expectNothing()
		})
	}
}

func TestPreviousRun(t *testing.T) {
	for _, tc := range []struct{ cron, zone, until, want string }{
		{"0 3 * * *", "", start, "2026-03-28T03:00:00Z"},
		{"0 3 * * *", "", "2026-03-28T03:00:00Z", "2026-03-28T03:00:00Z"},
		{"0 3 * * *", "", "2026-03-28T02:59:59Z", "2026-03-27T03:00:00Z"},
		{"0 3 * * *", "Europe/Paris", start, "2026-03-28T02:00:00Z"},
		{"@every 6h", "", start, "2026-03-28T12:00:00Z"},
		{"0 0 1 * *", "", start, "2026-03-01T00:00:00Z"},
		{"0 0 29 2 *", "", start, "2024-02-29T00:00:00Z"},
	} {
		w := newWorld(t, models.Job{ID: "a", Cron: tc.cron, Timezone: tc.zone})
		got, ok := w.scheduler.PreviousRun("a", moment(t, tc.until))
		if !ok || got.Format(time.RFC3339) != tc.want {
			t.Errorf("the slot of %q before %s is %s, %v, want %s", tc.cron, tc.until, got, ok, tc.want)
		}
		if _, ok := w.scheduler.PreviousRun("b", moment(t, tc.until)); ok {
			t.Error("a job that is not scheduled had a previous run")
		}
	}
}

func TestALateTickGivesTheSlotItself(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 * * * *"})
	w.clock.Advance(3*time.Hour + 17*time.Minute + 5*time.Millisecond)
	if got := w.expect(); got.slot.Format(time.RFC3339Nano) != "2026-03-28T15:00:00Z" {
		t.Errorf("after a sleep over three slots started %s, want the newest", got.slot)
	}
	w.settle()
	w.expectNothing()
}

func TestEverySlotOnceInOrder(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "*/10 * * * * *"})
	want := moment(t, start)
	for range 30 {
		want = want.Add(10 * time.Second)
		w.advanceTo(want)
		if got := w.expect(); !got.slot.Equal(want) {
			t.Fatalf("started %s, want %s", got.slot, want)
		}
		w.settle()
	}
	w.expectNothing()
}

func TestEntriesFollowChanges(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 15 * * *"})
	w.store.set(models.Job{ID: "a", Cron: "0 14 * * *"}, models.Job{ID: "b", Cron: "30 14 * * *", Timezone: "UTC"})
	w.scheduler.Changed()
	w.until(func() bool {
		next, ok := w.scheduler.NextRun("a")
		_, b := w.scheduler.NextRun("b")
		return ok && b && next.Hour() == 14
	})
	w.advanceTo(moment(t, "2026-03-28T14:00:00Z"))
	if got := w.expect(); got.job != "a" || got.slot.Hour() != 14 {
		t.Errorf("started %+v", got)
	}
	w.advanceTo(moment(t, "2026-03-28T14:30:00Z"))
	if got := w.expect(); got.job != "b" || got.slot.Minute() != 30 {
		t.Errorf("started %+v", got)
	}
	w.store.set(models.Job{ID: "b", Cron: ""})
	w.advanceTo(moment(t, "2026-03-28T14:31:00Z"))
	w.until(func() bool {
		_, a := w.scheduler.NextRun("a")
		_, b := w.scheduler.NextRun("b")
		return !a && !b
	})
	w.advanceTo(moment(t, "2026-03-30T00:00:00Z"))
	w.expectNothing()
}

// A change of cron right after a slot does not start that slot again.
func TestAChangeOfCronKeepsTheNewestSlot(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 13 * * *"})
	slot := moment(t, "2026-03-28T13:00:00Z")
	w.advanceTo(slot)
	w.expect()
	w.store.set(models.Job{ID: "a", Cron: "0 13,20 * * *"})
	w.scheduler.Changed()
	w.until(func() bool { next, _ := w.scheduler.NextRun("a"); return next.Hour() == 20 })
	w.settle()
	w.expectNothing()
}

func TestConflictIsNormal(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 * * * *"})
	w.starter.answer(models.Conflictf("another replica has it"))
	w.advanceTo(moment(t, "2026-03-28T13:00:00Z"))
	w.expect()
	w.until(func() bool { return strings.Contains(w.log.String(), "another replica has it") })
	if log := w.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") {
		t.Errorf("a conflict is logged as more than information:\n%s", log)
	}
	w.starter.answer(nil)
	w.advanceTo(moment(t, "2026-03-28T14:00:00Z"))
	w.expect()
}

// A database that is away for a moment, just when a slot is due, costs no backup.
func TestASlotThatCouldNotBeStartedIsStartedLater(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 3 * * *"})
	slot := moment(t, "2026-03-29T03:00:00Z")
	w.starter.answer(errors.New("the database is away"))
	w.advanceTo(slot)
	w.expect()
	w.until(func() bool { return strings.Contains(w.log.String(), "trying again soon") })
	w.starter.answer(nil)
	w.advanceTo(slot.Add(3 * time.Second))
	if got := w.expect(); !got.slot.Equal(slot) {
		t.Errorf("started %s, want %s", got.slot, slot)
	}
	w.until(func() bool { return strings.Contains(w.log.String(), "scheduled backup started") })
	w.advanceTo(slot.Add(5 * time.Minute))
	w.expectNothing()
}

// A run that finds its job busy is tried again, and given up when the next one comes.
func TestABusyJob(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 * * * *"})
	slot := moment(t, "2026-03-28T13:00:00Z")
	w.starter.answer(models.Busyf("a backup of a is still running"))
	w.advanceTo(slot)
	w.expect()
	w.until(func() bool { return strings.Contains(w.log.String(), "scheduled backup waits") })
	w.advanceTo(slot.Add(3 * time.Second))
	if got := w.expect(); !got.slot.Equal(slot) {
		t.Errorf("started %s, want %s again", got.slot, slot)
	}
	w.until(func() bool { return strings.Count(w.log.String(), "scheduled backup waits") == 2 })
	w.starter.answer(nil)
	w.advanceTo(slot.Add(time.Hour))
	if got := w.expect(); !got.slot.Equal(slot.Add(time.Hour)) {
		t.Errorf("started %s, want the next slot", got.slot)
	}
	missed := w.slots.all()
	if len(missed) != 1 || !missed[0].First.Equal(slot) || missed[0].Slots != 1 || !strings.Contains(missed[0].Reason, "still running") {
		t.Errorf("missed are %+v", missed)
	}
}

// Of what came due while no server ran the newest is made up for, and the rest is told.
func TestSlotsThatCameDueWhileNoServerRan(t *testing.T) {
	handled := moment(t, "2026-03-25T03:00:00Z")
	w := newWorld(t, models.Job{ID: "a", Cron: "0 3 * * *", LastSlot: &handled, SlotsFrom: &handled},
		models.Job{ID: "b", Cron: "5 12 * * *", LastSlot: &handled, SlotsFrom: &handled})
	if got := w.expect(); got.job != "a" || !got.slot.Equal(moment(t, "2026-03-28T03:00:00Z")) {
		t.Errorf("started %+v, want the newest of a", got)
	}
	w.expectNothing() // the next of b is near
	w.until(func() bool { return len(w.slots.all()) == 3 })
	of := map[string]int{}
	for _, m := range w.slots.all() {
		of[m.JobID] += m.Slots
		if !strings.Contains(m.Reason, "No server ran") {
			t.Errorf("the reason is %q", m.Reason)
		}
	}
	if of["a"] != 2 || of["b"] != 3 {
		t.Errorf("missed are %v, want 2 of a and 3 of b", of)
	}
	w.advanceTo(moment(t, "2026-03-28T12:05:00Z"))
	if got := w.expect(); got.job != "b" {
		t.Errorf("started %+v, want b", got)
	}
}

// A run knows when its window closes; one that is late waits until it opens.
func TestAWindow(t *testing.T) {
	handled := moment(t, "2026-03-26T22:00:00Z")
	job := models.Job{ID: "a", Cron: "0 4 * * 6", Window: "02:00-05:00", LastSlot: &handled, SlotsFrom: &handled}
	w := newWorld(t, job)
	w.expectNothing()
	if next := w.scheduler.NextRuns(job, 2); len(next) != 2 || next[1].Format(time.RFC3339) != "2026-04-11T04:00:00Z" {
		t.Errorf("the next runs are %v", next)
	}
	w.advanceTo(moment(t, "2026-03-29T02:00:01Z"))
	got := w.expect()
	if !got.slot.Equal(moment(t, "2026-03-28T04:00:00Z")) || got.startBy == nil || !got.startBy.Equal(moment(t, "2026-03-29T05:00:00Z")) {
		t.Errorf("started %+v, to start by %v", got, got.startBy)
	}
}

func TestAPausedJobRests(t *testing.T) {
	paused := moment(t, start)
	d := newDriller()
	job := models.Job{ID: "a", Cron: "0 * * * *", DrillCron: "0 * * * *", PausedAt: &paused}
	w := newDrillWorld(t, d, &fakeClaims{}, job)
	w.advanceTo(moment(t, "2026-03-28T13:00:00Z"))
	w.expectNothing()
	d.expectNothing(w)
	_, run := w.scheduler.NextRun("a")
	_, drill := w.scheduler.NextDrill("a")
	if run || drill || w.scheduler.NextRuns(job, 3) != nil {
		t.Error("a paused job has a next run or drill")
	}
	job.PausedAt = nil
	if next := w.scheduler.NextRuns(job, 3); len(next) != 3 {
		t.Errorf("a job that was resumed just now runs at %v, want three slots", next)
	}
	resumed := moment(t, "2026-03-28T14:10:00Z")
	w.advanceTo(resumed)
	w.store.set(models.Job{ID: "a", Cron: "0 * * * *", DrillCron: "0 * * * *", SlotsFrom: &resumed})
	w.settle()
	w.expectNothing()
	d.expectNothing(w)
	if missed := w.slots.all(); len(missed) != 0 {
		t.Errorf("missed are %+v", missed)
	}
	w.advanceTo(moment(t, "2026-03-28T15:00:00Z"))
	if got := w.expect(); got.slot.Hour() != 15 {
		t.Errorf("started %+v", got)
	}
	d.expect(w, "a", moment(t, "2026-03-28T15:00:00Z"))
}

// Ticks go on while the jobs are being read for long.
func TestASlowStoreDoesNotHoldUpTicks(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 13 * * *"})
	goOn := w.store.hang()
	defer goOn()
	w.scheduler.Changed()
	w.clock.Advance(time.Hour)
	w.until(func() bool {
		w.clock.Advance(time.Second) // nothing else makes ticks while the store hangs
		return len(w.starter.calls) > 0
	})
	if got := w.expect(); got.slot.Hour() != 13 {
		t.Errorf("started %+v", got)
	}
}

// A change of the job's cron does not forget what is owed.
func TestAChangeOfCronKeepsWhatIsOwed(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 13 * * *"})
	slot := moment(t, "2026-03-28T13:00:00Z")
	w.starter.answer(errors.New("the database is away"))
	w.advanceTo(slot)
	w.expect()
	w.until(func() bool { return strings.Contains(w.log.String(), "trying again soon") })
	w.settle()
	w.starter.answer(nil)
	w.store.set(models.Job{ID: "a", Cron: "0 20 * * *"})
	w.scheduler.Changed()
	w.until(func() bool { next, _ := w.scheduler.NextRun("a"); return next.Hour() == 20 })
	w.advanceTo(slot.Add(time.Minute))
	if got := w.expect(); !got.slot.Equal(slot) {
		t.Errorf("started %s, want %s", got.slot, slot)
	}
}

// A job that is gone has no slot to try again.
func TestAJobThatIsGoneIsNotTriedAgain(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 13 * * *"})
	w.starter.answer(models.NotFoundf("there is no such job"))
	w.advanceTo(moment(t, "2026-03-28T13:00:00Z"))
	w.expect()
	w.until(func() bool { return strings.Contains(w.log.String(), "there is no such job") })
	w.advanceTo(moment(t, "2026-03-28T13:30:00Z"))
	w.expectNothing()
}

func TestOneJobDoesNotStopTheOthers(t *testing.T) {
	w := newWorld(t,
		models.Job{ID: "bad cron", Cron: "0 25 * * *"},
		models.Job{ID: "panics", Cron: "0 * * * *"},
		models.Job{ID: "fails", Cron: "0 * * * *"},
		models.Job{ID: "works", Cron: "0 * * * *"})
	for hour := 13; hour < 16; hour++ {
		w.advanceTo(time.Date(2026, 3, 28, hour, 0, 0, 0, time.UTC))
		seen := map[string]bool{}
		for range 3 {
			seen[w.expect().job] = true
		}
		if len(seen) != 3 {
			t.Errorf("at %d o'clock started %v", hour, seen)
		}
		w.settle()
	}
	w.until(func() bool { return strings.Count(w.log.String(), "panicked") == 3 })
	if n := strings.Count(w.log.String(), "the hour field"); n != 1 {
		t.Errorf("the bad cron is told %d times, want once", n)
	}
	if _, ok := w.scheduler.NextRun("bad cron"); ok {
		t.Error("a job without a readable cron has a next run")
	}
}

func TestAStartThatHangsHoldsUpNobody(t *testing.T) {
	w := newWorld(t, models.Job{ID: "hangs", Cron: "0 * * * *"}, models.Job{ID: "works", Cron: "30 * * * *"})
	for _, at := range []string{"2026-03-28T13:30:00Z", "2026-03-28T14:30:00Z", "2026-03-28T15:30:00Z"} {
		w.advanceTo(moment(t, at))
		if got := w.expect(); got.job != "works" || !got.slot.Equal(moment(t, at)) {
			t.Errorf("while another start hangs, started %+v, want %s", got, at)
		}
	}
	w.expectNothing()
}

func TestAStoreThatFailsKeepsTheSchedule(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 13 * * *"})
	w.store.fail(errors.New("no database"))
	w.advanceTo(moment(t, "2026-03-28T13:00:00Z"))
	w.expect()
	w.settle()
	if n := strings.Count(w.log.String(), "jobs cannot be read"); n != 1 {
		t.Errorf("the failure is told %d times, want once", n)
	}
	w.store.fail(nil)
	w.settle()
	w.until(func() bool { return strings.Contains(w.log.String(), "jobs can be read again") })
}

func TestRunEndsWithItsContext(t *testing.T) {
	w := newWorld(t, models.Job{ID: "a", Cron: "0 13 * * *"})
	w.cancel()
	select {
	case err := <-w.ended:
		if err != nil {
			t.Errorf("Run returned %v", err)
		}
		w.ended <- nil
	case <-time.After(patience):
		t.Fatal("Run did not end")
	}
	w.clock.Advance(24 * time.Hour)
	select {
	case c := <-w.starter.calls:
		t.Errorf("started %+v after the end", c)
	default:
	}
}

// patience is for a machine that does much else.
const patience = time.Minute

// world is a scheduler that runs on a clock of its own.
type world struct {
	t         *testing.T
	clock     *clockwork.FakeClock
	store     *fakeStore
	slots     *fakeSlots
	starter   *fakeStarter
	scheduler *schedule.Scheduler
	log       *lockedBuffer
	cancel    context.CancelFunc
	ended     chan error
}

func newWorld(t *testing.T, jobs ...models.Job) *world {
	t.Helper()
	return newWorldOf(t, jobs)
}

func newWorldOf(t *testing.T, jobs []models.Job, options ...schedule.Option) *world {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &world{t: t, clock: clockwork.NewFakeClockAt(moment(t, start)), store: &fakeStore{jobs: jobs},
		slots: &fakeSlots{}, starter: &fakeStarter{calls: make(chan call, 100)}, log: &lockedBuffer{}, cancel: cancel, ended: make(chan error, 1)}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.scheduler = schedule.New(w.store, w.slots, w.starter, log, append(options, schedule.WithClock(w.clock))...)
	go func() { w.ended <- w.scheduler.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-w.ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	w.settle()
	return w
}

// settle lets two rounds of reconcile pass, without the clock.
func (w *world) settle() {
	w.t.Helper()
	for range 2 {
		before := w.store.reads()
		w.scheduler.Changed()
		w.until(func() bool { return w.store.reads() > before })
	}
}

func (w *world) advanceTo(at time.Time) {
	w.t.Helper()
	w.settle()
	w.clock.Advance(at.Sub(w.clock.Now()))
	w.settle()
}

// until waits for what another goroutine is about to do. Ticks go on meanwhile, as they do
// outside: one that finds somebody still at a job leaves it to the next.
func (w *world) until(done func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			w.t.Fatalf("it never happened; the log is\n%s", w.log)
		}
		w.scheduler.Changed()
		time.Sleep(time.Millisecond)
	}
}

func (w *world) expect() call {
	w.t.Helper()
	return w.next(w.starter.calls)
}

// next waits for a call.
func (w *world) next(calls <-chan call) (next call) {
	w.t.Helper()
	w.until(func() bool {
		select {
		case next = <-calls:
			return true
		default:
			return false
		}
	})
	return next
}

func (w *world) expectNothing() {
	w.t.Helper()
	w.settle()
	select {
	case c := <-w.starter.calls:
		w.t.Errorf("started %+v, want nothing", c)
	default:
	}
}

type call struct {
	job     string
	slot    time.Time
	startBy *time.Time
}

// fakeStarter is told by a job's id how to behave.
type fakeStarter struct {
	calls chan call
	mu    sync.Mutex
	err   error
}

func (s *fakeStarter) answer(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *fakeStarter) StartSlot(ctx context.Context, jobID string, slot time.Time, startBy *time.Time) (models.Backup, error) {
	if jobID == "hangs" {
		<-ctx.Done()
		return models.Backup{}, ctx.Err()
	}
	s.calls <- call{jobID, slot, startBy}
	switch jobID {
	case "panics":
		panic("on purpose")
	case "fails":
		return models.Backup{}, errors.New("on purpose")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return models.Backup{ID: models.NewID()}, s.err
}

// fakeSlots keeps what was given up.
type fakeSlots struct {
	mu     sync.Mutex
	missed []models.Missed
	err    error
}

func (s *fakeSlots) SkipSlots(_ context.Context, m models.Missed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.missed = append(s.missed, m)
	}
	return s.err
}

func (s *fakeSlots) StartedSlots(context.Context, string, time.Time, time.Time) ([]time.Time, error) {
	return nil, nil
}

func (s *fakeSlots) RewindSlots(context.Context, string, time.Time, func(models.Missed) models.Missed) error {
	return nil
}

func (s *fakeSlots) all() []models.Missed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.missed)
}

type fakeStore struct {
	mu   sync.Mutex
	jobs []models.Job
	err  error
	n    int
	hung chan struct{}
}

// hang has reads wait until the returned function is called.
func (s *fakeStore) hang() (goOn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hung := make(chan struct{})
	s.hung = hung
	return func() { close(hung) }
}

func (s *fakeStore) Jobs(context.Context) ([]models.Job, error) {
	s.mu.Lock()
	hung := s.hung
	s.mu.Unlock()
	if hung != nil {
		<-hung
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return s.jobs, s.err
}

func (s *fakeStore) set(jobs ...models.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = jobs
}

func (s *fakeStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *fakeStore) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
