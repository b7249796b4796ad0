package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

// maxWait bounds ?wait=, so that a connection is not held for ever.
const maxWait = 10 * time.Minute

type startRequest struct {
	// Job is a label or an id; nil for every job.
	Job *string `json:"Job"`
}

// Start answers POST /api/backups: it starts a run of one job, or of all, and
// answers 202 at once, or with ?wait= 200 when all are settled in time.
func (h *Handlers) Start(c *gin.Context) error {
	wait, err := parseWait(c)
	if err != nil {
		return err
	}
	req, err := readStart(c.Request.Body)
	if err != nil {
		return err
	}
	started, failures, err := h.start(c.Request.Context(), req, identity.Jobs(c))
	if err != nil {
		return err
	}
	noteStarted(c, started)
	status := http.StatusAccepted
	if wait > 0 {
		stream.Patience(c, wait)
		if started, err = h.await(c.Request.Context(), started, wait); err != nil {
			return err
		}
		if settled(started) {
			status = http.StatusOK
		}
	}
	c.JSON(status, Results{Results: dtos(started), Errors: failures})
	return nil
}

func parseWait(c *gin.Context) (time.Duration, error) {
	given := c.Query("wait")
	if given == "" {
		given = c.Query("Wait")
	}
	if given == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(given)
	if seconds, numberErr := strconv.Atoi(given); numberErr == nil {
		wait, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || wait <= 0 || wait > maxWait {
		return 0, models.Invalidf("wait must be a time such as 60s, at most %s", maxWait)
	}
	return wait, nil
}

func readStart(body io.Reader) (startRequest, error) {
	var req startRequest
	if err := readObject(body, &req, `{"Job": "shop-nightly"}`); err != nil {
		return req, err
	}
	if req.Job != nil && *req.Job == "" {
		return req, models.Invalidf("Job is empty: name a job by its label or id, or leave it out to start every job")
	}
	return req, nil
}

// noteStarted says for the audit log what was started.
func noteStarted(c *gin.Context, started []models.Backup) {
	if len(started) == 1 {
		identity.Note(c, "backup of "+started[0].Label, started[0].ID, "")
		return
	}
	labels := make([]string, 0, len(started))
	for _, b := range started {
		labels = append(labels, b.Label)
	}
	identity.Note(c, "all jobs", "", strings.Join(labels, ", "))
}

// start starts one job or all, of the jobs that whoever asks has to do with.
func (h *Handlers) start(ctx context.Context, req startRequest, jobIDs []string) ([]models.Backup, []JobError, error) {
	if req.Job == nil {
		return h.startAll(ctx, jobIDs)
	}
	job, err := h.job(ctx, *req.Job)
	if len(jobIDs) > 0 && (errors.Is(err, models.ErrNotFound) || err == nil && !mayJob(jobIDs, job.ID)) {
		return nil, nil, identity.Elsewhere("job", strconv.Quote(*req.Job))
	}
	if err != nil {
		return nil, nil, err
	}
	b, err := h.Backups.Start(ctx, job.ID, models.TriggerAPI)
	return []models.Backup{b}, nil, err
}

// job finds a job by its label or its id. A label wins, because people choose it.
func (h *Handlers) job(ctx context.Context, name string) (models.Job, error) {
	job, err := h.Store.JobByLabel(ctx, name)
	if !errors.Is(err, models.ErrNotFound) || models.CheckID(name) != nil {
		return job, err
	}
	jobs, err := h.Store.Jobs(ctx)
	if err != nil {
		return models.Job{}, err
	}
	for _, j := range jobs {
		if j.ID == name && j.RemovedAt == nil {
			return j, nil
		}
	}
	return models.Job{}, models.NotFoundf("there is no job with the id %s", name)
}

// startAll starts every job. One that cannot be started does not keep the
// others from it; when none could, the first reason is the error.
func (h *Handlers) startAll(ctx context.Context, jobIDs []string) ([]models.Backup, []JobError, error) {
	jobs, err := h.Store.Jobs(ctx)
	if err != nil {
		return nil, nil, err
	}
	var started []models.Backup
	var failures []JobError
	var first error
	for _, j := range jobs {
		if j.RemovedAt != nil || !mayJob(jobIDs, j.ID) {
			continue
		}
		b, err := h.Backups.Start(ctx, j.ID, models.TriggerAPI)
		if err == nil {
			started = append(started, b)
			continue
		}
		var fault *models.Fault
		if !errors.As(err, &fault) {
			return nil, nil, fmt.Errorf("start job %q: %w", j.Label, err)
		}
		failures = append(failures, JobError{Job: j.Label, Error: fault.Sentence})
		first = errors.Join(first, err)
	}
	if len(started) > 0 {
		return started, failures, nil
	}
	if first != nil {
		return nil, nil, first
	}
	return nil, nil, models.Conflictf("there is no job to start: add a data source and a drive to the configuration")
}

// await returns the backups as they stand when all are settled or time is up.
func (h *Handlers) await(ctx context.Context, started []models.Backup, wait time.Duration) ([]models.Backup, error) {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	now := make([]models.Backup, 0, len(started))
	for _, b := range started {
		settled, err := h.Backups.Wait(waiting, b.ID)
		if waiting.Err() != nil && err != nil {
			settled, err = h.Store.Backup(ctx, b.ID)
		}
		if err != nil {
			return nil, fmt.Errorf("wait for backup %s: %w", b.ID, err)
		}
		now = append(now, settled)
	}
	return now, nil
}

func settled(all []models.Backup) bool {
	for _, b := range all {
		if !b.Status.Settled() {
			return false
		}
	}
	return true
}

func dtos(all []models.Backup) []Backup {
	found := make([]Backup, 0, len(all))
	for _, b := range all {
		found = append(found, NewBackup(b))
	}
	return found
}
