package landing

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// rowsOf builds the rows of some jobs.
func rowsOf(facts Facts) []Row { return NewBuild(facts, now).Rows }

func TestRowsSayThePlainVerdict(t *testing.T) {
	proven, newer := backup(models.StatusFinished, 12*time.Hour, true), backup(models.StatusFinished, time.Hour, false)
	failed, pending := backup(models.StatusFailed, time.Hour, false), backup(models.StatusPending, 0, false)
	wrong := backup(models.StatusFinished, time.Hour, false)
	wrong.DisprovenAt = &now
	partly := backup(models.StatusPending, time.Hour, false)
	partly.DriveFiles = []models.DriveFile{{Status: models.StatusFinished}}
	late := job("late", "shop", proven)
	slot := now.Add(-9 * time.Hour)
	late.Due = &slot
	behind := job("a", "shop", newer)
	behind.NewestProven = proven
	again := job("a", "shop", pending)
	again.NewestFinished, again.NewestProven = proven, proven
	paused := job("a", "shop", proven)
	paused.Job.PausedAt = &now
	sealed := job("a", "shop", backup(models.StatusFinished, time.Hour, false))
	sealed.NewestFinished.Encryption = models.EncryptionAge
	for name, c := range map[string]struct {
		jobs               []JobFacts
		chip, reason, mend string
	}{
		"proven":                    {[]JobFacts{job("a", "shop", proven)}, "Proven 6 h ago", "found equal, table by table", ""},
		"a newer one is not proven": {[]JobFacts{behind}, "Proven 6 h ago", "The newest, of 1 h ago, is not proven yet.", "Drill now"},
		"a second job never ran":    {[]JobFacts{job("a", "shop", proven), job("b", "shop", nil)}, "Proven 6 h ago", "found equal", ""},
		"not proven":                {[]JobFacts{job("a", "shop", newer)}, "Backed up, not proven", "No test restore has proven it yet.", "Drill now"},
		"encrypted, not proven":     {[]JobFacts{sealed}, "Backed up, not proven", "No test restore", "Drill now"},
		"overdue":                   {[]JobFacts{late}, "Overdue", "A backup was due 9 h ago and was not made.", ""},
		"failing":                   {[]JobFacts{job("a", "shop", failed)}, "Failing", "The last run failed 1 h ago. There is nothing to restore from.", "Retry"},
		"one of two is failing":     {[]JobFacts{job("a", "shop", proven), job("b", "shop", failed)}, "Failing", "b: The last run failed", "Retry"},
		"disproven":                 {[]JobFacts{job("a", "shop", wrong)}, "Disproven", "is not equal to what was dumped", "See what happened"},
		"never":                     {[]JobFacts{job("a", "shop", nil)}, "Never backed up", "nothing to restore from yet", ""},
		"a run changes nothing yet": {[]JobFacts{again}, "Proven 6 h ago", "found equal", ""},
		"the first run":             {[]JobFacts{job("a", "shop", pending)}, "Running", "A run is under way.", ""},
		"first run beside never":    {[]JobFacts{job("a", "shop", nil), job("b", "shop", partly)}, "Running", "One copy of it is good", ""},
		"paused":                    {[]JobFacts{paused}, "Proven 6 h ago", "found equal", "Resume"},
		"no job":                    {nil, "Unprotected", "No job backs it up.", "Set up a job"},
	} {
		t.Run(name, func(t *testing.T) {
			row := rowsOf(Facts{Jobs: c.jobs, Sources: []models.Source{{ID: "shop", Label: "shop", Provider: "sqlite"}}})[0]
			chip := strings.TrimSpace(row.Chip.Text + " " + row.Chip.Since.Words)
			if chip != c.chip || !strings.Contains(row.Reason, c.reason) || row.Name != "shop" {
				t.Errorf("%s is %q: %s", row.Name, chip, row.Reason)
			}
			if got := strings.Join(buttons(row), ", "); got != c.mend {
				t.Errorf("it is mended by %q, want %q", got, c.mend)
			}
		})
	}
}

