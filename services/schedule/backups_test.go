package schedule

import (
	"log/slog"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/backupman/backupman/services/cron"
)

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
			when, err := cron.Parse("0 * * * *", "")
			if err != nil {
				t.Fatal(err)
			}
			s := New(nil, nil, slog.New(slog.DiscardHandler))
			s.clock = clockwork.NewFakeClockAt(made)
			e := newBackupEntry(s, "a", "", when)
			for i, tick := range tc.ticks {
				s.clock = clockwork.NewFakeClockAt(tick)
				slot, ok := e.take(early)
				e.release()
				if got := slot.Format(time.TimeOnly); ok != (tc.want[i] != "") || ok && got != tc.want[i] {
					t.Errorf("tick %d at %s took %s, %v, want %q", i+1, tick.Format(time.TimeOnly), got, ok, tc.want[i])
				}
			}
		})
	}
}
