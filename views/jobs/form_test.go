package jobs

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/views/layout"
)

// filled is a form that could be saved.
func filled(change map[string]string) Form {
	return NewForm("Europe/Paris").WithLabel("nightly").WithSource("shop").WithDrives([]string{"nas", "offsite"}).With(change)
}

func TestEveryChoiceOfWhenIsReadAgain(t *testing.T) {
	for expr, want := range map[string]map[string]string{
		"hourly":                            {"when": WhenHourly},
		"hourly at :05":                     {"when": WhenHourly, "minute": "05"},
		"daily at 03:00":                    {"when": WhenDaily, "at": "03:00"},
		"daily at 3:00":                     {"when": WhenDaily, "at": "03:00"},
		"weekly on monday, friday at 22:30": {"when": WhenWeekly, "at": "22:30", "weekdays": "monday\nfriday"},
		"Weekly on Fri and Mon at 22:30":    {"when": WhenWeekly, "weekdays": "monday\nfriday"},
		"monthly on 31 at 01:00":            {"when": WhenMonthly, "monthday": "31", "at": "01:00"},
		"monthly on the last day at 01:00":  {"when": WhenMonthly, "monthday": "last"},
		"0 3 * * 1-5":                       {"when": WhenCron, "cron": "0 3 * * 1-5"},
		"@every 6h":                         {"when": WhenCron, "cron": "@every 6h"},
		"weekly on someday at 03:00":        {"when": WhenCron},
		"":                                  {"when": WhenAsked},
	} {
		f := FormOf(models.PlanDraft{Label: "x", Fields: models.Settings{"schedule": expr}})
		for name, value := range want {
			if f[name] != value {
				t.Errorf("%q: %s is %q, want %q", expr, name, f[name], value)
			}
		}
		wrong := models.FieldErrors{}
		again := f.Schedule(wrong)
		if len(wrong) > 0 {
			t.Errorf("%q: %v", expr, wrong)
		}
		if expr == "" || strings.Contains(expr, "someday") {
			continue
		}
		from := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		before, err := cron.Parse(expr, "")
		if err != nil {
			t.Fatal(err)
		}
		after, err := cron.Parse(again, "")
		if err != nil {
			t.Errorf("%q is written as %q: %v", expr, again, err)
			continue
		}
		for range 10 {
			if at, same := before.Next(from), after.Next(from); !at.Equal(same) {
				t.Errorf("%q is written as %q, which runs at %s instead of %s", expr, again, same, at)
			}
			from = before.Next(from)
		}
	}
}

func TestWhatIsMissingIsNoted(t *testing.T) {
	for name, change := range map[string]Form{
		"at":                    filled(map[string]string{"at": "25:00"}),
		"weekdays":              filled(map[string]string{"when": WhenWeekly}),
		"cron":                  filled(map[string]string{"when": WhenCron}),
		"drill.schedule":        filled(map[string]string{"drills": drillsOwn}),
		"keep":                  filled(map[string]string{"keep": keepOwn}),
		"retention.max_size":    filled(map[string]string{"keep": keepOwn, "retention.max_size": "much"}),
		"encryption.recipients": filled(map[string]string{"encrypt": "keys"}),
		"label":                 without(filled(nil), "label"),
		"data_source":           without(filled(nil), "data_source"),
		"drives":                without(filled(nil), "drives"),
	} {
		if _, wrong := change.Draft(models.PlanDraft{}); len(wrong) != 1 || wrong[name] == "" {
			t.Errorf("%s: %v", name, wrong)
		}
	}
	if _, wrong := filled(nil).Draft(models.PlanDraft{}); len(wrong) != 0 {
		t.Errorf("nothing is missing: %v", wrong)
	}
}

func without(f Form, name string) Form {
	f = maps.Clone(f)
	delete(f, name)
	return f
}

func TestADraftComesBackAsItsForm(t *testing.T) {
	forms := map[string]Form{
		"as proposed": filled(nil),
		"by cron":     filled(map[string]string{"when": WhenCron, "cron": "0 3 * * *", "window": "22:00-06:00", "spread": "30m", "timeout": "6h", "compression": "gzip"}),
		"own rules":   filled(map[string]string{"keep": keepOwn, "retention.daily": "9", "retention.max_size": "2TB"}),
		"to keys":     filled(map[string]string{"encrypt": "keys", "encryption.recipients": "age1a\nage1b"}),
		"drills":      filled(map[string]string{"drills": drillsOwn, "drill.schedule": "daily at 07:00"}),
		"some drills": filled(map[string]string{"drills": "weekly on sunday at 06:00"}),
	}
	for _, p := range presets {
		forms["preset "+p.name] = filled(map[string]string{"keep": p.name})
	}
	for what, f := range forms {
		draft, wrong := f.Draft(models.PlanDraft{})
		again, _ := FormOf(draft).Draft(draft)
		if len(wrong) > 0 || !maps.Equal(draft.Fields, again.Fields) {
			t.Errorf("%s: %v comes back another", what, slices.Sorted(maps.Keys(draft.Fields)))
		}
		if got := FormOf(draft); got["keep"] != f["keep"] || got["when"] != f["when"] || got["encrypt"] != f["encrypt"] {
			t.Errorf("%s: the choices come back as %q, %q, %q", what, got["keep"], got["when"], got["encrypt"])
		}
	}
}