// buttons are what mends a database and its jobs, beside running them.
func buttons(r Row) (labels []string) {
	all := []*Button{r.Mend}
	for _, j := range r.Jobs {
		all = append(all, j.Mend)
	}
	for _, b := range all {
		switch {
		case b == nil:
		case b.Act != nil:
			labels = append(labels, b.Act.Label)
		default:
			labels = append(labels, b.Label)
		}
	}
	return labels
}

func TestTheWorstRowsComeFirst(t *testing.T) {
	late := job("late", "d-late", backup(models.StatusFinished, 90*time.Hour, true))
	slot := now.Add(-9 * time.Hour)
	late.Due = &slot
	var order []string
	for _, r := range rowsOf(Facts{
		Jobs: []JobFacts{job("p", "h-proven", backup(models.StatusFinished, time.Hour, true)), job("u", "g-unproven", backup(models.StatusFinished, time.Hour, false)), late,
			job("n", "e-never", nil), job("f", "a-failing", backup(models.StatusFailed, time.Hour, false)), job("r", "f-running", backup(models.StatusPending, 0, false))},
		Sources: []models.Source{{ID: "x", Label: "b-bare"}, {ID: "h-proven", Label: "h-proven"}},
	}) {
		order = append(order, r.Name)
	}
	if got, want := strings.Join(order, " "), "a-failing b-bare d-late e-never f-running g-unproven h-proven"; got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
}

func TestCopiesInTroubleAreToned(t *testing.T) {
	b := backup(models.StatusFailed, time.Hour, false)
	b.DumpedAt = &now
	b.DriveFiles = []models.DriveFile{{DriveID: "1", Status: models.StatusFinished}, {DriveID: "2", Status: models.StatusFailed}, {DriveID: "3", Status: models.StatusFinished}, {DriveID: "4", Status: models.StatusFinished}, {DriveID: "1", Status: models.StatusPending}}
	drives := []DriveFacts{{ID: "1", Label: "nas"}, {ID: "2", Label: "cloud", Trouble: true, NeedsSignIn: true}, {ID: "3", Label: "usb", Trouble: true}}
	row := rowsOf(Facts{Jobs: []JobFacts{job("a", "shop", b)}, Drives: drives})[0]
	var got []string
	for _, c := range row.Copies {
		got = append(got, c.Drive+" "+string(c.Tone))
	}
	if want := "nas quiet, cloud bad, usb warn, a drive that is gone warn, nas busy"; strings.Join(got, ", ") != want {
		t.Errorf("the copies are %s, want %s", strings.Join(got, ", "), want)
	}
	if got := strings.Join(buttons(row), ", "); got != "Sign in to cloud" {
		t.Errorf("it is mended by %q", got)
	}
	b.DriveFiles[1].DriveID = "3"
	if got := strings.Join(buttons(rowsOf(Facts{Jobs: []JobFacts{job("a", "shop", b)}, Drives: drives})[0]), ", "); got != "Make the missing copies" {
		t.Errorf("without a sign-in it is mended by %q", got)
	}
}

