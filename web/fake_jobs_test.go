package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

func (s *fakeStore) MissedSlots(_ context.Context, jobID string, limit int) ([]models.Missed, error) {
	var found []models.Missed
	for _, m := range s.missed {
		if m.JobID == jobID && len(found) < limit {
			found = append(found, m)
		}
	}
	return found, s.failing
}

func (s *fakeStore) NewestMissed(context.Context) (map[string]models.Missed, error) {
	newest := map[string]models.Missed{}
	for _, m := range slices.Backward(s.missed) {
		newest[m.JobID] = m
	}
	return newest, s.failing
}

func (s *fakeStore) MissedSince(_ context.Context, since time.Time) ([]models.Missed, error) {
	return slices.DeleteFunc(slices.Clone(s.missed), func(m models.Missed) bool { return m.CreatedAt.Before(since) }), s.failing
}

func (s *fakeStore) Removals(_ context.Context, jobID string, limit int) ([]models.Removal, error) {
	var found []models.Removal
	for _, r := range s.removals {
		if r.JobID == jobID && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, s.failing
}

func (s *fakeStore) PauseJob(_ context.Context, id string, at time.Time) error {
	return s.turn(id, func(j *models.Job) error {
		if j.PausedAt != nil {
			return models.Conflictf("the job %s has been paused already", j.Label)
		}
		j.PausedAt = &at
		return nil
	})
}

func (s *fakeStore) ResumeJob(_ context.Context, id string, at time.Time) error {
	return s.turn(id, func(j *models.Job) error {
		if j.PausedAt == nil {
			return models.Conflictf("the job %s is not paused", j.Label)
		}
		j.PausedAt, j.SlotsFrom = nil, &at
		return nil
	})
}

func (s *fakeStore) turn(id string, change func(*models.Job) error) error {
	at := slices.IndexFunc(s.jobs, func(j models.Job) bool { return j.ID == id })
	if at < 0 {
		return models.NotFoundf("there is no job with the id %s", id)
	}
	if s.failing != nil {
		return s.failing
	}
	return change(&s.jobs[at])
}

// fakeRetention removes the copies whose ids it has, in every plan; tried are the rules
// that it was asked about last.
type fakeRetention struct {
	store *fakeStore
	goes  []string
	// rests and byHand are those of every plan, err is the answer to every request.
	rests  string
	byHand bool
	err    error

	tried *models.Retention
	calls []string
}

func (r *fakeRetention) Preview(ctx context.Context, jobID string, rules *models.Retention) (models.RetentionPlan, error) {
	job, err := r.store.Job(ctx, jobID)
	if err == nil {
		err = r.err
	}
	r.tried = rules
	plan := models.RetentionPlan{Job: job, Rests: r.rests, ByHand: r.byHand}
	for _, b := range r.store.backups {
		if b.JobID != jobID || len(b.DriveFiles) == 0 {
			continue
		}
		d := models.BackupDecision{Backup: b}
		for _, f := range b.DriveFiles {
			c := models.CopyDecision{DriveFile: f, Reasons: []string{"one of the last 3"}}
			if slices.Contains(r.goes, f.ID) {
				c.Remove, c.Reasons = true, []string{"no rule of retention keeps it"}
			}
			d.Copies = append(d.Copies, c)
		}
		plan.Backups = append(plan.Backups, d)
	}
	return plan, err
}

func (r *fakeRetention) Prune(ctx context.Context, jobID string) (models.RetentionPlan, error) {
	r.calls = append(r.calls, "prune "+jobID)
	plan, err := r.Preview(ctx, jobID, nil)
	if plan.ByHand {
		plan.Rests = ""
	}
	return plan, err
}

func (r *fakeRetention) Pin(ctx context.Context, id string, until *time.Time) (models.Backup, error) {
	what := "for ever"
	if until != nil {
		what = until.Format(time.RFC3339)
	}
	r.calls = append(r.calls, "pin "+id+" "+what)
	return r.change(ctx, id, func(b *models.Backup) { now := testNow; b.PinnedAt, b.PinnedUntil = &now, until })
}

func (r *fakeRetention) Unpin(ctx context.Context, id string) (models.Backup, error) {
	r.calls = append(r.calls, "unpin "+id)
	return r.change(ctx, id, func(b *models.Backup) { b.PinnedAt, b.PinnedUntil = nil, nil })
}

// PreviewDelete finds every copy of a backup; those in goes are dear.
func (r *fakeRetention) PreviewDelete(ctx context.Context, id string) (models.Deletion, error) {
	b, err := r.store.Backup(ctx, id)
	d := models.Deletion{Backup: b, Refused: r.rests}
	for _, f := range b.DriveFiles {
		d.Copies = append(d.Copies, models.CopyDeletion{DriveFile: f, Drive: "nas"})
		if slices.Contains(r.goes, f.ID) {
			d.Dear = []string{"the last good copy on nas"}
		}
	}
	if b.PinnedAt != nil {
		d.Refused = "the backup is pinned: unpin it first"
	}
	return d, err
}

func (r *fakeRetention) Delete(ctx context.Context, id string, meant bool) (models.Deletion, error) {
	d, err := r.PreviewDelete(ctx, id)
	switch {
	case err != nil:
		return d, err
	case d.Refused != "":
		return d, models.Conflictf("%s", d.Refused)
	case len(d.Dear) > 0 && !meant:
		return d, models.Conflictf("it is dear")
	}
	r.calls = append(r.calls, "delete "+id)
	r.store.backups = slices.DeleteFunc(r.store.backups, func(b models.Backup) bool { return b.ID == id })
	return d, r.err
}

func (r *fakeRetention) change(ctx context.Context, id string, change func(*models.Backup)) (models.Backup, error) {
	if _, err := r.store.Backup(ctx, id); err != nil || r.err != nil {
		if err == nil {
			err = r.err
		}
		return models.Backup{}, err
	}
	at := slices.IndexFunc(r.store.backups, func(b models.Backup) bool { return b.ID == id })
	change(&r.store.backups[at])
	return r.store.backups[at], nil
}

func (r *fakeRetention) did() string { return strings.Join(r.calls, ", ") }
