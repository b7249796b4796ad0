package cron_test

import (
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/services/cron"
)

// Europe/Paris in 2026: 02:00 to 03:00 is skipped on 29 March at 01:00 UTC and
// comes twice on 25 October, from 00:00 UTC. America/New_York: skipped on
// 8 March at 07:00 UTC, twice on 1 November from 05:00 UTC. Lord Howe moves by
// half an hour: skipped on 4 October at 15:30 UTC (3 October), twice on 5 April.
func TestNextOverDaylightSaving(t *testing.T) {
	for _, tc := range []struct {
		name, expr, zone, from string
		want                   []string
	}{
		{"a skipped slot runs after the gap", "30 2 * * *", "Europe/Paris", "2026-03-27T12:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"a doubled slot runs the first time", "30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"several skipped slots are one", "0,20,40 2,3 * * *", "Europe/Paris", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-03-29T01:20:00Z", "2026-03-29T01:40:00Z", "2026-03-30T00:00:00Z"}},
		{"from within the second pass", "30 2,4 * * *", "Europe/Paris", "2026-10-25T01:10:00Z",
			[]string{"2026-10-25T03:30:00Z", "2026-10-26T01:30:00Z"}},
		{"every hour is elapsed time in autumn", "30 * * * *", "Europe/Paris", "2026-10-24T23:00:00Z",
			[]string{"2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"}},
		{"every hour is elapsed time in spring", "30 * * * *", "Europe/Paris", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"}},
		{"new york skipped", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
		{"new york doubled, six fields", "5 30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01T05:30:05Z", "2026-11-02T06:30:05Z"}},
		{"lord howe skipped", "15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"lord howe after the gap", "45 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00:00Z",
			[]string{"2026-10-03T15:45:00Z", "2026-10-04T15:45:00Z"}},
		{"lord howe doubled", "45 1 * * *", "Australia/Lord_Howe", "2026-04-03T20:00:00Z",
			[]string{"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
		{"midnight that does not exist", "0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z",
			[]string{"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
		{"a day that does not exist", "0 9 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z",
			[]string{"2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := parse(t, tc.expr, tc.zone)
			at, got := moment(t, tc.from), []string(nil)
			for range tc.want {
				at = s.Next(at)
				got = append(got, at.Format(time.RFC3339Nano))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got  %v\nwant %v", got, tc.want)
			}
		})
	}
}

// Over a whole year no day loses its slots and none has them twice.
func TestNextThroughAYear(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca"} {
		t.Run(zone, func(t *testing.T) {
			s := parse(t, "17,47 1-4 * * *", zone)
			loc, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			at, end := moment(t, "2026-01-01T00:00:30Z"), moment(t, "2027-01-01T00:00:00Z")
			days := map[string]int{}
			for at = s.Next(at); at.Before(end); at = s.Next(at) {
				days[at.In(loc).Format(time.DateOnly)]++
			}
			for day, n := range days {
				if n < 6 || n > 8 {
					t.Errorf("%s has %d slots, want 8, or 6 to 7 when the clock goes forward", day, n)
				}
			}
			if len(days) < 364 {
				t.Errorf("%d days have slots, want all", len(days))
			}
		})
	}
}

// Whatever instant one asks from, the answer is the first of one fixed list:
// an early or a late question never makes another slot.
func TestNextIsOneList(t *testing.T) {
	for _, expr := range []string{"*/10 1-3 * * *", "*/10 * * * *", "30 2 * * *"} {
		for _, from := range []string{"2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"} {
			s := parse(t, expr, "Europe/Paris")
			start := moment(t, from)
			for offset := time.Duration(0); offset < 6*time.Hour; offset += 97 * time.Second {
				at := start.Add(offset)
				next := s.Next(at)
				if early := s.Next(next.Add(-time.Nanosecond)); !early.Equal(next) {
					t.Fatalf("%q: Next(%s) = %s, but just before it comes %s", expr, at, next, early)
				}
				if newest, ok := s.Latest(at, next); !ok || !newest.Equal(next) {
					t.Fatalf("%q: Latest(%s, %s) = %s, %v", expr, at, next, newest, ok)
				}
				if _, ok := s.Latest(at, next.Add(-time.Nanosecond)); ok {
					t.Fatalf("%q: Latest found a slot in (%s, %s)", expr, at, next)
				}
			}
		}
	}
}

func TestLatest(t *testing.T) {
	s := parse(t, "0 3 * * *", "")
	for _, tc := range []struct{ since, until, want string }{
		{"2026-03-01T04:00:00Z", "2026-03-02T02:59:59Z", ""},
		{"2026-03-01T03:00:00Z", "2026-03-02T02:59:59Z", ""},
		{"2026-03-01T02:59:59Z", "2026-03-01T03:00:00Z", "2026-03-01T03:00:00Z"},
		{"2026-03-01T04:00:00Z", "2026-03-09T12:00:00Z", "2026-03-09T03:00:00Z"},
		{"1996-03-01T04:00:00Z", "2026-03-09T02:00:00Z", "2026-03-08T03:00:00Z"},
		{"2026-03-09T12:00:00Z", "2026-03-01T12:00:00Z", ""},
	} {
		got, ok := s.Latest(moment(t, tc.since), moment(t, tc.until))
		if ok != (tc.want != "") || ok && got.Format(time.RFC3339Nano) != tc.want {
			t.Errorf("Latest(%s, %s) = %s, %v, want %q", tc.since, tc.until, got, ok, tc.want)
		}
	}
}

func TestNextFarAway(t *testing.T) {
	leap := parse(t, "0 0 29 2 *", "")
	if got := leap.Next(moment(t, "2096-03-01T00:00:00Z")); got.Format(time.DateOnly) != "2104-02-29" {
		t.Errorf("the leap day after 2096 is %s, want 2104-02-29", got)
	}
	var never cron.Schedule
	if got := never.Next(time.Now()); !got.IsZero() {
		t.Errorf("the zero Schedule runs at %s", got)
	}
}

func TestEveryDoesNotDependOnTheStart(t *testing.T) {
	s := parse(t, "@every 7m", "")
	a := s.Next(moment(t, "2026-03-01T00:00:00.9Z"))
	b := s.Next(a.Add(-time.Second))
	if !a.Equal(b) || a.Unix()%420 != 0 {
		t.Errorf("two processes see %s and %s", a, b)
	}
	if before := s.Next(time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)); before.Unix() != 0 {
		t.Errorf("before the epoch the next slot is %s", before)
	}
}

func parse(t *testing.T, expr, zone string) cron.Schedule {
	t.Helper()
	s, err := cron.Parse(expr, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
