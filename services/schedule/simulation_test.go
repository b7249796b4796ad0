package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/models"
)

// simulatedZones change their clocks in all ways that there are.
var simulatedZones = []string{
	"UTC", "Europe/Paris", "Europe/London", "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Havana",
	"America/Santiago", "America/Sao_Paulo", "America/Nuuk", "Africa/Casablanca", "Africa/Cairo", "Asia/Kolkata", "Asia/Kathmandu",
	"Asia/Beirut", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham", "Antarctica/Troll",
}

// Through four hundred days, with both changes of clocks and a leap day, every slot of
// a hundred jobs in each of twenty zones is started exactly once.
func TestEverySlotIsStartedOnce(t *testing.T) {
	from := time.Date(2027, 2, 15, 12, 0, 0, 0, time.UTC)
	until := from.AddDate(0, 0, 400)
	for _, zone := range simulatedZones {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			loc, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			all := shapes()
			world := newStrictStore()
			for i, s := range all {
				job := s.job(fmt.Sprintf("%s %d", zone, i), zone)
				job.SlotsFrom = &from
				world.add(job)
			}
			clock := clockwork.NewFakeClockAt(from)
			world.clock = clock
			scheduler := New(world, world, world, slog.New(slog.DiscardHandler), WithClock(clock))
			began := time.Now()
			simulate(t, scheduler, clock, until)
			took := time.Since(began)
			// What is due in the last days may be spread beyond the end.
			last := until.Add(-48 * time.Hour).Unix()
			n := 0
			for i, want := range oracle(all, loc, from, until) {
				got := world.started(fmt.Sprintf("%s %d", zone, i))
				got, want = notAfter(got, last), notAfter(want, last)
				n += len(got)
				if !slices.Equal(got, want) {
					t.Errorf("%q within %q was started %d times, want %d; first at difference: %s", all[i].expr, all[i].window(), len(got), len(want), difference(got, want))
				}
			}
			if len(world.faults) > 0 || len(world.missed) > 0 {
				t.Errorf("faults: %q; %d missed, such as %+v", world.faults[:min(5, len(world.faults))], len(world.missed), world.missed[:min(2, len(world.missed))])
			}
			t.Logf("%d slots in %s", n, took.Round(time.Millisecond))
		})
	}
}

// simulate advances a clock from event to event, and has the scheduler tick at each.
func simulate(t *testing.T, s *Scheduler, clock *clockwork.FakeClock, until time.Time) {
	t.Helper()
	s.reconcile(t.Context())
	for n := 1; ; n++ {
		next := until.UnixNano()
		for _, e := range *s.backups.list.Load() {
			next = min(next, e.at.Load())
		}
		if pause := time.Unix(0, next).Sub(clock.Now()); pause > 0 {
			clock.Advance(pause)
		}
		s.tick(t.Context())
		s.beside.Wait()
		if n%100 == 0 {
			s.reconcile(t.Context())
		}
		if !clock.Now().Before(until) {
			return
		}
	}
}

func notAfter(slots []int64, last int64) []int64 {
	return slices.DeleteFunc(slices.Clone(slots), func(slot int64) bool { return slot > last })
}

func difference(got, want []int64) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			text := func(slots []int64) string {
				if i >= len(slots) {
					return "nothing"
				}
				return time.Unix(slots[i], 0).UTC().Format(time.RFC3339)
			}
			return "got " + text(got) + ", want " + text(want)
		}
	}
	return "none"
}

// dumpTakes is how long a job is busy after a start.
const dumpTakes = 10 * time.Minute

// strictStore keeps jobs and what was started as the real store does.
type strictStore struct {
	clock clockwork.Clock

	mu     sync.Mutex
	jobs   map[string]*models.Job
	slots  map[string][]int64
	busy   map[string]time.Time
	missed []models.Missed
	faults []string
}

func newStrictStore() *strictStore {
	return &strictStore{jobs: map[string]*models.Job{}, slots: map[string][]int64{}, busy: map[string]time.Time{}}
}

func (s *strictStore) add(job models.Job) { s.jobs[job.ID] = &job }

func (s *strictStore) started(id string) []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.slots[id])
}

func (s *strictStore) Jobs(context.Context) ([]models.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var jobs []models.Job
	for _, job := range s.jobs {
		jobs = append(jobs, *job)
	}
	return jobs, nil
}

func (s *strictStore) StartSlot(_ context.Context, id string, slot time.Time, startBy *time.Time) (models.Backup, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	job, now := s.jobs[id], s.clock.Now()
	if job.LastSlot != nil && !slot.After(*job.LastSlot) {
		s.faults = append(s.faults, fmt.Sprintf("%s was started again for %s", id, slot))
		return models.Backup{}, models.Conflictf("the slot was started")
	}
	if slot.After(now) || (startBy != nil) != (job.Window != "") || startBy != nil && !startBy.After(now) {
		s.faults = append(s.faults, fmt.Sprintf("%s was started for %s at %s, to start by %v", id, slot, now, startBy))
	}
	if now.Before(s.busy[id]) {
		return models.Backup{}, models.Busyf("it still dumps")
	}
	job.LastSlot, s.busy[id] = &slot, now.Add(dumpTakes)
	s.slots[id] = append(s.slots[id], slot.Unix())
	return models.Backup{ID: id}, nil
}

func (s *strictStore) SkipSlots(_ context.Context, m models.Missed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed = append(s.missed, m)
	s.jobs[m.JobID].LastSlot = &m.Last
	return nil
}

func (s *strictStore) StartedSlots(context.Context, string, time.Time, time.Time) ([]time.Time, error) {
	return nil, nil
}

func (s *strictStore) RewindSlots(context.Context, string, time.Time, func(models.Missed) models.Missed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, "slots were set back")
	return nil
}
