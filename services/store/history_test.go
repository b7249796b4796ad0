package store

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func testRunPoints(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	since := models.Now().Add(-time.Hour)
	old := f.backup(slot(0))
	old.CreatedAt = since.Add(-time.Second)
	old.Status = models.StatusFinished
	must(t, s.InsertBackup(ctx, old))
	good := f.settled(t, s, slot(1), models.StatusFinished)
	bad := f.settled(t, s, slot(2), models.StatusFailed)
	must(t, s.db.Model(&models.Backup{}).Where("id = ?", bad.ID).Update("error", strings.Repeat("é", 500)).Error)
	must(t, s.db.Model(&models.Backup{}).Where("id = ?", good.ID).Updates(map[string]any{"raw_size": 90, "size": 30}).Error)

	points := value(s.RunPoints(ctx, since))(t)
	equal(t, "the number of runs", len(points), 2)
	want := value(s.Backup(ctx, good.ID))(t)
	equal(t, "the first run", points[0].ID, good.ID)
	equal(t, "its job", points[0].JobID, f.job.ID)
	equal(t, "its status", points[0].Status, models.StatusFinished)
	equal(t, "its sizes", [2]int64{points[0].RawSize, points[0].Size}, [2]int64{90, 30})
	equal(t, "its error", points[0].Error, "")
	sameTime(t, "when it was made", &points[0].CreatedAt, want.CreatedAt)
	if want.SettledAt != nil {
		sameTime(t, "when it settled", points[0].SettledAt, *want.SettledAt)
	}
	equal(t, "the status of the second", points[1].Status, models.StatusFailed)
	equal(t, "its error", points[1].Error, strings.Repeat("é", 300))
	equal(t, "the runs of the job", len(value(s.JobRunPoints(ctx, f.job.ID, since))(t)), 2)
	equal(t, "the runs of another", len(value(s.JobRunPoints(ctx, models.NewID(), since))(t)), 0)
	equal(t, "the runs since now", len(value(s.RunPoints(ctx, models.Now().Add(time.Hour)))(t)), 0)
}

func testNewestMissed(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.ApplyPlan(ctx, plan("nightly", "hourly", "weekly")))
	nightly, hourly := value(s.JobByLabel(ctx, "nightly"))(t), value(s.JobByLabel(ctx, "hourly"))(t)
	at := models.Now().Truncate(time.Hour).Add(-10 * time.Hour)
	skip := func(job models.Job, slot time.Time, reason string) {
		t.Helper()
		must(t, s.SkipSlots(ctx, models.Missed{JobID: job.ID, First: slot, Last: slot, Slots: 1, Reason: reason, CreatedAt: slot}))
	}
	skip(nightly, at, "first")
	skip(nightly, at.Add(time.Hour), "second")
	skip(hourly, at, "other")
	newest := value(s.NewestMissed(ctx))(t)
	equal(t, "the number of jobs", len(newest), 2)
	equal(t, "the newest of one", newest[nightly.ID].Reason, "second")
	equal(t, "the newest of another", newest[hourly.ID].Reason, "other")
	since := value(s.MissedSince(ctx, at.Add(time.Minute)))(t)
	equal(t, "the number since then", len(since), 1)
	equal(t, "what it is", since[0].Reason, "second")
}

func testDriveUsages(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	one, two := f.drives[0].ID, f.drives[1].ID
	set := func(drive, day string, bytes int64, forget string) {
		t.Helper()
		must(t, s.SetDriveUsage(ctx, models.DriveUsage{DriveID: drive, Day: day, Copies: 1, Bytes: bytes, Free: -1, Total: -1}, forget))
	}
	set(one, "2026-01-01", 1, "2025-01-01")
	set(one, "2026-01-02", 2, "2025-01-01")
	set(two, "2026-01-01", 3, "2025-01-01")
	set(one, "2026-01-02", 20, "2026-01-02")
	held := value(s.DriveUsages(ctx, "", "2026-01-01"))(t)
	equal(t, "the number of days", len(held), 2)
	byDrive := map[string]models.DriveUsage{held[0].DriveID: held[0], held[1].DriveID: held[1]}
	equal(t, "the newest of the day", byDrive[one], models.DriveUsage{DriveID: one, Day: "2026-01-02", Copies: 1, Bytes: 20, Free: -1, Total: -1})
	equal(t, "what another drive holds", byDrive[two].Bytes, 3)
	equal(t, "those of one drive", len(value(s.DriveUsages(ctx, two, "2026-01-01"))(t)), 1)
	equal(t, "those since a day", len(value(s.DriveUsages(ctx, "", "2026-01-02"))(t)), 1)
}

func testNewestWithCopy(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	other := models.NewID()
	if got := value(s.NewestWithCopy(ctx, []string{f.job.ID}, 20))(t); len(got) != 0 {
		t.Fatalf("a job without backups has %v", got)
	}
	old, newer := f.settled(t, s, slot(1), models.StatusFailed), f.settled(t, s, slot(2), models.StatusFailed)
	none := f.settled(t, s, slot(3), models.StatusFailed)
	must(t, s.db.Model(&models.DriveFile{}).Where("backup_id = ?", none.ID).Update("status", models.StatusFailed).Error)
	for _, b := range []models.Backup{old, newer} {
		must(t, s.db.Model(&models.DriveFile{}).Where("backup_id = ?", b.ID).Update("status", models.StatusFailed).Error)
		must(t, s.db.Model(&models.DriveFile{}).Where("id = ?", value(s.Backup(ctx, b.ID))(t).DriveFiles[0].ID).Update("status", models.StatusFinished).Error)
	}
	f.settled(t, s, slot(4), models.StatusFinished)
	for look, want := range map[int]string{20: newer.ID, 3: newer.ID, 2: newer.ID, 1: ""} {
		got := value(s.NewestWithCopy(ctx, []string{other, f.job.ID}, look))(t)
		if got[f.job.ID].ID != want || want != "" && len(got[f.job.ID].DriveFiles) != 2 {
			t.Errorf("of the last %d the newest with a copy is %+v", look, got[f.job.ID])
		}
		if _, there := got[other]; there {
			t.Errorf("another job has %v", got[other])
		}
	}
	equal(t, "what is found for no job", len(value(s.NewestWithCopy(ctx, nil, 20))(t)), 0)
}
