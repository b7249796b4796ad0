package pages

import (
	"context"
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/landing"
)

// jobFacts gathers what is known of every job.
func (h *Handlers) jobFacts(ctx context.Context, summaries []models.JobSummary) ([]landing.JobFacts, error) {
	missed, err := h.Slots.NewestMissed(ctx)
	if err != nil {
		return nil, fmt.Errorf("list missed slots: %w", err)
	}
	partly, err := h.partly(ctx, summaries)
	if err != nil {
		return nil, err
	}
	facts := make([]landing.JobFacts, 0, len(summaries))
	for _, s := range summaries {
		f, err := h.factsOf(ctx, s, missed)
		if err != nil {
			return nil, err
		}
		if b, known := partly[s.Job.ID]; known {
			f.Partly = &b
		}
		facts = append(facts, f)
	}
	return facts, nil
}

// factsOf gathers what is known of one job, but for what it can be restored from in part. A run
// may come as late after its slot as the job's spread says, and is not overdue before.
func (h *Handlers) factsOf(ctx context.Context, s models.JobSummary, missed map[string]models.Missed) (f landing.JobFacts, err error) {
	f.JobSummary = s
	if next, ok := h.Schedule.NextRun(s.Job.ID); ok && s.Job.PausedAt == nil {
		f.NextRun, f.Due = &next, models.DueSlot(h.previous(s.Job.ID), next, h.Now().Add(-s.Job.Spread))
	}
	if m, known := missed[s.Job.ID]; known {
		f.Missed = landing.Unmade([]models.Missed{m}, s.Newest)
	}
	if s.Newest != nil && s.Newest.Cancelled() {
		f.Cancelled = s.Newest
		if f.Newest, err = h.newestOfOwn(ctx, *s.Newest); err != nil {
			return f, err
		}
	}
	if f.Newest != nil {
		f.Owners, err = h.owners(ctx, *f.Newest, s.SourceLabel)
	}
	return f, err
}

// newestOfOwn returns the newest backup before a cancelled one that nobody cancelled; nil when
// there is none.
func (h *Handlers) newestOfOwn(ctx context.Context, cancelled models.Backup) (*models.Backup, error) {
	filter := models.BackupFilter{JobID: cancelled.JobID, Cancelled: models.CancelNot}
	found, err := h.History.Backups(ctx, filter, models.Cursor{CreatedAt: cancelled.CreatedAt, ID: cancelled.ID}, 1)
	if err != nil {
		return nil, fmt.Errorf("find what ran before the cancelled backup %s: %w", cancelled.ID, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// previous returns the newest slot of a job that is not after a time.
func (h *Handlers) previous(jobID string) func(until time.Time) (time.Time, bool) {
	return func(until time.Time) (time.Time, bool) { return h.Schedule.PreviousRun(jobID, until) }
}

// partlyLook is how many failed backups of a job are looked at for a good copy.
const partlyLook = 20

// partly returns, by the ids of jobs whose newest backup is not finished, the newest failed
// backup with a good copy, which is what a job can be restored from while a drive keeps failing.
func (h *Handlers) partly(ctx context.Context, summaries []models.JobSummary) (map[string]models.Backup, error) {
	var jobs []string
	for _, s := range summaries {
		if s.Newest != nil && s.Newest.Status != models.StatusFinished {
			jobs = append(jobs, s.Job.ID)
		}
	}
	found, err := h.History.NewestWithCopy(ctx, jobs, partlyLook)
	if err != nil {
		return nil, fmt.Errorf("list failed backups with a copy: %w", err)
	}
	return found, nil
}
