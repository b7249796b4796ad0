package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

const (
	// nextRuns is how many runs to come a job is told with.
	nextRuns = 5
	// toldMissed is how many missed slots one job is told with, and toldRemovals how many
	// removals.
	toldMissed   = 100
	toldRemovals = 100
)

// ListJobs answers GET /api/jobs with every configured job, by label, and with those that are
// set up and do not run.
func (h *Handlers) ListJobs(c *gin.Context) error {
	found, err := h.Store.Jobs(c.Request.Context())
	if err != nil {
		return err
	}
	known, err := h.labels(c.Request.Context())
	if err != nil {
		return err
	}
	told := Jobs{Results: make([]Job, 0, len(found))}
	for _, j := range found {
		if j.RemovedAt == nil && mayJob(identity.Jobs(c), j.ID) {
			told.Results = append(told.Results, h.scheduled(j, newJob(j, known.sources, known.drives)))
		}
	}
	if told.LeftOut, err = h.leftOut(c.Request.Context(), identity.Jobs(c)); err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, told)
	return nil
}

// leftOut are the jobs that are set up and do not run, of those that a request may see.
func (h *Handlers) leftOut(ctx context.Context, only []string) ([]LeftOut, error) {
	told := []LeftOut{}
	if h.Planner == nil {
		return told, nil
	}
	all, err := h.Planner.LeftOut(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.Kind != models.PlanJob || !mayJob(only, i.ID) {
			continue
		}
		l := LeftOut{Label: i.Label, Reason: i.Reason}
		if i.ID != "" {
			l.ID = &i.ID
		}
		told = append(told, l)
	}
	return told, nil
}

// GetJob answers GET /api/jobs/:id with the job, the slots that it missed and the copies
// that were removed.
func (h *Handlers) GetJob(c *gin.Context) error {
	j, err := h.pathJob(c)
	if err != nil {
		return err
	}
	return h.tellJob(c, j.ID)
}

// PauseJob answers POST /api/jobs/:id/pause: the schedule rests until it is resumed.
func (h *Handlers) PauseJob(c *gin.Context) error { return h.turnJob(c, h.Store.PauseJob) }

// ResumeJob answers POST /api/jobs/:id/resume.
func (h *Handlers) ResumeJob(c *gin.Context) error { return h.turnJob(c, h.Store.ResumeJob) }

func (h *Handlers) turnJob(c *gin.Context, turn func(ctx context.Context, jobID string, at time.Time) error) error {
	j, err := h.pathJob(c)
	if err != nil {
		return err
	}
	if err := turn(c.Request.Context(), j.ID, h.Now()); err != nil {
		return err
	}
	return h.tellJob(c, j.ID)
}

// pathJob returns the job in the path, which must be configured.
func (h *Handlers) pathJob(c *gin.Context) (models.Job, error) {
	id, err := pathID(c)
	if err != nil {
		return models.Job{}, err
	}
	j, err := h.Store.Job(c.Request.Context(), id)
	if err == nil {
		identity.Note(c, "job "+j.Label, j.ID, "")
	}
	if err == nil && j.RemovedAt != nil {
		return j, models.NotFoundf("the job %q has left the configuration", j.Label)
	}
	return j, err
}

func (h *Handlers) tellJob(c *gin.Context, id string) error {
	detail, err := h.jobDetail(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, detail)
	return nil
}

func (h *Handlers) jobDetail(ctx context.Context, id string) (JobDetail, error) {
	j, err := h.Store.Job(ctx, id)
	if err != nil {
		return JobDetail{}, err
	}
	known, err := h.labels(ctx)
	if err != nil {
		return JobDetail{}, err
	}
	missed, err := h.Store.MissedSlots(ctx, id, toldMissed)
	if err != nil {
		return JobDetail{}, fmt.Errorf("list missed slots of job %s: %w", id, err)
	}
	removals, err := h.Store.Removals(ctx, id, toldRemovals)
	if err != nil {
		return JobDetail{}, fmt.Errorf("list removals of job %s: %w", id, err)
	}
	return JobDetail{Job: h.scheduled(j, newJob(j, known.sources, known.drives)), Missed: newMissed(missed), Removals: newRemovals(removals, known.drives)}, nil
}

// scheduled adds what the schedule says of a job to what its row says. The schedule reads
// the rows now and then, so a pause is heeded here before it has seen that.
func (h *Handlers) scheduled(row models.Job, j Job) Job {
	if j.PausedAt != nil {
		return j
	}
	for _, slot := range h.Schedule.NextRuns(row, nextRuns) {
		j.NextRuns = append(j.NextRuns, whole(slot))
	}
	if next, ok := h.Schedule.NextDrill(j.ID); ok {
		j.NextDrill = known(&next)
	}
	return j
}

// named are the labels of sources and drives by their ids.
type named struct{ sources, drives labels }

func (h *Handlers) labels(ctx context.Context) (named, error) {
	found := named{sources: labels{}, drives: labels{}}
	sources, err := h.Store.Sources(ctx)
	if err != nil {
		return found, fmt.Errorf("list sources: %w", err)
	}
	for _, s := range sources {
		found.sources[s.ID] = s.Label
	}
	drives, err := h.Store.Drives(ctx)
	if err != nil {
		return found, fmt.Errorf("list drives: %w", err)
	}
	for _, d := range drives {
		found.drives[d.ID] = d.Label
	}
	return found, nil
}
