package pages

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/landing"
)

// pastAge is how old what is kept of the past may be before all of it is read anew. What a
// job's summary tells to have changed is read at once.
const pastAge = time.Minute

// past keeps what became of the runs of the last days, and how much drives hold: it is long to
// read, and little of it changes. The zero value is ready.
type past struct {
	mu sync.Mutex
	// readAt is when all was read; zero before the first time.
	readAt time.Time
	// reading says that all is being read beside.
	reading bool
	jobs    map[string]jobPast
	totals  map[string]models.DriveTotals
	// made are the pictures of databases, by the ids of their sources, as long as none of
	// their jobs was read anew.
	made map[string]landing.Past
}

// jobPast are the runs of one job.
type jobPast struct {
	runs   landing.Runs
	readAt time.Time
	mark   pastMark
}

// pastMark tells whether something of the past of a job may have changed.
type pastMark struct {
	newest, status, proven string
	cancelled              bool
	finished               int64
	// settled and proof are in nanoseconds.
	settled, provenAt, disprovenAt int64
}

func markOf(s models.JobSummary) pastMark {
	m := pastMark{finished: s.Finished}
	if b := s.Newest; b != nil {
		m.newest, m.status, m.cancelled, m.settled = b.ID, string(b.Status), b.Cancelled(), nanoseconds(b.SettledAt)
	}
	if b := s.NewestFinished; b != nil {
		m.disprovenAt = nanoseconds(b.DisprovenAt)
	}
	if b := s.NewestProven; b != nil {
		m.proven, m.provenAt = b.ID, nanoseconds(b.ProvenAt)
	}
	return m
}

func nanoseconds(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixNano()
}

// everything is what is read at once.
type everything struct {
	jobs   map[string]jobPast
	totals map[string]models.DriveTotals
	at     time.Time
}

func (h *Handlers) readEverything(ctx context.Context) (e everything, err error) {
	e = everything{jobs: map[string]jobPast{}, at: h.Now()}
	since := landing.PastSince(e.at)
	points, err := h.History.RunPoints(ctx, since)
	if err != nil {
		return e, fmt.Errorf("read the runs of the last days: %w", err)
	}
	missed, err := h.Slots.MissedSince(ctx, since)
	if err != nil {
		return e, fmt.Errorf("list missed slots: %w", err)
	}
	if e.totals, err = h.Drives.DriveTotals(ctx); err != nil {
		return e, fmt.Errorf("count copies on drives: %w", err)
	}
	for _, p := range points {
		j := e.jobs[p.JobID]
		j.runs.Points, j.readAt = append(j.runs.Points, p), e.at
		e.jobs[p.JobID] = j
	}
	for _, m := range missed {
		j := e.jobs[m.JobID]
		j.runs.Missed, j.readAt = append(j.runs.Missed, m), e.at
		e.jobs[m.JobID] = j
	}
	return e, nil
}

// pasts returns the past of each database, by the id of its source, and how much each drive
// holds. summaries are of now.
func (h *Handlers) pasts(ctx context.Context, summaries []models.JobSummary) (map[string]landing.Past, map[string]models.DriveTotals, error) {
	p := &h.past
	p.mu.Lock()
	defer p.mu.Unlock()
	now := h.Now()
	if h.Shared <= 0 || p.readAt.IsZero() || now.Before(p.readAt) {
		all, err := h.readEverything(ctx)
		if err != nil {
			return nil, nil, err
		}
		p.jobs = map[string]jobPast{}
		p.take(all)
		for _, s := range summaries {
			p.note(s)
		}
	} else if now.Sub(p.readAt) > pastAge && !p.reading {
		p.reading = true
		go h.refreshPast(context.WithoutCancel(ctx))
	}
	if err := h.followAll(ctx, summaries, now); err != nil {
		return nil, nil, err
	}
	return p.pictures(summaries, now), p.totals, nil
}

// refreshPast reads all anew beside the requests.
func (h *Handlers) refreshPast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	all, err := h.readEverything(ctx)
	h.past.mu.Lock()
	defer h.past.mu.Unlock()
	h.past.reading = false
	if err != nil {
		h.Log.Warn("the runs of the last days were not read", "error", err)
		return
	}
	h.past.take(all)
}

// take keeps what was read, but for jobs that were read later.
func (p *past) take(all everything) {
	for id, before := range p.jobs {
		found := all.jobs[id]
		found.mark = before.mark
		if before.readAt.After(all.at) {
			found = before
		}
		all.jobs[id] = found
	}
	p.jobs, p.totals, p.readAt, p.made = all.jobs, all.totals, all.at, map[string]landing.Past{}
}

func (p *past) note(s models.JobSummary) {
	j := p.jobs[s.Job.ID]
	j.mark = markOf(s)
	p.jobs[s.Job.ID] = j
}

// followAll reads the runs of jobs anew that have changed, and then how much drives hold.
// past is locked.
func (h *Handlers) followAll(ctx context.Context, summaries []models.JobSummary, now time.Time) error {
	changed := false
	for _, s := range summaries {
		if h.past.jobs[s.Job.ID].mark == markOf(s) {
			continue
		}
		changed = true
		if err := h.follow(ctx, s, now); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	totals, err := h.Drives.DriveTotals(ctx)
	if err != nil {
		return fmt.Errorf("count copies on drives: %w", err)
	}
	h.past.totals = totals
	return nil
}

// follow reads the runs of a job anew. past is locked.
func (h *Handlers) follow(ctx context.Context, s models.JobSummary, now time.Time) error {
	p := &h.past
	points, err := h.History.JobRunPoints(ctx, s.Job.ID, landing.PastSince(now))
	if err != nil {
		return fmt.Errorf("read the runs of the job %s: %w", s.Job.ID, err)
	}
	j := p.jobs[s.Job.ID]
	j.runs.Points, j.readAt = points, now
	p.jobs[s.Job.ID] = j
	p.note(s)
	delete(p.made, s.Job.SourceID)
	return nil
}

// pictures makes those that were not made before.
func (p *past) pictures(summaries []models.JobSummary, now time.Time) map[string]landing.Past {
	missing, runs := map[string][]models.Job{}, map[string]landing.Runs{}
	for _, s := range summaries {
		if _, made := p.made[s.Job.SourceID]; !made {
			missing[s.Job.SourceID] = append(missing[s.Job.SourceID], s.Job)
			runs[s.Job.ID] = p.jobs[s.Job.ID].runs
		}
	}
	for source, jobs := range missing {
		p.made[source] = landing.NewPast(jobs, runs, now)
	}
	return maps.Clone(p.made)
}
