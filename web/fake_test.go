package web

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
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
	restores  []models.Restore // newest first
	alarms    []models.Alarm   // newest first
	// gone has what is said of backups that were removed, by their ids.
	gone     map[string]string
	missed   []models.Missed  // newest first
	removals []models.Removal // newest first
	checks   map[string]models.DriveCheck
	totals   map[string]models.DriveTotals
	usages   []models.DriveUsage // by day
	// summariesRead, pointsRead and backupsRead count how often these were asked for.
	summariesRead, pointsRead, backupsRead int
	failing                                error
	links                                  map[string]models.UsedLink
	// meanwhile, when set, happens once a backup was read.
	meanwhile func()
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

func (s *fakeStore) BackupsBefore(_ context.Context, f models.BackupFilter, before models.Cursor, limit int) ([]models.Backup, error) {
	var found []models.Backup
	for _, b := range s.backups {
		if b.ID == before.ID {
			break
		}
		if matches(b, f) {
			found = append(found, b)
		}
	}
	return found[max(len(found)-limit, 0):], s.failing
}

func matches(b models.Backup, f models.BackupFilter) bool {
	return (len(f.JobIDs) == 0 || slices.Contains(f.JobIDs, b.JobID)) && (f.JobID == "" || f.JobID == b.JobID) && (f.Label == "" || f.Label == b.Label) && (f.Status == "" || f.Status == b.Status) &&
		(f.SourceID == "" || f.SourceID == b.SourceID) && (f.Proof != models.ProofProven || b.ProvenAt != nil) && (f.Proof != models.ProofDisproven || b.DisprovenAt != nil) &&
		(f.DriveID == "" || slices.ContainsFunc(b.DriveFiles, func(c models.DriveFile) bool { return c.DriveID == f.DriveID })) && (!f.Pinned || b.Pinned(testNow)) &&
		(f.Cancelled == "" || b.Cancelled() == (f.Cancelled == models.CancelOnly)) &&
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
	s.backupsRead++
	if s.meanwhile != nil {
		defer s.meanwhile()
	}
	for _, b := range s.backups {
		if b.ID == id {
			return b, s.failing
		}
	}
	if why, ok := s.gone[id]; ok {
		return models.Backup{}, models.NotFoundf("%s", why)
	}
	return models.Backup{}, models.NotFoundf("there is no backup with the id %s", id)
}

func (s *fakeStore) JobSummaries(context.Context) ([]models.JobSummary, error) {
	s.summariesRead++
	var found []models.JobSummary
	for _, j := range s.jobs {
		found = append(found, s.summary(j))
	}
	return found, s.failing
}

func (s *fakeStore) NewestWithCopy(_ context.Context, jobIDs []string, look int) (map[string]models.Backup, error) {
	newest := map[string]models.Backup{}
	for _, id := range jobIDs {
		left := look
		for _, b := range s.backups {
			if _, found := newest[id]; found || b.JobID != id || b.Status != models.StatusFailed || left == 0 {
				continue
			}
			left--
			if slices.ContainsFunc(b.DriveFiles, func(f models.DriveFile) bool { return f.Status == models.StatusFinished }) {
				newest[id] = b
			}
		}
	}
	return newest, s.failing
}

