package schedule

import (
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/services/cron"
)

// A slot that could not be started is owed, with growing pauses, until it is
// settled or a newer one is due.
func TestAnOwedSlotIsTriedAgain(t *testing.T) {
	slot := time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)
	clock := clockwork.NewFakeClockAt(slot.Add(-time.Hour))
	e := hourly(t, clock)
	clock.Advance(time.Hour)
	for i, pause := range []int{0, 2, 4, 8, 16, 32, 60, 60} {
		if pause > 0 {
			clock.Advance(time.Duration(pause)*time.Second - time.Millisecond)
			if e.overdue() {
				t.Fatalf("try %d came before its pause of %d s was over", i+1, pause)
			}
			clock.Advance(time.Millisecond)
		}
		took, ok := e.take(early)
		if !ok || !took.Equal(slot) {
			t.Fatalf("try %d took %s, %v, want the slot of 13:00", i+1, took, ok)
		}
		e.release(took, false)
	}
	clock.Advance(time.Hour)
	newer, ok := e.take(early)
	if !ok || !newer.Equal(slot.Add(time.Hour)) {
		t.Fatalf("an hour later took %s, %v, want the newer slot", newer, ok)
	}
	e.release(newer, false)
	clock.Advance(2 * time.Second)
	again, ok := e.take(early)
	if !ok || !again.Equal(newer) {
		t.Fatalf("after two seconds took %s, %v, want the newer slot again", again, ok)
	}
	e.release(again, true)
	clock.Advance(2 * time.Minute)
	if e.overdue() {
		t.Error("a slot that was started is still owed")
	}
}

func hourly(t *testing.T, clock clockwork.Clock) *entry {
	t.Helper()
	when, err := cron.Parse("0 * * * *", "")
	if err != nil {
		t.Fatal(err)
	}
	return newEntry(&timetable{clock: clock}, "a", "", when)
}

// What a tick means, whenever it comes.
func TestTake(t *testing.T) {
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(h, m, s, ms int) time.Time { return time.Date(2026, 3, 1, h, m, s, ms*1e6, time.UTC) }
	for _, tc := range []struct {
		name  string
		ticks []time.Time
		want  []string
	}{
		{"on time", []time.Time{at(13, 0, 0, 0)}, []string{"13:00:00"}},
		{"late", []time.Time{at(13, 0, 4, 3)}, []string{"13:00:00"}},
		{"early", []time.Time{at(12, 59, 59, 998)}, []string{"13:00:00"}},
		{"far too early", []time.Time{at(12, 59, 50, 0)}, []string{""}},
		{"early, then again on time", []time.Time{at(12, 59, 59, 998), at(13, 0, 0, 1)}, []string{"13:00:00", ""}},
		{"twice", []time.Time{at(13, 0, 0, 0), at(13, 0, 0, 0)}, []string{"13:00:00", ""}},
		{"after a sleep", []time.Time{at(16, 20, 0, 0), at(16, 20, 1, 0)}, []string{"16:00:00", ""}},
		{"a clock set back a little", []time.Time{at(13, 0, 0, 0), at(12, 59, 30, 0), at(13, 0, 0, 0), at(14, 0, 0, 0)}, []string{"13:00:00", "", "", "14:00:00"}},
		{"a clock that was far ahead", []time.Time{at(20, 0, 0, 0), at(12, 30, 0, 0), at(13, 0, 0, 0)}, []string{"20:00:00", "", "13:00:00"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := hourly(t, clockwork.NewFakeClockAt(made))
			for i, tick := range tc.ticks {
				e.table.clock = clockwork.NewFakeClockAt(tick)
				slot, ok := e.take(early)
				if ok {
					e.release(slot, true)
				}
				if got := slot.Format(time.TimeOnly); ok != (tc.want[i] != "") || ok && got != tc.want[i] {
					t.Errorf("tick %d at %s took %s, %v, want %q", i+1, tick.Format(time.TimeOnly), got, ok, tc.want[i])
				}
			}
		})
	}
}
