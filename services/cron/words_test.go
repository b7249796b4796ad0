package cron_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

func TestPlainWords(t *testing.T) {
	for _, tc := range []struct {
		words string
		want  []string // after Tuesday 3 February 2026, 10:20:30 in UTC
	}{
		{"hourly", []string{"2026-02-03T11:00:00Z", "2026-02-03T12:00:00Z"}},
		{"Hourly at :15", []string{"2026-02-03T11:15:00Z", "2026-02-03T12:15:00Z"}},
		{"daily at 03:00", []string{"2026-02-04T03:00:00Z", "2026-02-05T03:00:00Z"}},
		{"  DAILY   at 3:05 ", []string{"2026-02-04T03:05:00Z"}},
		{"weekly on monday at 03:00", []string{"2026-02-09T03:00:00Z", "2026-02-16T03:00:00Z"}},
		{"weekly on mon, thu at 03:00", []string{"2026-02-05T03:00:00Z", "2026-02-09T03:00:00Z"}},
		{"weekly on Sunday and Wednesday at 23:59", []string{"2026-02-04T23:59:00Z", "2026-02-08T23:59:00Z"}},
		{"monthly on 1 at 03:00", []string{"2026-03-01T03:00:00Z", "2026-04-01T03:00:00Z"}},
		{"monthly on the 3rd at 10:20", []string{"2026-03-03T10:20:00Z"}},
		{"monthly on 3 at 10:21", []string{"2026-02-03T10:21:00Z"}},
		{"monthly on 30 at 03:00", []string{"2026-02-28T03:00:00Z", "2026-03-30T03:00:00Z"}},
		{"monthly on 31 at 03:00", []string{"2026-02-28T03:00:00Z", "2026-03-31T03:00:00Z", "2026-04-30T03:00:00Z"}},
		{"monthly on the last day at 03:00", []string{"2026-02-28T03:00:00Z", "2026-03-31T03:00:00Z", "2026-04-30T03:00:00Z"}},
	} {
		s, at := parse(t, tc.words, ""), moment(t, "2026-02-03T10:20:30Z")
		for i, want := range tc.want {
			at = s.Next(at)
			if got := at.Format(time.RFC3339); got != want {
				t.Errorf("%q: slot %d is %s, want %s", tc.words, i+1, got, want)
			}
		}
	}
	leap := parse(t, "monthly on 31 at 02:30", "Europe/Paris")
	if got := leap.Next(moment(t, "2028-02-10T00:00:00Z")).Format(time.RFC3339); got != "2028-02-29T01:30:00Z" {
		t.Errorf("the last day of February 2028 is %s", got)
	}
}

func TestPlainWordsRefused(t *testing.T) {
	for words, want := range map[string]string{
		"daily":                              "daily at 03:00",
		"daily at noon":                      "daily at 03:00",
		"daily at 24:00":                     "no clock shows",
		"daily at 03:60":                     "no clock shows",
		"hourly at :60":                      "no clock shows",
		"hourly at 15":                       "hourly at :15",
		"weekly at 03:00":                    "weekly on monday",
		"weekly on moonday at 03:00":         `"moonday"`,
		"weekly on mon,, thu at 03:00":       `""`,
		"monthly on 0 at 03:00":              "no month has",
		"monthly on 32 at 03:00":             "no month has",
		"monthly on monday at 03:00":         "monthly on 1",
		"monthly on 1 at 03:00 every day or": "monthly on 1",
	} {
		if _, err := cron.Parse(words, ""); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want it to contain %q", words, err, want)
		}
		if got := cron.Describe(words); got != "" {
			t.Errorf("Describe(%q) = %q", words, got)
		}
	}
}

func TestDescribe(t *testing.T) {
	for expr, want := range map[string]string{
		"daily at 3:05": "every day at 03:05", "hourly": "every hour", "hourly at :05": "every hour at :05",
		"weekly on thu and mon at 03:00": "every Monday and Thursday at 03:00", "monthly on 2 at 03:00": "on the 2nd of every month at 03:00",
		"monthly on 30 at 03:00": "on the 30th of every month, or on its last day, at 03:00", "monthly on 31 at 03:00": "on the last day of every month at 03:00",
		"monthly on the last day at 23:00": "on the last day of every month at 23:00",

		"0 3 * * *": "every day at 03:00", " 0  3 * * * ": "every day at 03:00", "15 30 3 * * *": "every day at 03:30:15", "0 0 3 * * *": "every day at 03:00",
		"* * * * *": "every minute", "*/15 * * * *": "every 15 minutes", "*/1 * * * *": "every minute", "*/7 * * * *": "", "0 * * * *": "every hour",
		"5 * * * *": "every hour at :05", "0 */6 * * *": "every 6 hours", "0 */5 * * *": "", "15 0 * * * *": "",
		"0 6 * * 0": "every Sunday at 06:00", "0 6 * * 7": "every Sunday at 06:00", "0 6 * * mon-FRI": "every day from Monday to Friday at 06:00",
		"0 6 * * 5-7": "every Friday, Saturday and Sunday at 06:00", "0 6 * * 1,3": "every Monday and Wednesday at 06:00", "0 6 * * */2": "",
		"0 6 11 * *": "on the 11th of every month at 06:00", "0 6 31 * *": "on the 31st of every month that has one at 06:00",
		"0 6 1 1 *": "every year on 1 January at 06:00", "0 6 1 * 1": "", "0 6 1,15 * *": "", "0 1-5 * * *": "", "0,30 3 * * *": "",
		"@daily": "every day at 00:00", "@hourly": "every hour", "@weekly": "every Sunday at 00:00", "@monthly": "on the 1st of every month at 00:00",
		"@yearly": "every year on 1 January at 00:00", "@every 6h": "every 6 hours", "@every 90m": "every 90 minutes", "@every 1h": "every hour", "@every 45s": "every 45 seconds",
		"": "", "61 * * * *": "", "rubbish": "",
	} {
		if got := cron.Describe(expr); got != want {
			t.Errorf("Describe(%q) = %q, want %q", expr, got, want)
		}
	}
}
