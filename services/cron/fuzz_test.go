package cron_test

import (
	"errors"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

// fuzzZones have what is rare: a half hour, a change at midnight, a day that was left out.
var fuzzZones = []string{"", "UTC", "Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "no zone"}

func FuzzParse(f *testing.F) {
	for i, expr := range []string{"", "* * * * *", "0 3 * * *", "*/7 1-5,9 * jan-mar mon", "30 15 * * * *", "59 59 23 31 12 7", "0 0 29 2 *", "0 0 31 2 *", "0 0 30 2 1",
		"@daily", "@every 6h", "*/5 * * * * *", "0 0 * * 1-7/2", "TZ=", "@every 1s", "@every 2540400h", "@every -1h", "@every 1ns", "@reboot", "TZ=UTC * * * * *", "hourly", "hourly at :59", "daily at 03:00", "daily at 24:00",
		"weekly on mon, thu and sunday at 3:05", "weekly on  at 03:00", "monthly on the 31st at 00:00", "monthly on the last day at 23:59", "monthly on 0 at 01:00",
		"*/0 * * * *", "0/0 * * * *", "1-0 * * * *", "99999999999999999999 * * * *", "1-2-3 * * * *", "? ? ? ? ?", "*/18446744073709551615 * * * *", "\x00 * * * *", "é * * * *", "- - - - -",
		"0-59/1,0-59/1,0-59/1 * * * *", "@", "@every ", "daily\tat\n03:00"} {
		f.Add(expr, uint8(i), "", int64(1_790_000_000))
		f.Add(expr, uint8(i+3), "22:00-06:00", int64(951_782_400))
	}
	f.Add("0 * * * *", uint8(2), "02:30-02:31", int64(1_774_746_000))
	f.Fuzz(func(t *testing.T, expr string, zone uint8, window string, from int64) {
		_ = cron.Describe(expr)
		w, err := cron.ParseWindow(window)
		if err != nil {
			wantInvalid(t, err)
			w = cron.Window{}
		}
		if again, err := cron.ParseWindow(w.String()); err != nil || again != w {
			t.Fatalf("the window %q is written as %q: %v", window, w, err)
		}
		s, err := cron.Parse(expr, fuzzZones[int(zone)%len(fuzzZones)])
		if err != nil {
			wantInvalid(t, err)
			return
		}
		// From 1970 to 2199, beyond which zones have no changes.
		at := time.Unix((from&(1<<62-1))%7_258_118_400, 0)
		if s.Next(at).IsZero() {
			t.Fatalf("%q is taken and never comes round after %s", expr, at.UTC())
		}
		s = s.Within(w)
		_ = s.Never(at)
		for range 3 {
			next := s.Next(at)
			if next.IsZero() {
				break // there is none in the window
			}
			if !next.After(at) || next.Nanosecond() != 0 {
				t.Fatalf("%q within %q has %s after %s", expr, w, next, at.UTC())
			}
			at = next
		}
	})
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	var fault *models.Fault
	if !errors.As(err, &fault) || !errors.Is(err, models.ErrInvalid) {
		t.Fatalf("%v is no sentence for a person", err)
	}
}
