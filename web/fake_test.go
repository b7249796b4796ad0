package web

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
)

// fakeStore is a metadata database in memory. Failing makes every question fail.
type fakeStore struct {
	jobs      []models.Job
	sources   []models.Source
	drives    []models.Drive
	backups   []models.Backup // newest first
	manifests map[string]models.Manifest
	logs      map[string]string
	drills    map[string][]models.Drill
	failing   error
	// each, when set, replaces EachBackup.
	each func(ctx context.Context, f models.BackupFilter, fn func(models.Backup) error) error
}

func (s *fakeStore) Backups(_ context.Context, f models.BackupFilter, after models.Cursor, limit int) ([]models.Backup, error) {
	var found []models.Backup
	reached := after.IsZero()
	for _, b := range s.backups {
		if !reached {
			reached = b.ID == after.ID
			continue
		}
		if matches(b, f) && len(found) < limit {
			found = append(found, b)
		}
	}
	return found, s.failing
}

func matches(b models.Backup, f models.BackupFilter) bool {
	return (f.JobID == "" || f.JobID == b.JobID) && (f.Label == "" || f.Label == b.Label) && (f.Status == "" || f.Status == b.Status) &&
		(f.Since.IsZero() || !b.CreatedAt.Before(f.Since)) && (f.Until.IsZero() || b.CreatedAt.Before(f.Until))
}

func (s *fakeStore) EachBackup(ctx context.Context, f models.BackupFilter, fn func(models.Backup) error) error {
	if s.each != nil {
		return s.each(ctx, f, fn)
	}
	found, err := s.Backups(ctx, f, models.Cursor{}, len(s.backups))
	if err != nil {
		return err
	}
	for _, b := range found {
		if err := fn(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *fakeStore) Backup(_ context.Context, id string) (models.Backup, error) {
	for _, b := range s.backups {
		if b.ID == id {
			return b, s.failing
		}
	}
	return models.Backup{}, models.NotFoundf("there is no backup with the id %s", id)
}

func (s *fakeStore) JobSummaries(context.Context) ([]models.JobSummary, error) {
	var found []models.JobSummary
	for _, j := range s.jobs {
		found = append(found, s.summary(j))
	}
	return found, s.failing
}

func (s *fakeStore) summary(j models.Job) models.JobSummary {
	sum := models.JobSummary{Job: j}
	for _, source := range s.sources {
		if source.ID == j.SourceID {
			sum.SourceLabel, sum.SourceProvider = source.Label, source.Provider
		}
	}
	for i := range s.backups {
		b := &s.backups[i]
		if b.JobID != j.ID {
			continue
		}
		if sum.Newest == nil {
			sum.Newest = b
		}
		if b.Status == models.StatusFinished {
			sum.Finished++
			if sum.NewestFinished == nil {
				sum.NewestFinished = b
			}
		}
		if b.ProvenAt != nil && sum.NewestProven == nil {
			sum.NewestProven = b
		}
	}
	return sum
}

func (s *fakeStore) Job(_ context.Context, id string) (models.Job, error) {
	for _, j := range s.jobs {
		if j.ID == id {
			return j, s.failing
		}
	}
	return models.Job{}, models.NotFoundf("there is no job with the id %s", id)
}

func (s *fakeStore) JobByLabel(_ context.Context, label string) (models.Job, error) {
	for _, j := range s.jobs {
		if j.Label == label {
			return j, s.failing
		}
	}
	return models.Job{}, models.NotFoundf("there is no job called %q", label)
}

func (s *fakeStore) Jobs(context.Context) ([]models.Job, error)       { return s.jobs, s.failing }
func (s *fakeStore) Sources(context.Context) ([]models.Source, error) { return s.sources, s.failing }
func (s *fakeStore) Drives(context.Context) ([]models.Drive, error)   { return s.drives, s.failing }
func (s *fakeStore) Ping(context.Context) error                       { return s.failing }

func (s *fakeStore) Manifest(_ context.Context, id string) (models.Manifest, error) {
	m, ok := s.manifests[id]
	if !ok {
		return m, models.NotFoundf("the backup %s has no manifest", id)
	}
	return m, s.failing
}

func (s *fakeStore) LogText(_ context.Context, id string) (string, error) {
	return s.logs[id], s.failing
}

func (s *fakeStore) Drills(_ context.Context, id string) ([]models.Drill, error) {
	return s.drills[id], s.failing
}

// fakeBackups makes no backups, and remembers what was asked of it.
type fakeBackups struct {
	store *fakeStore
	// err is the answer to every request to start or retry.
	err     error
	content string
	// cut is the error that ends the content early.
	cut error

	mu    sync.Mutex
	calls []string
}

func (b *fakeBackups) note(call string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, call)
}

func (b *fakeBackups) Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error) {
	b.note("start " + jobID + " " + string(by))
	job, err := b.store.Job(ctx, jobID)
	if err == nil {
		err = b.err
	}
	if err != nil {
		return models.Backup{}, err
	}
	started := models.Backup{ID: models.NewID(), JobID: jobID, Label: job.Label, Status: models.StatusPending, Phase: models.PhaseQueued, Attempt: 1, Trigger: by, CreatedAt: testNow}
	b.store.backups = append([]models.Backup{started}, b.store.backups...)
	return started, nil
}

func (b *fakeBackups) Retry(ctx context.Context, id string) (models.Backup, error) {
	b.note("retry " + id)
	found, err := b.store.Backup(ctx, id)
	if err == nil {
		err = b.err
	}
	return found, err
}

// Wait settles what it is asked for, unless the context ends first.
func (b *fakeBackups) Wait(ctx context.Context, id string) (models.Backup, error) {
	if b.cut != nil {
		<-ctx.Done()
		return models.Backup{}, ctx.Err()
	}
	found, err := b.store.Backup(ctx, id)
	found.Status = models.StatusFinished
	return found, err
}

func (b *fakeBackups) Open(ctx context.Context, id, file string) (io.ReadCloser, models.DriveFile, error) {
	found, err := b.store.Backup(ctx, id)
	if err != nil {
		return nil, models.DriveFile{}, err
	}
	for _, f := range found.DriveFiles {
		if f.Status == models.StatusFinished && (file == "" || f.ID == file) {
			return &cutContent{Reader: strings.NewReader(b.content), err: b.cut}, f, nil
		}
	}
	return nil, models.DriveFile{}, models.NotFoundf("the backup %s has no such copy", id)
}

type cutContent struct {
	io.Reader
	err error
}

func (c *cutContent) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF && c.err != nil {
		return n, c.err
	}
	return n, err
}

func (c *cutContent) Close() error { return nil }

// fakeSchedule runs every job an hour from now, and each day at that time.
type fakeSchedule struct{}

func (fakeSchedule) PreviousRun(_ string, until time.Time) (time.Time, bool) {
	slot := testNow.Add(time.Hour)
	for slot.After(until) {
		slot = slot.AddDate(0, 0, -1)
	}
	return slot, true
}

func (fakeSchedule) NextRun(string) (time.Time, bool) { return testNow.Add(time.Hour), true }
