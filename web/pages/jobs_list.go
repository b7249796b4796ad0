package pages

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/views/jobs"
)

// jobListing is what the list of jobs shows, as it was read once, and what was drawn of it.
type jobListing struct {
	facts jobs.ListFacts
	now   time.Time
	drawn drawn
}

// JobList answers GET /jobs with all jobs, or those that have what is looked for in their
// names; of very many ?page= shows another part. It asks the store as often for one job as for
// many, and once for many who look.
func (h *Handlers) JobList(c *gin.Context) error {
	part, err := parsePart(c.Query("page"), "list of jobs")
	if err != nil {
		return err
	}
	listing, err := h.jobListings.get(c.Request.Context(), h.Shared, h.readJobListing)
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	facts, page := listing.facts, h.page("Jobs", jobs.ListPath)
	facts.Find, facts.Done, facts.Part = strings.TrimSpace(c.Query("q")), itemDone(jobs.Noun, c.Query("done")), part
	draw := func() templ.Component { return jobs.ListContent(jobs.NewListView(facts, listing.now)) }
	if facts.Find != "" || facts.Done != "" {
		return Render(c, http.StatusOK, jobs.List(page, draw()))
	}
	content, err := listing.drawn.content(c.Request.Context(), viewer(c), jobs.KnownPart(part, len(facts.Jobs)), draw)
	if err != nil {
		return fmt.Errorf("draw the list of jobs: %w", err)
	}
	return Render(c, http.StatusOK, jobs.List(page, templ.Raw(content)))
}

func (h *Handlers) readJobListing(ctx context.Context) (*jobListing, error) {
	summaries, err := h.Plans.JobStandings(ctx)
	if err != nil {
		return nil, err
	}
	l := &jobListing{facts: jobs.ListFacts{Plans: h.Planner != nil}, now: h.Now()}
	if l.facts.Drives, err = h.drivesByID(ctx); err != nil {
		return nil, err
	}
	for _, s := range summaries {
		j := jobs.ListJob{JobSummary: s, Words: cron.Describe(s.Job.Cron)}
		if next, ok := h.Schedule.NextRun(s.Job.ID); ok {
			j.Next = &next
		}
		l.facts.Jobs = append(l.facts.Jobs, j)
	}
	if l.facts.Left, err = h.leftOut(ctx, jobs.Noun); err != nil {
		return nil, err
	}
	return l, nil
}

// JobLast answers GET /jobs/:id/last with how the newest run of a job went, for the list
// of jobs while it runs.
func (h *Handlers) JobLast(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if _, err := h.Plans.Job(c.Request.Context(), id); err != nil {
		return err
	}
	newest, err := h.History.Backups(c.Request.Context(), models.BackupFilter{JobID: id}, models.Cursor{}, 1)
	if err != nil {
		return fmt.Errorf("find the newest backup of job %s: %w", id, err)
	}
	var last *models.Backup
	if len(newest) > 0 {
		last = &newest[0]
	}
	return Render(c, http.StatusOK, jobs.ShowLast(jobs.NewLastRun(id, last, h.Now())))
}
