package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func linkOf(letter, address string, at time.Time) models.UsedLink {
	return models.UsedLink{Hash: strings.Repeat(letter, 64), Address: address, UsedAt: at, ExpiresAt: at.Add(5 * time.Minute)}
}

func testLinks(t *testing.T, s *Store) {
	ctx, at := t.Context(), models.Now()
	first := value(s.UseLink(ctx, linkOf("a", "198.51.100.1", at)))(t)
	equal(t, "the address", first.Address, "198.51.100.1")
	equal(t, "being used up", first.DoneAt == nil, true)

	again := value(s.UseLink(ctx, linkOf("a", "203.0.113.9", at.Add(time.Minute))))(t)
	equal(t, "the address of the first use", again.Address, "198.51.100.1")
	sameTime(t, "UsedAt", &again.UsedAt, at)
	other := value(s.UseLink(ctx, linkOf("b", "203.0.113.9", at)))(t)
	equal(t, "the address of another link", other.Address, "203.0.113.9")

	must(t, s.EndLink(ctx, first.Hash, at.Add(time.Minute)))
	must(t, s.EndLink(ctx, first.Hash, at.Add(2*time.Minute)))
	again = value(s.UseLink(ctx, linkOf("a", "198.51.100.1", at.Add(3*time.Minute))))(t)
	sameTime(t, "DoneAt", again.DoneAt, at.Add(time.Minute))

	// By a clock that is ahead the link has expired, and it stays used for the others.
	value(s.UseLink(ctx, linkOf("c", "203.0.113.9", at.Add(30*time.Minute))))(t)
	again = value(s.UseLink(ctx, linkOf("a", "198.51.100.1", at.Add(4*time.Minute))))(t)
	sameTime(t, "DoneAt", again.DoneAt, at.Add(time.Minute))

	value(s.UseLink(ctx, linkOf("d", "203.0.113.9", at.Add(2*time.Hour))))(t)
	var left int64
	must(t, s.read(ctx).Model(&models.UsedLink{}).Count(&left).Error)
	equal(t, "the number of links that have not expired", left, 1)
}

func testRaceLink(t *testing.T, s *Store) {
	at, addresses := models.Now(), make([]string, 12)
	opened := race(t, len(addresses), func(i int) error {
		first, err := s.UseLink(t.Context(), linkOf("a", fmt.Sprintf("198.51.100.%d", i), at))
		addresses[i] = first.Address
		return err
	})
	equal(t, "the number of calls that worked", opened, len(addresses))
	for _, address := range addresses {
		equal(t, "the address of the first use", address, addresses[0])
	}
}

// testJobFilters narrows every list to jobs, as it is for keys of some jobs.
func testJobFilters(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.ApplyPlan(ctx, plan("a", "b")))
	drives := value(s.Drives(ctx))(t)
	a := fixture{job: value(s.JobByLabel(ctx, "a"))(t), drives: drives}
	b := fixture{job: value(s.JobByLabel(ctx, "b"))(t), drives: drives}
	one, two := a.settled(t, s, slot(1), models.StatusFinished), b.settled(t, s, slot(2), models.StatusFailed)
	for _, made := range []models.Backup{one, two} {
		must(t, s.InsertDrill(ctx, models.Drill{ID: made.ID, BackupID: made.ID, JobID: made.JobID, Outcome: models.DrillProven}))
		must(t, s.InsertRestore(ctx, models.Restore{ID: made.ID, BackupID: made.ID, TargetName: made.ID, CreatedAt: made.CreatedAt}))
	}
	must(t, s.InsertRestore(ctx, models.Restore{ID: models.NewID(), TargetName: "of an upload", CreatedAt: one.CreatedAt}))
	for name, c := range map[string]struct {
		jobIDs []string
		want   []string
	}{
		"one job":         {[]string{a.job.ID}, []string{one.ID}},
		"one and another": {[]string{b.job.ID, models.NewID()}, []string{two.ID}},
		"both":            {[]string{a.job.ID, b.job.ID}, []string{two.ID, one.ID}},
		"neither":         {[]string{models.NewID()}, nil},
	} {
		var backups, drills, restores []string
		must(t, s.EachBackup(ctx, models.BackupFilter{JobIDs: c.jobIDs}, func(b models.Backup) error { backups = append(backups, b.ID); return nil }))
		for _, d := range value(s.RecentDrills(ctx, models.DrillFilter{JobIDs: c.jobIDs}, models.Cursor{}, 10))(t) {
			drills = append(drills, d.ID)
		}
		for _, r := range value(s.Restores(ctx, models.RestoreFilter{JobIDs: c.jobIDs}, models.Cursor{}, 10))(t) {
			restores = append(restores, r.ID)
		}
		for list, got := range map[string][]string{"backups": backups, "drills": drills, "restores": restores} {
			slices.Sort(got)
			equal(t, list+" of "+name, strings.Join(got, " "), strings.Join(slices.Sorted(slices.Values(c.want)), " "))
		}
	}
	another := value(s.Backups(ctx, models.BackupFilter{JobID: b.job.ID, JobIDs: []string{a.job.ID}}, models.Cursor{}, 10))(t)
	equal(t, "the number of backups of a job that is not among them", len(another), 0)
	failed := value(s.Backups(ctx, models.BackupFilter{Status: models.StatusFailed, JobIDs: []string{a.job.ID, b.job.ID}}, models.Cursor{}, 10))(t)
	equal(t, "the number of failed backups", len(failed), 1)
}
