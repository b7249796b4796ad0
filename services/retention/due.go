package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// lookEvery is how often a job is looked at that nothing was heard of. Whoever makes a
	// backup looks after it; this is for what only time changes.
	lookEvery = time.Hour
	// lookAgain is how soon a job is looked at again that could not be.
	lookAgain = 5 * time.Minute
	// fewLooks is how many jobs one call looks at at the least, and lookParts in how many
	// calls it looks at all of many: so a server that has just started reads the past of a
	// thousand jobs over half an hour, and goes on like that.
	fewLooks  = 20
	lookParts = 30
)

// looks remembers when jobs are to be looked at.
type looks struct {
	mu    sync.Mutex
	known map[string]look
}

// look is one at a job: when it was, when the next one is due, and how the job's row was.
type look struct {
	at, next time.Time
	row      string
}

// rowOf changes with all of a job's row that retention asks about.
func rowOf(j models.Job) string { return fmt.Sprint(j.UpdatedAt, j.RetentionAt) }

// due reports whether a job is to be looked at now. What a clock that was set back has
// left says nothing.
func (l look) due(j models.Job, now time.Time) bool {
	return !now.Before(l.next) || now.Before(l.at) || l.row != rowOf(j)
}

// choose returns those of the jobs that are to be looked at now, the longest due first,
// and forgets jobs that are not among them any more.
func (l *looks) choose(jobs []models.Job, now time.Time) []models.Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := make(map[string]look, len(jobs))
	var due []models.Job
	for _, j := range jobs {
		if !j.Keeps() {
			continue
		}
		last, there := l.known[j.ID]
		if there {
			known[j.ID] = last
		}
		if !there || last.due(j, now) {
			due = append(due, j)
		}
	}
	l.known = known
	slices.SortStableFunc(due, func(a, b models.Job) int { return known[a.ID].next.Compare(known[b.ID].next) })
	return due[:min(len(due), max(fewLooks, len(jobs)/lookParts))]
}

func (l *looks) note(j models.Job, at, next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[j.ID] = look{at: at, next: next, row: rowOf(j)}
}

// PruneDue removes what the rules of the configured jobs keep no longer. It may be called
// every minute, by any number of replicas: a call looks only at jobs that changed, and at
// a part of those that nobody has looked at for an hour.
func (s *Service) PruneDue(ctx context.Context) error {
	jobs, err := s.catalog.Jobs(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	var failures []error
	for _, j := range s.looks.choose(jobs, now) {
		if ctx.Err() != nil {
			break
		}
		next, err := s.pruneDue(ctx, j, settleTime)
		if err != nil {
			failures, next = append(failures, err), now.Add(lookAgain)
		}
		s.looks.note(j, now, next)
	}
	return errors.Join(failures...)
}

// settleTime is how long a backup that has just finished is left alone by the server's
// own look: whoever made it still compares it with those before it, and may raise an alarm.
const settleTime = 2 * time.Minute

// clockSlack is how far the clocks of two machines may be apart.
const clockSlack = time.Hour

// settling returns when the last backup that has settled so recently is left alone no
// more; zero when there is none. The clock of who made it may be ahead.
func settling(found models.RetentionSnapshot, now time.Time, settle time.Duration) time.Time {
	var until time.Time
	if settle <= 0 {
		return until
	}
	for _, b := range found.Backups {
		at := b.SettledAt
		if at == nil || now.Sub(*at) >= settle || at.Sub(now) > clockSlack {
			continue
		}
		if end := at.Add(settle); end.After(until) {
			until = end
		}
	}
	return until
}

// pruneDue looks before it takes the locks that removing takes, and returns when to look
// again. Nothing is removed while a backup has settled so recently.
func (s *Service) pruneDue(ctx context.Context, j models.Job, settle time.Duration) (next time.Time, err error) {
	found, err := s.store.RetentionSnapshot(ctx, j.ID)
	if err != nil {
		return next, fmt.Errorf("look what retention of the job %q removes: %w", j.Label, err)
	}
	now := s.now()
	if until := settling(found, now, settle); !until.IsZero() {
		return until, nil
	}
	next = now.Add(lookEvery)
	if at := found.Job.RetentionAt; at != nil && at.Add(graceTime).After(now) && at.Add(graceTime).Before(next) {
		next = at.Add(graceTime)
	}
	if len(Due(Plan(found, PlanOptions{Now: now}))) == 0 {
		return next, nil
	}
	if _, err := s.prune(ctx, j.ID, cause{settle: settle}); err != nil {
		return next, fmt.Errorf("carry out retention of the job %q: %w", j.Label, err)
	}
	return next, nil
}
