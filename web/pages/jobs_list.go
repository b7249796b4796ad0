package pages

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/views/jobs"
)

// JobList answers GET /jobs with all jobs, or those that have what is looked for in their
// names. It asks the store as often for one job as for many.
func (h *Handlers) JobList(c *gin.Context) error {
	ctx := c.Request.Context()
	summaries, err := h.summaries.get(ctx, h.Shared, h.Plans.JobStandings)
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	facts := jobs.ListFacts{Find: strings.TrimSpace(c.Query("q")), Plans: h.Planner != nil, Done: itemDone(jobs.Noun, c.Query("done"))}
	if facts.Drives, err = h.drivesByID(ctx); err != nil {
		return err
	}
	for _, s := range summaries {
		j := jobs.ListJob{JobSummary: s, Words: cron.Describe(s.Job.Cron)}
		if next, ok := h.Schedule.NextRun(s.Job.ID); ok {
			j.Next = &next
		}
		facts.Jobs = append(facts.Jobs, j)
	}
	v := jobs.NewListView(h.page("Jobs", jobs.ListPath), facts, h.Now())
	if v.Left, err = h.leftOut(ctx, jobs.Noun); err != nil {
		return err
	}
	return Render(c, http.StatusOK, jobs.List(v))
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