// A label may begin as another one does, with a dot after it.
func TestRulesGoWithTheirDrive(t *testing.T) {
	of := models.PlanDraft{Label: "nightly", Fields: models.Settings{"retention.drives.nas.daily": "3", "retention.drives.nas.old.daily": "3", "retention.drives.off.site.daily": "3"}}
	d, _ := filled(nil).WithDrives([]string{"nas", "off.site"}).Draft(of)
	for name, want := range map[string]string{"retention.drives.nas.daily": "3", "retention.drives.nas.old.daily": "", "retention.drives.off.site.daily": "3"} {
		if got := d.Fields[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestAFormKeepsListsAndLines(t *testing.T) {
	f := ParseForm(url.Values{"drives": {"nas", "off site"}, "weekdays": {"monday", "friday"}, "encryption.recipients": {"age1a\r\nage1b "}, "encryption.passphrase": {"secret"}, "unknown": {"x"}, "label": {" x "}})
	if got := f.Drives(); !slices.Equal(got, []string{"nas", "off site"}) {
		t.Errorf("drives are %q", got)
	}
	if f["encryption.recipients"] != "age1a\nage1b" || f.Label() != "x" || f["unknown"] != "" {
		t.Errorf("it holds %v", slices.Sorted(maps.Keys(f)))
	}
	if _, there := f["encryption.passphrase"]; there {
		t.Error("the passphrase is in the form")
	}
}

func TestProblemsStandWhereTheyComeFrom(t *testing.T) {
	for when, name := range map[string]string{WhenHourly: "minute", WhenDaily: "at", WhenWeekly: "at", WhenMonthly: "at", WhenCron: "cron", WhenAsked: "when"} {
		v := NewFormView(layout.Page{}, FormFacts{Form: filled(map[string]string{"when": when}), Problems: models.FieldErrors{"schedule": "is wrong"}})
		if got := v.Field(name).Problem; got != "Is wrong." {
			t.Errorf("%s: %q at %s", when, got, name)
		}
	}
	v := NewFormView(layout.Page{}, FormFacts{Form: filled(nil), Problems: models.FieldErrors{"": "the source is gone", "tmp_folder": "names nothing", "timezone": "no"}})
	for _, want := range []string{"The source is gone.", "Names nothing.", "Look at 1 field below"} {
		if !strings.Contains(v.Problem, want) {
			t.Errorf("the summary %q does not say %q", v.Problem, want)
		}
	}
}

func TestThePreviewCountsInUnitsOfPeople(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "", 30 * time.Second: "", time.Minute: "1 minute", 22 * time.Hour: "22 hours", day: "1 day", 6 * day: "6 days", 7 * day: "7 days", 14 * day: "2 weeks",
		31 * day: "4 weeks", 61 * day: "2 months", 334 * day: "11 months", 365 * day: "1 year", 364 * day: "1 year", 730 * day: "2 years",
	} {
		if got := back(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestThePreviewSaysHowFarItLooked(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	runs := func(n int, every time.Duration) models.Forecast {
		f := models.Forecast{Runs: n, First: now, Last: now.Add(time.Duration(n-1) * every)}
		for i := range 3 {
			f.Kept = append(f.Kept, f.Last.Add(-time.Duration(i)*every))
		}
		return f
	}
	for want, facts := range map[string]PreviewFacts{
		"After a year of such runs, 365 of them, 3 backups stay, the oldest 2 days old.":                                                                        {Forecast: runs(365, 24*time.Hour)},
		"After 6 days of such runs, 9,000 of them, 3 backups stay, the oldest 2 minutes old: about 30 kB on each drive, if each is as large as the newest one.": {Forecast: runs(9000, time.Minute), Size: 10_000},
		"After 2 days of such runs, 3 of them, all are still there.":                                                                                            {Forecast: runs(3, 24*time.Hour)},
		"": {Forecast: models.Forecast{Runs: 1}},
	} {
		facts.Zone = time.UTC
		if got := NewPreview(facts, now).Stays; got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}

// The passphrase of a job goes with it, and its backups are worth nothing without.
func TestDeletingAnEncryptedJobSaysThatItsKeyGoes(t *testing.T) {
	for want, e := range map[string]models.Encryption{
		"restored as before.": {}, "who has the passphrase. What": {Passphrase: true}, "who has the private key. What": {Recipients: []string{"age1"}},
	} {
		if got := StaysWords(models.Job{Encryption: e}, 2, nil); !strings.Contains(got, want) {
			t.Errorf("%+v: %s", e, got)
		}
	}
}