func TestTheTopCountsEverything(t *testing.T) {
	s := NewBuild(Facts{
		Jobs:    []JobFacts{job("a", "shop", backup(models.StatusFinished, time.Hour, true))},
		Sources: []models.Source{{ID: "shop", Label: "shop"}, {ID: "wiki", Label: "wiki"}},
		Drives:  []DriveFacts{{Label: "nas", Free: 1e12, Total: 4e12, Bytes: 3e9}, {Label: "cloud", Free: -1, Total: -1, Bytes: 2e9}, {Label: "usb", Free: 1e9, Total: 1e11}},
		Pasts:   map[string]Past{"shop": {Good: 199, Bad: 1}, "wiki": {}},
	}, now).Summary
	if s.Answer != "Only partly" || !strings.Contains(s.Detail, "wiki") {
		t.Errorf("it answers %s: %s", s.Answer, s.Detail)
	}
	var got []string
	for _, f := range s.Facts[:3] {
		got = append(got, f.Value+" ("+f.Note+")")
	}
	if want := "1 of 2 (1 of 2 backed up), 5.0 GB (on 2 drives), 99 % (199 of 200 runs)"; strings.Join(got, ", ") != want {
		t.Errorf("the numbers are %s, want %s", strings.Join(got, ", "), want)
	}
	var room []string
	for _, d := range s.Room {
		room = append(room, d.Label+" "+d.Room)
	}
	if want := "usb 1.0 GB free, nas 1.0 TB free, cloud size not told"; strings.Join(room, ", ") != want {
		t.Errorf("the drives are %s, want %s", strings.Join(room, ", "), want)
	}
	if usb := s.Room[0].Meter; usb == nil || usb.Tone != components.ToneBad || s.Room[2].Meter != nil {
		t.Errorf("the meters are %+v and %+v", usb, s.Room[2].Meter)
	}
	for want, c := range map[string][2]int{"100 %": {5, 5}, "0 %": {0, 5}, "under 1 %": {1, 200}, "99 %": {999, 1000}} {
		if got := percent(c[0], c[1]); got != want {
			t.Errorf("%d of %d is %s, want %s", c[0], c[1], got, want)
		}
	}
}

func TestThePastOfADatabase(t *testing.T) {
	at := func(daysAgo, hour int) time.Time { return time.Date(2026, 11, 23-daysAgo, hour, 0, 0, 0, time.UTC) }
	run := func(id string, when time.Time, status models.Status, size int64) models.RunPoint {
		end := when.Add(time.Minute)
		return models.RunPoint{ID: id, Status: status, CreatedAt: when, StartedAt: &when, SettledAt: &end, RawSize: size}
	}
	proven, wrong := run("3", at(1, 9), models.StatusFinished, 30), run("5", at(0, 5), models.StatusFinished, 50)
	proven.ProvenAt, wrong.DisprovenAt = &now, &now
	stopped, stoppedAgain := run("6", at(3, 4), models.StatusFailed, 1), run("7", at(2, 4), models.StatusFailed, 1)
	stopped.CancelAskedAt, stoppedAgain.CancelAskedAt = &now, &now
	p := NewPast([]models.Job{{ID: "a"}, {ID: "b"}, {ID: "c"}}, map[string]Runs{
		"c": {Points: []models.RunPoint{stopped, stoppedAgain}},
		"a": {Points: []models.RunPoint{run("1", at(2, 3), models.StatusFinished, 10), run("2", at(1, 3), models.StatusFinished, 20), proven, wrong}},
		"b": {Points: []models.RunPoint{run("4", at(5, 3), models.StatusFailed, 1)}, Missed: []models.Missed{{Last: at(4, 3)}}},
	}, now)
	if p.Good != 3 || p.Bad != 2 || len(p.Days) != PastDays {
		t.Errorf("%d good and %d bad on %d days", p.Good, p.Bad, len(p.Days))
	}
	var days []string
	for _, d := range p.Days[24:] {
		days = append(days, d.Outcome.String())
	}
	if got, want := strings.Join(days, ", "), "failed, missed, cancelled, backed up, proven, failed"; got != want {
		t.Errorf("the days are %s, want %s", got, want)
	}
	if len(p.Sizes) != 3 || p.Sizes[0] != 10 || p.Sizes[1] != 30 || p.Sizes[2] != 50 || p.Took[0] != 60 {
		t.Errorf("the sizes are %v, and the durations %v", p.Sizes, p.Took)
	}
	if empty := NewPast(nil, nil, now); len(empty.Days) != 0 || empty.Good != 0 {
		t.Errorf("no job has the past %+v", empty)
	}
}
