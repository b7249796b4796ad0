package cron_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

func TestParseReads(t *testing.T) {
	after := time.Date(2026, 3, 3, 10, 20, 30, 0, time.UTC) // a Tuesday
	for _, tc := range []struct{ expr, zone, want string }{
		{"0 3 * * *", "", "2026-03-04T03:00:00Z"},
		{"  0   3 * * *  ", "", "2026-03-04T03:00:00Z"},
		{"15 0 3 * * *", "", "2026-03-04T03:00:15Z"},
		{"*/20 * * * * *", "", "2026-03-03T10:20:40Z"},
		{"0 3 * * *", "Europe/Paris", "2026-03-04T02:00:00Z"},
		{"30 9 * * *", "Asia/Kolkata", "2026-03-04T04:00:00Z"},
		{"0 6 * * 0", "", "2026-03-08T06:00:00Z"},
		{"0 6 * * 7", "", "2026-03-08T06:00:00Z"},
		{"0 6 * * 5-7", "", "2026-03-06T06:00:00Z"},
		{"0 6 * * SUN", "", "2026-03-08T06:00:00Z"},
		{"0 0 1 jan *", "", "2027-01-01T00:00:00Z"},
		{"0 0 29 2 *", "", "2028-02-29T00:00:00Z"},
		{"0,30 * * * *", "", "2026-03-03T10:30:00Z"},
		{"@daily", "America/New_York", "2026-03-04T05:00:00Z"},
		{"@hourly", "", "2026-03-03T11:00:00Z"},
		{"@weekly", "", "2026-03-08T00:00:00Z"},
		{"@monthly", "", "2026-04-01T00:00:00Z"},
		{"@yearly", "", "2027-01-01T00:00:00Z"},
		{"@every 6h", "Europe/Paris", "2026-03-03T12:00:00Z"},
	} {
		s, err := cron.Parse(tc.expr, tc.zone)
		if err != nil {
			t.Errorf("Parse(%q, %q): %v", tc.expr, tc.zone, err)
			continue
		}
		next := s.Next(after)
		if got := next.Format(time.RFC3339Nano); got != tc.want || next.Location() != time.UTC {
			t.Errorf("Parse(%q, %q).Next = %s, want %s", tc.expr, tc.zone, got, tc.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ expr, zone, want string }{
		{"", "", "0 fields"},
		{"3", "", "1 field:"},
		{"0 3 * *", "", "4 fields"},
		{"0 0 0 3 * * *", "", "7 fields"},
		{"60 3 * * *", "", `the minute field "60"`},
		{"0 24 * * *", "", `the hour field "24"`},
		{"0 3 0 * *", "", `the day of month field "0"`},
		{"0 3 * 13 *", "", `the month field "13"`},
		{"0 3 * * 8", "", `the day of week field "8"`},
		{"0 3 * * mond", "", `the day of week field "mond"`},
		{"61 0 3 * * *", "", `the second field "61"`},
		{"0 3,, * * *", "", `the hour field "3,,"`},
		{"0 5-3 * * *", "", `the hour field "5-3"`},
		{"0 *-5 * * *", "", `the hour field "*-5"`},
		{"*/0 * * * *", "", `the minute field "*/0"`},
		{"-1 * * * *", "", `the minute field "-1"`},
		{"0 0 30 2 *", "", "never comes round"},
		{"@dayly", "", "@daily"},
		{"@every", "", "@every 6h"},
		{"@every soon", "", "@every 6h"},
		{"@every 100ms", "", "whole seconds"},
		{"@every -1h", "", "whole seconds"},
		{"TZ=Europe/Paris 0 3 * * *", "", "under timezone"},
		{"CRON_TZ=Europe/Paris", "", "under timezone"},
		{"0 3 * * *", "Europe/Pari", `no time zone "Europe/Pari"`},
		{"0 3 * * *", "Local", `no time zone "Local"`},
		{"0 3 * * *", "../etc/passwd", "no time zone"},
	} {
		_, err := cron.Parse(tc.expr, tc.zone)
		if !errors.Is(err, models.ErrInvalid) {
			t.Errorf("Parse(%q, %q) = %v, want ErrInvalid", tc.expr, tc.zone, err)
			continue
		}
		if !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Parse(%q, %q) = %q, want it to contain %q", tc.expr, tc.zone, err, tc.want)
		}
	}
}
