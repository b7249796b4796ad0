package store

import (
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// found is a backup as it is read from a drive: finished, with the copy there.
func found(job models.Job, drive models.Drive) models.Backup {
	at := time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC)
	path := "/mnt/nas/x"
	b := models.Backup{
		ID: "0190f000-0000-7000-8000-000000000001", JobID: job.ID, Label: job.Label, SourceID: job.SourceID, Trigger: models.TriggerCLI,
		Status: models.StatusFinished, Phase: models.PhaseVerifying, Compression: models.CompressionZstd, FileName: "x.sql.zst",
		Size: 90, RawSize: 900, SHA256: "d", CreatedAt: at, DumpedAt: &at, SettledAt: &at,
	}
	b.DriveFiles = []models.DriveFile{{
		DriveID: drive.ID, Provider: drive.Provider, Label: b.FileName, Key: "x/" + b.FileName, Path: &path,
		Status: models.StatusFinished, Size: 90, VerifiedAt: &at,
	}}
	return b
}

func adopted(t *testing.T, s *Store, b models.Backup, m *models.Manifest) (bool, int) {
	t.Helper()
	isNew, copies, err := s.AdoptBackup(t.Context(), b, m)
	must(t, err)
	return isNew, copies
}

func testAdopt(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	b, m := found(f.job, f.drives[0]), sampleManifest("x")
	isNew, copies := adopted(t, s, b, &m)
	if !isNew || copies != 1 {
		t.Fatalf("the first time: new %v, %d copies", isNew, copies)
	}
	got := value(s.Backup(ctx, b.ID))(t)
	equal(t, "the moment", got.CreatedAt, b.CreatedAt)
	equal(t, "the status", got.Status, models.StatusFinished)
	equal(t, "the digest", got.SHA256, "d")
	equal(t, "the number of copies", len(got.DriveFiles), 1)
	equal(t, "the copy", *got.DriveFiles[0].Path, "/mnt/nas/x")
	equal(t, "the moment of the copy's id", got.DriveFiles[0].ID[:13], b.ID[:13])
	must(t, models.CheckID(got.DriveFiles[0].ID))
	if read := value(s.Manifest(ctx, b.ID))(t); !reflect.DeepEqual(read, m) {
		t.Fatalf("the manifest is\n%+v\nwant\n%+v", read, m)
	}

	if isNew, copies = adopted(t, s, b, &m); isNew || copies != 0 {
		t.Fatalf("the second time: new %v, %d copies", isNew, copies)
	}
	other := found(f.job, f.drives[1])
	other.Label, other.Size, other.DriveFiles = "another", 1, append(b.DriveFiles, other.DriveFiles...)
	if isNew, copies = adopted(t, s, other, nil); isNew || copies != 1 {
		t.Fatalf("from another drive: new %v, %d copies", isNew, copies)
	}
	after := value(s.Backup(ctx, b.ID))(t)
	equal(t, "the number of copies then", len(after.DriveFiles), 2)
	after.DriveFiles = got.DriveFiles
	if !reflect.DeepEqual(after, got) {
		t.Fatalf("what was known became\n%+v\nwant\n%+v", after, got)
	}
	value(s.Manifest(ctx, b.ID))(t)
}

func testAdoptRefused(t *testing.T, s *Store) {
	f := configure(t, s)
	known := halfDone(t, s, f)
	other := found(f.job, f.drives[0])
	other.ID, other.SHA256 = known.ID, "of another dump"
	for name, check := range map[string]struct {
		spoil func(*models.Backup)
		kind  error
	}{
		"no id":        {func(b *models.Backup) { b.ID = "../x" }, models.ErrInvalid},
		"not finished": {func(b *models.Backup) { b.Status = models.StatusPending }, models.ErrInvalid},
		"no job":       {func(b *models.Backup) { b.JobID = models.NewID() }, models.ErrNotFound},
		"another dump": {func(b *models.Backup) { *b = other }, models.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			b := found(f.job, f.drives[0])
			check.spoil(&b)
			_, _, err := s.AdoptBackup(t.Context(), b, nil)
			wants(t, err, check.kind)
			equal(t, "the number of backups", len(everyBackup(t, s, models.BackupFilter{})), 1)
		})
	}
	// The same dump may have one more copy than is known.
	other.SHA256 = known.SHA256
	if isNew, copies := adopted(t, s, other, nil); isNew || copies != 1 {
		t.Fatalf("of the same dump: new %v, %d copies", isNew, copies)
	}
	equal(t, "the status", value(s.Backup(t.Context(), known.ID))(t).Status, models.StatusFailed)
}

func testRaceAdopt(t *testing.T, s *Store) {
	f := configure(t, s)
	var backups, copies atomic.Int32
	done := race(t, 12, func(i int) error {
		m := sampleManifest("x")
		isNew, n, err := s.AdoptBackup(t.Context(), found(f.job, f.drives[i%2]), &m)
		if isNew {
			backups.Add(1)
		}
		copies.Add(int32(n))
		return err
	})
	equal(t, "the number of calls that worked", done, 12)
	equal(t, "the number of new backups", backups.Load(), 1)
	equal(t, "the number of new copies", copies.Load(), 2)
	equal(t, "the number of copies", len(value(s.Backup(t.Context(), found(f.job, f.drives[0]).ID))(t).DriveFiles), 2)
}

func testAdoptJob(t *testing.T, s *Store) {
	ctx := t.Context()
	job := value(s.AdoptJob(ctx, "nightly", "shop", "sqlite"))(t)
	if job.RemovedAt == nil || len(value(s.Jobs(ctx))(t)) != 0 || len(value(s.Sources(ctx))(t)) != 0 {
		t.Fatalf("an adopted job is configured: %+v", job)
	}
	source := value(s.Source(ctx, job.SourceID))(t)
	equal(t, "the source", source.Label, "shop")
	equal(t, "its provider", source.Provider, "sqlite")
	again := value(s.AdoptJob(ctx, "nightly", "something else", "mysql"))(t)
	equal(t, "the job the second time", again.ID, job.ID)
	beside := value(s.AdoptJob(ctx, "weekly", "shop", "sqlite"))(t)
	equal(t, "the source of another job", beside.SourceID, source.ID)
	_, err := s.AdoptJob(ctx, "hourly", "shop", "mysql")
	wants(t, err, models.ErrConflict)
	_, err = s.AdoptJob(ctx, "", "shop", "mysql")
	wants(t, err, models.ErrInvalid)

	f := configure(t, s)
	equal(t, "the configured job", f.job.ID, job.ID)
	equal(t, "the configured source", f.job.SourceID, source.ID)
	equal(t, "the number of its drives", len(f.job.DriveIDs), 2)
	configured := value(s.AdoptJob(ctx, "nightly", "shop", "sqlite"))(t)
	if configured.RemovedAt != nil || configured.ID != job.ID {
		t.Fatalf("adopting a configured job made %+v", configured)
	}
	equal(t, "the number of configured jobs", len(value(s.Jobs(ctx))(t)), 1)
}

func testRaceAdoptJob(t *testing.T, s *Store) {
	ids := make([]string, 12)
	done := race(t, len(ids), func(i int) error {
		job, err := s.AdoptJob(t.Context(), "nightly", "shop", "sqlite")
		ids[i] = job.ID
		return err
	})
	equal(t, "the number of calls that worked", done, len(ids))
	for _, id := range ids {
		equal(t, "the job", id, ids[0])
	}
}
