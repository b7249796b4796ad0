package pages

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/views/landing"
)

const (
	// nextRuns is how many runs to come the page of a job shows.
	nextRuns = 5
	// missedShown is how many missed slots it shows, and removalsShown how many removals.
	missedShown   = 10
	removalsShown = 20
)

// Job answers GET /jobs/:id. Rules of retention in its address are tried, and nothing of
// the job is changed by that.
func (h *Handlers) Job(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	form := jobs.ParseRulesForm(c.Request.URL.Query())
	facts, err := h.jobPage(c.Request.Context(), id, form)
	if err != nil {
		return err
	}
	if facts.From, err = parseFrom(c.Query("from")); err != nil {
		return err
	}
	facts.Done = itemDone(jobs.Noun, c.Query("done"))
	status := http.StatusOK
	if _, problems := form.Retention(); form.Tried && len(problems) > 0 {
		status = http.StatusBadRequest
	}
	return h.renderJob(c, status, facts)
}

func (h *Handlers) renderJob(c *gin.Context, status int, facts jobs.Facts) error {
	return Render(c, status, jobs.Show(jobs.NewView(h.page(facts.Job.Label, jobs.ListPath), facts, h.Now())))
}

func parseFrom(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, models.Invalidf("%q is no place in the plan: open the page of the job again", text)
	}
	return n, nil
}

// jobPage gathers what is known of one job. Rules that cannot be read are not tried: the
// plan is then that of the job's own.
func (h *Handlers) jobPage(ctx context.Context, id string, form jobs.RulesForm) (f jobs.Facts, err error) {
	if f.Job, err = h.Plans.Job(ctx, id); err != nil {
		return f, err
	}
	f.Form = form
	if f.Drives, err = h.drivesByID(ctx); err != nil {
		return f, err
	}
	if f.Summary, err = h.summaryOf(ctx, f.Job); err != nil {
		return f, err
	}
	if f.Timing, err = h.timing(ctx, f.Job); err != nil {
		return f, err
	}
	if f.Plan, err = h.Retention.Preview(ctx, id, tried(form)); err != nil {
		return f, fmt.Errorf("plan the retention of job %s: %w", id, err)
	}
	if f.Runs, err = h.History.JobRunPoints(ctx, id, landing.PastSince(h.Now())); err != nil {
		return f, fmt.Errorf("read the runs of job %s: %w", id, err)
	}
	if f.Removals, err = h.Removals.Removals(ctx, id, removalsShown); err != nil {
		return f, fmt.Errorf("list removals of job %s: %w", id, err)
	}
	if h.Planner != nil {
		if f.Origin, err = h.origin(ctx, models.PlanJob, f.Job.Label); err != nil {
			return f, fmt.Errorf("find where job %s is planned: %w", id, err)
		}
		f.Place = h.place(models.PlanJob, f.Job.Label)
	}
	return f, nil
}

// tried returns the rules of a form; nil for the job's own.
func tried(form jobs.RulesForm) *models.Retention {
	if !form.Tried {
		return nil
	}
	rules, problems := form.Retention()
	if len(problems) > 0 {
		return nil
	}
	return &rules
}

// summaryOf is what the overview knows of a job; nil when it has left the configuration.
func (h *Handlers) summaryOf(ctx context.Context, job models.Job) (*landing.JobFacts, error) {
	if job.RemovedAt != nil {
		return nil, nil
	}
	summaries, err := h.Plans.JobSummaries(ctx)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	for _, s := range summaries {
		if s.Job.ID == job.ID {
			all, err := h.jobFacts(ctx, []models.JobSummary{s})
			if err != nil {
				return nil, err
			}
			return &all[0], nil
		}
	}
	return nil, nil
}

// timing is what the schedule says of a job.
func (h *Handlers) timing(ctx context.Context, job models.Job) (t jobs.Timing, err error) {
	t.Words, t.DrillWords = cron.Describe(job.Cron), cron.Describe(job.DrillCron)
	t.NextRuns = h.Schedule.NextRuns(job, nextRuns)
	if next, ok := h.Schedule.NextDrill(job.ID); ok {
		t.NextDrill = &next
	}
	if t.Missed, err = h.Slots.MissedSlots(ctx, job.ID, missedShown); err != nil {
		return t, fmt.Errorf("list missed slots of job %s: %w", job.ID, err)
	}
	return t, nil
}
