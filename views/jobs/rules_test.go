package jobs

import (
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

const day = 24 * time.Hour

func TestRetentionWords(t *testing.T) {
	for want, r := range map[string]models.Retention{
		"Everything is kept.": {},
		"The newest copy.":    {Last: 1},
		"The newest 1,000 copies and everything younger than 6 hours.":                                              {Last: 1000, Within: 6 * time.Hour},
		"The newest copy of each of the last 1 day.":                                                                {Daily: 1},
		"The newest copy of each of the last 24 hours, 7 days, 4 weeks, 12 months and 5 years.":                     {Hourly: 24, Daily: 7, Weekly: 4, Monthly: 12, Yearly: 5},
		"As many of the newest copies as fit into 200 GB.":                                                          {MaxSize: 200e9},
		"The newest 3 copies and the newest copy of each of the last 7 days, as far as all of it fits into 1.5 TB.": {Last: 3, Daily: 7, MaxSize: 1.5e12},
		"The newest 3 copies, the newest copy of each of the last 7 days and everything younger than 30 days.":      {Last: 3, Daily: 7, Within: 30 * day},
	} {
		if got := RetentionWords(r); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// What the form writes down for the configuration file, and for its own address, reads
// as the same rules.
func TestRulesReadAsTheyWereWritten(t *testing.T) {
	for _, r := range []models.Retention{
		{Last: 3, Hourly: 1, Daily: 7, Weekly: 4, Monthly: 12, Yearly: 1_000_000},
		{Within: 90 * time.Second}, {Within: 36 * time.Hour}, {Within: 14 * day},
		{MaxSize: 1}, {MaxSize: 999}, {MaxSize: 1024}, {MaxSize: 1_500_000_000}, {MaxSize: 512 << 20}, {MaxSize: 2 << 40}, {MaxSize: 12_345_000}, {MaxSize: 200e9},
	} {
		q := url.Values{tryName: {"1"}}
		for _, f := range fields {
			q.Set(f.name, f.text(r))
		}
		form := ParseRulesForm(q)
		got, problems := form.Retention()
		if got != r || len(problems) != 0 {
			t.Errorf("%+v is written as %s and read as %+v, %v", r, RetentionYAML(r), got, problems)
		}
		if again, _ := ParseRulesForm(form.Query()).Retention(); again != r {
			t.Errorf("the address of %+v reads as %+v", r, again)
		}
	}
}

func TestRulesOfDrivesThatHaveTheSame(t *testing.T) {
	job := models.Job{DriveIDs: []string{"a", "b", "c"}, Retention: models.Retention{Last: 2}, DriveRetention: map[string]models.Retention{"b": {Daily: 7}}}
	got := newRules(job, func(id string) string { return "drive " + id })
	want := []Rules{{"drive a and drive c", "The newest 2 copies."}, {"drive b", "The newest copy of each of the last 7 days."}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatGoesComesFirst(t *testing.T) {
	copies := func(remove ...bool) (all []models.CopyDecision) {
		for _, r := range remove {
			all = append(all, models.CopyDecision{Remove: r, DriveFile: models.DriveFile{Size: 10}})
		}
		return all
	}
	var all []models.BackupDecision
	for n, c := range [][]models.CopyDecision{copies(false, false), copies(true, false), copies(), copies(true, true), copies(true, true)} {
		all = append(all, models.BackupDecision{Backup: models.Backup{ID: strconv.Itoa(n)}, Copies: c})
	}
	order := ""
	for _, d := range removalsFirst(all) {
		order += d.Backup.ID
	}
	if order != "34102" {
		t.Errorf("order is %s, want 34102", order)
	}
	if p := newPlan(Facts{Plan: models.RetentionPlan{Backups: all}}, time.Now()); p.Removes.Copies != 5 || p.Removes.Bytes != 50 || p.Keeps.Copies != 3 {
		t.Errorf("sums are %+v and %+v", p.Removes, p.Keeps)
	}
}

func TestTheSameIsSaidOnceOfSeveralCopies(t *testing.T) {
	drives := map[string]models.Drive{"n": {ID: "n", Label: "nas"}, "c": {ID: "c", Label: "cellar"}, "u": {ID: "u", Label: "usb"}}
	decide := func(drive string, remove bool, reason string) models.CopyDecision {
		return models.CopyDecision{DriveFile: models.DriveFile{DriveID: drive}, Remove: remove, Reasons: []string{reason}}
	}
	row := newPlanRow(Facts{Drives: drives}, models.BackupDecision{Copies: []models.CopyDecision{
		decide("u", false, "it is locked"), decide("n", true, "no rule keeps it"), decide("c", true, "no rule keeps it"),
	}}, time.Now())
	var said []string
	for _, c := range row.Copies {
		said = append(said, human.List(c.Drives)+" "+c.verb()+": "+c.Reason)
	}
	if want := []string{"cellar and nas go: no rule keeps it", "usb stays: it is locked"}; !slices.Equal(said, want) {
		t.Errorf("it says %q, want %q", said, want)
	}
}
