package cron_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

func TestParseWindow(t *testing.T) {
	for text, want := range map[string]string{
		"22:00-06:00": "22:00-06:00", "1:05 - 5:00": "01:05-05:00", "22:00-24:00": "22:00-00:00", "00:00-24:00": "", "": "",
	} {
		w, err := cron.ParseWindow(text)
		if err != nil || w.String() != want || w.IsZero() != (want == "") {
			t.Errorf("ParseWindow(%q) = %q, %v, want %q", text, w, err, want)
		}
	}
	for text, want := range map[string]string{
		"22-6": "two times of day", "22:00": "two times", "25:00-06:00": "no clock shows", "22:60-06:00": "no clock shows",
		"24:00-06:00": "no clock shows", "06:00-06:00": "begins when it ends", "at night": "22:00-06:00",
	} {
		if _, err := cron.ParseWindow(text); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseWindow(%q) = %v, want it to contain %q", text, err, want)
		}
	}
}

func TestWindowOverDaylightSaving(t *testing.T) {
	for _, tc := range []struct{ name, window, at, end, opens string }{
		{"over midnight, in the evening", "22:00-06:00", "2026-01-10T21:30:00Z", "2026-01-11T05:00:00Z", "2026-01-11T21:00:00Z"},
		{"over midnight, in the morning", "22:00-06:00", "2026-01-11T04:59:59Z", "2026-01-11T05:00:00Z", "2026-01-11T21:00:00Z"},
		{"its end is outside", "22:00-06:00", "2026-01-11T05:00:00Z", "", "2026-01-11T21:00:00Z"},
		{"its beginning is inside", "22:00-06:00", "2026-01-11T21:00:00Z", "2026-01-12T05:00:00Z", "2026-01-12T21:00:00Z"},
		{"a night that is short", "22:00-06:00", "2026-03-28T22:00:00Z", "2026-03-29T04:00:00Z", "2026-03-29T20:00:00Z"},
		{"a night that is long", "22:00-06:00", "2026-10-24T22:00:00Z", "2026-10-25T05:00:00Z", "2026-10-25T21:00:00Z"},
		{"skipped whole", "02:00-03:00", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-30T00:00:00Z"},
		{"before what is skipped whole", "02:00-03:00", "2026-03-29T00:59:59Z", "", "2026-03-29T01:00:00Z"},
		{"an end that is skipped", "01:30-02:30", "2026-03-29T00:45:00Z", "2026-03-29T01:30:00Z", "2026-03-29T23:30:00Z"},
		{"a beginning that is skipped", "02:30-05:00", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z", "2026-03-30T00:30:00Z"},
		{"twice, the first time", "02:00-03:00", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "2026-10-26T01:00:00Z"},
		{"an end that comes twice", "01:00-02:30", "2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z", "2026-10-26T00:00:00Z"},
		{"all day", "", "2026-10-25T01:29:59Z", "0001-01-01T00:00:00Z", "2026-10-25T01:29:59Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, loc := window(t, tc.window), zone(t, "Europe/Paris")
			end, ok := w.End(moment(t, tc.at), loc)
			if ok != (tc.end != "") || ok && end.Format(time.RFC3339) != tc.end || w.Contains(moment(t, tc.at), loc) != ok {
				t.Errorf("End is %s, %v, want %q", end, ok, tc.end)
			}
			if opens := w.Opens(moment(t, tc.at), loc); opens.Format(time.RFC3339) != tc.opens {
				t.Errorf("Opens is %s, want %s", opens, tc.opens)
			}
		})
	}
}

func TestSlotsInAWindow(t *testing.T) {
	for _, tc := range []struct {
		name, expr, window, from string
		want                     []string
	}{
		{"hours", "0 * * * *", "22:00-01:00", "2026-01-10T12:00:00Z",
			[]string{"2026-01-10T21:00:00Z", "2026-01-10T22:00:00Z", "2026-01-10T23:00:00Z", "2026-01-11T21:00:00Z"}},
		{"some hours", "30 */6 * * *", "05:00-13:00", "2026-01-10T12:00:00Z",
			[]string{"2026-01-11T05:30:00Z", "2026-01-11T11:30:00Z", "2026-01-12T05:30:00Z"}},
		{"elapsed time", "@every 8h", "22:00-06:00", "2026-01-10T12:00:00Z",
			[]string{"2026-01-11T00:00:00Z", "2026-01-12T00:00:00Z"}},
		{"a slot that is skipped with its window", "30 2 * * *", "02:00-03:00", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"what follows a skipped window is not in it", "15 2,3 * * *", "02:00-03:00", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-03-30T00:15:00Z"}},
		{"elapsed time in a window that comes twice", "15 * * * *", "02:00-02:30", "2026-10-24T22:00:00Z",
			[]string{"2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z", "2026-10-26T01:15:00Z"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, at := parse(t, tc.expr, "Europe/Paris").Within(window(t, tc.window)), moment(t, tc.from)
			for i, want := range tc.want {
				at = s.Next(at)
				if got := at.Format(time.RFC3339); got != want {
					t.Fatalf("slot %d is %s, want %s", i+1, got, want)
				}
				if !window(t, tc.window).Contains(at, zone(t, "Europe/Paris")) {
					t.Errorf("the window does not contain its slot %s", at)
				}
			}
		})
	}
}

func TestNever(t *testing.T) {
	from := moment(t, "2026-01-10T12:00:00Z")
	for _, tc := range []struct {
		expr, window string
		want         bool
	}{
		{"0 12 * * *", "22:00-06:00", true},
		{"@every 24h", "06:00-22:00", true},
		{"0 * * * *", "12:15-12:45", true},
		{"0 23 * * *", "22:00-06:00", false},
		{"0 0 29 2 *", "22:00-06:00", false},
		{"daily at 03:00", "", false},
	} {
		if got := parse(t, tc.expr, "").Within(window(t, tc.window)).Never(from); got != tc.want {
			t.Errorf("%q within %q: Never is %v", tc.expr, tc.window, got)
		}
	}
}

func window(t *testing.T, text string) cron.Window {
	t.Helper()
	w, err := cron.ParseWindow(text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := cron.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
