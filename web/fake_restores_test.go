package web

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

func (s *fakeStore) Restore(_ context.Context, id string) (models.Restore, error) {
	for _, r := range s.restores {
		if r.ID == id {
			return r, s.failing
		}
	}
	return models.Restore{}, models.NotFoundf("there is no restore with the id %s", id)
}

func (s *fakeStore) Restores(_ context.Context, f models.RestoreFilter, after models.Cursor, limit int) ([]models.Restore, error) {
	fits := func(r models.Restore) bool {
		return (len(f.JobIDs) == 0 || slices.Contains(f.JobIDs, s.jobOfBackup(r.BackupID))) && (f.BackupID == "" || r.BackupID == f.BackupID) && (f.Status == "" || r.Status == f.Status)
	}
	return part(s.restores, fits, func(r models.Restore) string { return r.ID }, after, limit), s.failing
}

func (s *fakeStore) jobOfBackup(id string) string {
	for _, b := range s.backups {
		if b.ID == id {
			return b.JobID
		}
	}
	return ""
}

func (s *fakeStore) UseLink(_ context.Context, l models.UsedLink) (models.UsedLink, error) {
	if s.links == nil {
		s.links = map[string]models.UsedLink{}
	}
	if first, used := s.links[l.Hash]; used {
		return first, s.failing
	}
	s.links[l.Hash] = l
	return l, s.failing
}

func (s *fakeStore) EndLink(_ context.Context, hash string, at time.Time) error {
	l := s.links[hash]
	l.DoneAt = &at
	s.links[hash] = l
	return s.failing
}

func (s *fakeStore) Drill(_ context.Context, id string) (models.Drill, error) {
	for _, all := range s.drills {
		for _, d := range all {
			if d.ID == id {
				return d, s.failing
			}
		}
	}
	return models.Drill{}, models.NotFoundf("there is no drill with the id %s", id)
}

func (s *fakeStore) RecentDrills(_ context.Context, f models.DrillFilter, after models.Cursor, limit int) ([]models.Drill, error) {
	var all []models.Drill
	for _, some := range s.drills {
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b models.Drill) int {
		if order := b.CreatedAt.Compare(a.CreatedAt); order != 0 {
			return order
		}
		return strings.Compare(b.ID, a.ID)
	})
	fits := func(d models.Drill) bool {
		return (len(f.JobIDs) == 0 || slices.Contains(f.JobIDs, d.JobID)) && (f.JobID == "" || d.JobID == f.JobID) && (f.Outcome == "" || d.Outcome == f.Outcome)
	}
	return part(all, fits, func(d models.Drill) string { return d.ID }, after, limit), s.failing
}

// part returns what fits behind a cursor.
func part[T any](newestFirst []T, fits func(T) bool, id func(T) string, after models.Cursor, limit int) []T {
	var found []T
	reached := after.IsZero()
	for _, entry := range newestFirst {
		if !reached {
			reached = id(entry) == after.ID
			continue
		}
		if fits(entry) && len(found) < limit {
			found = append(found, entry)
		}
	}
	return found
}

func (s *fakeStore) Alarms(_ context.Context, unseenOnly bool) ([]models.Alarm, error) {
	var found []models.Alarm
	for _, a := range s.alarms {
		if !unseenOnly || a.SeenAt == nil {
			found = append(found, a)
		}
	}
	return found, s.failing
}

func (s *fakeStore) UnseenAlarms(ctx context.Context, jobID string) ([]models.Alarm, error) {
	all, err := s.Alarms(ctx, true)
	return slices.DeleteFunc(all, func(a models.Alarm) bool { return a.JobID != jobID }), err
}

func (s *fakeStore) SeeAlarm(_ context.Context, id string, at time.Time) error {
	for i := range s.alarms {
		if s.alarms[i].ID == id {
			s.alarms[i].SeenAt = &at
			return s.failing
		}
	}
	return models.NotFoundf("there is no alarm with the id %s", id)
}

// fakeRestores restores nothing, and remembers what was asked of it.
type fakeRestores struct {
	store *fakeStore
	// plan is the answer to every request for one, planErr and startErr the errors.
	plan              models.RestorePlan
	planErr, startErr error
	uploads           map[string]models.Upload
	// ends is what a drill has found as soon as it is started; empty leaves it running.
	ends models.DrillOutcome

	calls     []string
	planned   []models.RestoreRequest
	started   []models.RestoreRequest
	drilled   []models.DrillRequest
	received  string
	nameGiven string
	unlock    models.Unlock
}

func (r *fakeRestores) Plan(_ context.Context, req models.RestoreRequest) (models.RestorePlan, error) {
	r.planned = append(r.planned, req)
	plan := r.plan
	plan.Request = req
	return plan, r.planErr
}

func (r *fakeRestores) Start(_ context.Context, req models.RestoreRequest) (models.Restore, error) {
	r.started = append(r.started, req)
	if r.startErr != nil {
		return models.Restore{}, r.startErr
	}
	started := models.Restore{ID: models.NewID(), BackupID: req.BackupID, Label: "shop-nightly", Status: models.StatusPending, Phase: models.RestoreQueued,
		TargetKind: req.Target.Kind, TargetName: req.Target.Name, Tables: req.Tables, Trigger: req.Trigger, CreatedAt: testNow}
	r.store.restores = append([]models.Restore{started}, r.store.restores...)
	return started, nil
}

func (r *fakeRestores) Cancel(ctx context.Context, id string) error {
	r.calls = append(r.calls, "cancel "+id)
	_, err := r.store.Restore(ctx, id)
	if err == nil {
		err = r.startErr
	}
	return err
}

func (r *fakeRestores) StartDrill(ctx context.Context, req models.DrillRequest) (models.Drill, error) {
	r.drilled = append(r.drilled, req)
	b, err := r.store.Backup(ctx, req.BackupID)
	if err == nil {
		err = r.startErr
	}
	if err != nil {
		return models.Drill{}, err
	}
	d := models.Drill{ID: models.NewID(), BackupID: b.ID, JobID: b.JobID, Trigger: req.Trigger, Scratch: models.ScratchTemporary, Phase: models.RestoreQueued, CreatedAt: testNow}
	stored := d
	stored.Outcome = r.ends
	r.store.drills[b.ID] = append([]models.Drill{stored}, r.store.drills[b.ID]...)
	return d, nil
}

func (r *fakeRestores) CancelDrill(ctx context.Context, id string) error {
	r.calls = append(r.calls, "cancel drill "+id)
	_, err := r.store.Drill(ctx, id)
	if err == nil {
		err = r.startErr
	}
	return err
}

func (r *fakeRestores) Receive(_ context.Context, name string, unlock models.Unlock, content io.Reader) (models.Upload, error) {
	text, err := io.ReadAll(content)
	r.received, r.nameGiven, r.unlock = string(text), name, unlock
	if err == nil {
		err = r.startErr
	}
	if err != nil {
		return models.Upload{}, err
	}
	u := models.Upload{ID: models.NewID(), Name: name, Provider: "mysql", Size: int64(len(text)), CreatedAt: testNow}
	r.uploads[u.ID] = u
	return u, nil
}

func (r *fakeRestores) Upload(_ context.Context, id string) (models.Upload, error) {
	u, ok := r.uploads[id]
	if !ok {
		return u, models.NotFoundf("there is no uploaded file with the id %s: upload it again", id)
	}
	return u, nil
}