func (s *fakeStore) JobStandings(ctx context.Context) ([]models.JobSummary, error) {
	return s.JobSummaries(ctx)
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
		if b.ProvenAt != nil && b.DisprovenAt == nil && sum.NewestProven == nil {
			sum.NewestProven = b
		}
	}
	if sum.NewestFinished != nil && len(s.drills[sum.NewestFinished.ID]) > 0 {
		sum.LastDrill = &s.drills[sum.NewestFinished.ID][0]
	}
	for _, a := range s.alarms {
		if a.JobID == j.ID && a.SeenAt == nil {
			sum.Alarms++
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

func (s *fakeStore) DriveChecks(context.Context) (map[string]models.DriveCheck, error) {
	return s.checks, s.failing
}

func (s *fakeStore) DriveTotals(context.Context) (map[string]models.DriveTotals, error) {
	return s.totals, s.failing
}

func (s *fakeStore) DriveUsages(_ context.Context, driveID, since string) ([]models.DriveUsage, error) {
	var found []models.DriveUsage
	for _, u := range s.usages {
		if (driveID == "" || u.DriveID == driveID) && u.Day >= since {
			found = append(found, u)
		}
	}
	return found, s.failing
}

func (s *fakeStore) RunPoints(ctx context.Context, since time.Time) ([]models.RunPoint, error) {
	return s.JobRunPoints(ctx, "", since)
}

func (s *fakeStore) JobRunPoints(_ context.Context, jobID string, since time.Time) ([]models.RunPoint, error) {
	s.pointsRead++
	var found []models.RunPoint
	for _, b := range slices.Backward(s.backups) {
		if (jobID == "" || jobID == b.JobID) && !b.CreatedAt.Before(since) {
			found = append(found, models.RunPoint{ID: b.ID, JobID: b.JobID, Status: b.Status, CreatedAt: b.CreatedAt, StartedAt: b.StartedAt, SettledAt: b.SettledAt,
				ProvenAt: b.ProvenAt, DisprovenAt: b.DisprovenAt, CancelAskedAt: b.CancelAskedAt, RawSize: b.RawSize, Size: b.Size, Error: b.Error})
		}
	}
	return found, s.failing
}

func (s *fakeStore) Manifest(_ context.Context, id string) (models.Manifest, error) {
	m, ok := s.manifests[id]
	if !ok {
		return m, models.NotFoundf("the backup %s has no manifest", id)
	}
	return m, s.failing
}

func (s *fakeStore) LogFrom(ctx context.Context, id string, offset int) (string, int, error) {
	text, err := s.LogText(ctx, id)
	if offset > len(text) {
		offset = 0
	}
	return text[offset:], len(text), err
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
	// verdicts is the answer to every request to compare copies.
	verdicts []models.CopyVerdict

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

func (b *fakeBackups) Heal(ctx context.Context, id string) (models.Backup, error) {
	b.note("heal " + id)
	found, err := b.store.Backup(ctx, id)
	if err == nil {
		err = b.err
	}
	return found, err
}

func (b *fakeBackups) Cancel(ctx context.Context, id string) (models.Backup, error) {
	b.note("cancel " + id)
	found, err := b.store.Backup(ctx, id)
	switch {
	case err != nil:
		return found, err
	case found.Status.Settled():
		return found, models.Conflictf("the backup %s has already %s", id, found.Status)
	}
	return found, b.err
}

func (b *fakeBackups) Verify(_ context.Context, id, file string) ([]models.CopyVerdict, error) {
	b.note(strings.TrimSpace("verify " + id + " " + file))
	return b.verdicts, b.err
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

func (fakeSchedule) NextRuns(_ models.Job, n int) []time.Time {
	var slots []time.Time
	for day := range n {
		slots = append(slots, testNow.Add(time.Hour).AddDate(0, 0, day))
	}
	return slots
}

func (fakeSchedule) NextDrill(string) (time.Time, bool) { return testNow.AddDate(0, 0, 2), true }

// fakeCatalog has the store's drives. Those that are not in opened can do nothing
// special, and nobody signs in to those that are not in signIns.
type fakeCatalog struct {
	store    *fakeStore
	opened   map[string]drive.Drive
	signIns  map[string]*fakeSignIn
	reopened []string
}

func (c *fakeCatalog) Drives(ctx context.Context) ([]models.Drive, error) { return c.store.Drives(ctx) }

func (c *fakeCatalog) OpenDrive(_ context.Context, id string) (drive.Drive, models.Drive, error) {
	row, err := c.row(id)
	if d, ok := c.opened[id]; ok && err == nil {
		return d, row, nil
	}
	return plainDrive{}, row, err
}

func (c *fakeCatalog) SignIn(_ context.Context, id string) (drive.SignIn, models.Drive, error) {
	row, err := c.row(id)
	if err != nil {
		return nil, row, err
	}
	if s, ok := c.signIns[id]; ok {
		return s, row, nil
	}
	return nil, row, models.Invalidf("nobody signs in to the drive %q", row.Label)
}

func (c *fakeCatalog) Reopen(id string) { c.reopened = append(c.reopened, id) }

func (c *fakeCatalog) row(id string) (models.Drive, error) {
	for _, d := range c.store.drives {
		if d.ID == id {
			return d, nil
		}
	}
	return models.Drive{}, models.NotFoundf("there is no drive with the id %s", id)
}

// plainDrive is a drive of which nothing is asked.
type plainDrive struct{ drive.Drive }

// linkedDrive makes links, unless it fails.
type linkedDrive struct {
	plainDrive
	err error
}

func (d linkedDrive) Link(_ context.Context, key, fileName string, seconds int) (string, error) {
	query := url.Values{"name": {fileName}, "seconds": {strconv.Itoa(seconds)}}
	return "https://provider.example/" + key + "?" + query.Encode(), d.err
}

// keyedDrive has a server that shows a key.
type keyedDrive struct {
	plainDrive
	key     drive.HostKey
	err     error
	trusted []string
}

func (d *keyedDrive) HostKey(context.Context) (drive.HostKey, error) { return d.key, d.err }

func (d *keyedDrive) Trust(key drive.HostKey) error {
	d.trusted = append(d.trusted, key.Fingerprint)
	return nil
}

// fakeSignIn sends people to a provider that takes every code.
type fakeSignIn struct {
	err      error
	finished []string
}

func (s *fakeSignIn) URL(redirect, state, verifier string) string {
	return "https://accounts.example/consent?" + url.Values{"redirect_uri": {redirect}, "state": {state}, "verifier": {verifier}}.Encode()
}

func (s *fakeSignIn) Finish(_ context.Context, redirect, code, verifier string) error {
	s.finished = append(s.finished, redirect+" "+code+" "+verifier)
	return s.err
}

// fakeUpkeep records found as the check of every drive.
type fakeUpkeep struct {
	store *fakeStore
	found models.DriveCheck
	err   error
	calls []string
}

func (u *fakeUpkeep) Check(_ context.Context, id string) (models.DriveCheck, error) {
	u.calls = append(u.calls, id)
	if u.err != nil {
		return models.DriveCheck{}, u.err
	}
	found := u.found
	found.DriveID = id
	u.store.checks[id] = found
	return found, nil
}

// fakeBackground runs work before its caller goes on, unless it is held.
type fakeBackground struct {
	held    bool
	waiting []func(ctx context.Context)
}

func (b *fakeBackground) run(work func(ctx context.Context)) {
	if b.held {
		b.waiting = append(b.waiting, work)
		return
	}
	work(context.Background())
}

// release runs what waits.
func (b *fakeBackground) release() {
	waiting := b.waiting
	b.held, b.waiting = false, nil
	for _, work := range waiting {
		work(context.Background())
	}
}
