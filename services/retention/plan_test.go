package retention

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// made is a good backup of a moment in RFC 3339, on the drive "nas".
func made(id, at string) models.Backup {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	return models.Backup{ID: id, CreatedAt: t, DumpedAt: &t, Status: models.StatusFinished,
		DriveFiles: []models.DriveFile{{ID: id, BackupID: id, DriveID: "d", Status: models.StatusFinished, Size: 100e6}}}
}

// told is what a plan says of each copy, newest first.
func told(p models.RetentionPlan) []string {
	var lines []string
	for _, b := range p.Backups {
		for _, c := range b.Copies {
			sign := "+"
			if c.Remove {
				sign = "-"
			}
			lines = append(lines, fmt.Sprintf("%s %s: %s", sign, c.DriveFile.ID, strings.Join(c.Reasons, ", ")))
		}
	}
	return lines
}

func TestWhatThePlanSays(t *testing.T) {
	seen := time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		rules   models.Retention
		zone    string
		backups []models.Backup
		change  func(b []models.Backup)
		want    []string
	}{
		"days of the job's zone": {models.Retention{Daily: 2}, "Europe/Paris",
			[]models.Backup{made("a", "2026-11-25T22:30:00Z"), made("b", "2026-11-24T23:30:00Z"), made("c", "2026-11-24T22:30:00Z")}, nil,
			[]string{"+ a: newest good copy on nas, newest of Wednesday 25 November (day 1 of 2)", "- b: no rule of retention keeps it",
				"+ c: newest of Tuesday 24 November (day 2 of 2)"}},
		"an hour that comes twice": {models.Retention{Hourly: 2}, "Europe/Paris",
			[]models.Backup{made("a", "2026-10-25T01:30:00Z"), made("b", "2026-10-25T00:30:00Z")}, nil,
			[]string{"+ a: newest good copy on nas, newest of 25 October from 02:00 (hour 1 of 2)", "+ b: newest of 25 October from 02:00 (hour 2 of 2)"}},
		"weeks of the turn of the year": {models.Retention{Weekly: 2}, "",
			[]models.Backup{made("a", "2027-01-03T12:00:00Z"), made("b", "2026-12-28T12:00:00Z"), made("c", "2026-12-27T12:00:00Z")}, nil,
			[]string{"+ a: newest good copy on nas, newest of week 53 of 2026 (week 1 of 2)", "- b: no rule of retention keeps it",
				"+ c: newest of week 52 of 2026 (week 2 of 2)"}},
		"months and years": {models.Retention{Monthly: 1, Yearly: 2}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2025-06-01T12:00:00Z"), made("c", "2024-06-01T12:00:00Z")}, nil,
			[]string{"+ a: newest good copy on nas, newest of November 2026 (month 1 of 1), newest of 2026 (year 1 of 2)",
				"+ b: newest of 2025 (year 2 of 2)", "- c: no rule of retention keeps it"}},
		"age and number": {models.Retention{Last: 2, Within: 30 * 24 * time.Hour}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2026-11-01T12:00:00Z"), made("c", "2026-11-01T11:00:00Z"), made("d", "2026-10-01T11:00:00Z")}, nil,
			[]string{"+ a: newest good copy on nas, one of the last 2, younger than 30 days", "+ b: one of the last 2, younger than 30 days",
				"+ c: younger than 30 days", "- d: no rule of retention keeps it"}},
		"a size": {models.Retention{MaxSize: 250e6}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2026-11-24T12:00:00Z"), made("c", "2026-11-23T12:00:00Z")}, nil,
			[]string{"+ a: newest good copy on nas, within 250 MB with the newer ones", "+ b: within 250 MB with the newer ones", "- c: more than 250 MB with the newer ones"}},
		"no rules": {models.Retention{}, "", []models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2016-11-25T12:00:00Z")}, nil,
			[]string{"+ a: newest good copy on nas, no rules hold for nas, where all is kept", "+ b: no rules hold for nas, where all is kept"}},
		"the floor": {models.Retention{Last: 1}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2026-11-24T12:00:00Z"), made("c", "2026-11-23T12:00:00Z"), made("d", "2026-11-22T12:00:00Z"), made("e", "2026-11-21T12:00:00Z")},
			func(b []models.Backup) {
				b[1].ProvenAt, b[2].PinnedAt, b[3].DriveFiles[0].LockedUntil = &seen, &b[2].CreatedAt, &seen
				b[4].PinnedAt, b[4].PinnedUntil = &seen, &seen
			},
			[]string{"+ a: newest good copy on nas, the last one", "+ b: newest proven backup", "+ c: pinned", "+ d: locked by the provider until 2 March 2027, 00:00", "+ e: pinned until 1 March 2027"}},
		"the last good copy": {models.Retention{Within: time.Hour}, "", []models.Backup{made("a", "2016-11-25T12:00:00Z")}, nil, []string{"+ a: last good copy on nas"}},
		"what a drill found wrong": {models.Retention{Last: 9}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2026-11-24T12:00:00Z"), made("c", "2026-11-23T12:00:00Z")},
			func(b []models.Backup) { b[0].DisprovenAt, b[2].DisprovenAt = &seen, &seen },
			[]string{"+ a: a drill found it wrong, and nas has no newer good copy", "+ b: last good copy on nas, one of the last 9", "- c: a drill found it wrong, and nas has a newer good copy"}},
		"what failed": {models.Retention{Last: 1}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2026-11-24T12:00:00Z"), made("c", "2026-11-23T12:00:00Z")},
			func(b []models.Backup) {
				for i := range b[1:] {
					b[i+1].Status = models.StatusFailed
					b[i+1].DriveFiles[0].Status = models.StatusFailed
				}
				b[1].DriveFiles[0].HealAt = &seen
			},
			[]string{"+ a: last good copy on nas, the last one", "+ b: failed, and is made again by itself", "- c: failed, and all that is kept is younger"}},
		"a newest run that failed": {models.Retention{Last: 1}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z"), made("b", "2026-11-24T12:00:00Z")},
			func(b []models.Backup) {
				b[0].Status, b[0].DriveFiles[0].Status = models.StatusFailed, models.StatusFailed
			},
			[]string{"+ a: failed, and an older backup is kept", "+ b: last good copy on nas, the last one"}},
		"nothing but failures": {models.Retention{Last: 1}, "",
			[]models.Backup{made("a", "2026-11-25T12:00:00Z")},
			func(b []models.Backup) {
				b[0].Status, b[0].DriveFiles[0].Status = models.StatusFailed, models.StatusFailed
			},
			[]string{"+ a: failed, and there is no good copy yet"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.change != nil {
				c.change(c.backups)
			}
			s := models.RetentionSnapshot{Job: models.Job{Label: "nightly", Retention: c.rules, Timezone: c.zone}, Backups: c.backups, Drives: map[string]string{"d": "nas"}}
			now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
			if got := told(Plan(s, PlanOptions{Now: now})); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// Who copies a folder on a drive and adopts it has two copies of one backup there. They are
// one backup for the rules, and both are gone when it is deleted.
func TestTwoCopiesOnOneDriveAreOneBackup(t *testing.T) {
	twice := func(id, at string) models.Backup {
		b := made(id, at)
		second := b.DriveFiles[0]
		second.ID += "2"
		b.DriveFiles = append(b.DriveFiles, second)
		return b
	}
	s := models.RetentionSnapshot{Backups: []models.Backup{twice("a", "2026-11-25T12:00:00Z"), twice("b", "2026-11-24T12:00:00Z"), made("c", "2026-11-23T12:00:00Z")},
		Drives: map[string]string{"d": "nas"}, Job: models.Job{Label: "nightly", Retention: models.Retention{Last: 2}}}
	want := []string{"+ a: newest good copy on nas, one of the last 2", "+ a2: one of the last 2", "+ b: one of the last 2", "+ b2: one of the last 2",
		"- c: no rule of retention keeps it"}
	if got := told(Plan(s, PlanOptions{Now: s.Backups[0].CreatedAt})); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	s.Backups = s.Backups[:1]
	d, _ := New(Options{}).deletion(s, "a")
	if !slices.Equal(d.Dear, []string{"the last good copy on nas"}) {
		t.Errorf("deleting the only backup on a drive would cost %q", d.Dear)
	}
}

// A drive with rules of its own keeps by those, and a failed copy stays as long as another
// of its backup is good.
func TestDrivesWithRulesOfTheirOwn(t *testing.T) {
	a, b := made("a", "2026-11-25T12:00:00Z"), made("b", "2026-11-24T12:00:00Z")
	for _, of := range []*models.Backup{&a, &b} {
		of.DriveFiles = append(of.DriveFiles, models.DriveFile{ID: of.ID + "2", BackupID: of.ID, DriveID: "e", Status: models.StatusFinished})
	}
	b.DriveFiles[0].Status, b.Status = models.StatusFailed, models.StatusFailed
	s := models.RetentionSnapshot{Backups: []models.Backup{b, a}, Drives: map[string]string{"d": "nas", "e": "offsite"},
		Job: models.Job{Label: "nightly", Retention: models.Retention{Last: 1}, DriveRetention: map[string]models.Retention{"e": {Last: 2}}}}
	want := []string{"+ a: last good copy on nas, the last one", "+ a2: newest good copy on offsite, one of the last 2",
		"+ b: failed, and a good copy of the backup is kept", "+ b2: one of the last 2"}
	if got := told(Plan(s, PlanOptions{Now: a.CreatedAt})); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	s.Job.DriveRetention["e"] = models.Retention{Last: 1}
	want[1], want[2], want[3] = "+ a2: newest good copy on offsite, the last one", "- b: failed, and the last good copy of the backup goes", "- b2: no rule of retention keeps it"
	if got := told(Plan(s, PlanOptions{Now: a.CreatedAt})); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// What a person cancelled is not said to have failed, and removes as little.
func TestTheNewestRunThatDidNotFinishIsToldAsItEnded(t *testing.T) {
	b := made("a", "2026-11-25T12:00:00Z")
	b.Status = models.StatusFailed
	s := models.RetentionSnapshot{Job: models.Job{Label: "nightly"}, Backups: []models.Backup{b}}
	if got := newestFailed(&facts{RetentionSnapshot: s}); !strings.HasPrefix(got, "the newest backup of nightly failed: ") {
		t.Errorf("a failed one: %q", got)
	}
	s.Backups[0].CancelAskedAt = &b.CreatedAt
	if got := newestFailed(&facts{RetentionSnapshot: s}); !strings.HasPrefix(got, "the newest backup of nightly was cancelled: ") {
		t.Errorf("a cancelled one: %q", got)
	}
}
