package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

// drillLook is how often a drill that is waited for is looked at.
const drillLook = 200 * time.Millisecond

type drillRequest struct {
	// Copy is a drive file's id; empty for the fastest good one.
	Copy string `json:"Copy"`
	// Scratch is "temporary" or the label of a data source; empty for what the job says.
	Scratch string `json:"Scratch"`
	unlock
}

// StartDrill answers POST /api/backups/:id/drill with 202 and the drill, or with ?wait=
// 200 when it has ended in time.
func (h *Handlers) StartDrill(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	wait, err := parseWait(c)
	if err != nil {
		return err
	}
	var body drillRequest
	if err := readObject(c.Request.Body, &body, `{"Scratch": "temporary"}`); err != nil {
		return err
	}
	if body.Copy != "" {
		if err := models.CheckID(body.Copy); err != nil {
			return err
		}
	}
	if len(identity.Jobs(c)) > 0 && body.Scratch != "" && body.Scratch != models.ScratchTemporary {
		return models.Invalidf("a key for some jobs drills in a temporary server, or where the job says: leave Scratch out")
	}
	identity.Note(c, "backup", id, "")
	d, err := h.Restores.StartDrill(c.Request.Context(), models.DrillRequest{BackupID: id, DriveFileID: body.Copy, Scratch: body.Scratch, Unlock: body.secrets(), Trigger: models.TriggerAPI})
	if err != nil {
		return err
	}
	if wait > 0 {
		stream.Patience(c, wait)
		if d, err = h.awaitDrill(c.Request.Context(), d, wait); err != nil {
			return err
		}
	}
	status := http.StatusAccepted
	if !d.Running() {
		status = http.StatusOK
	}
	c.PureJSON(status, NewDrill(d))
	return nil
}

// awaitDrill returns the drill as it stands when it has ended or time is up.
func (h *Handlers) awaitDrill(ctx context.Context, d models.Drill, wait time.Duration) (models.Drill, error) {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	look := time.NewTicker(drillLook)
	defer look.Stop()
	for d.Running() {
		select {
		case <-waiting.Done():
			return d, ctx.Err()
		case <-look.C:
		}
		found, err := h.Store.Drill(ctx, d.ID)
		if err != nil {
			return d, fmt.Errorf("wait for drill %s: %w", d.ID, err)
		}
		d = found
	}
	return d, nil
}

// ListDrills answers GET /api/drills with a part of the drills, newest first.
func (h *Handlers) ListDrills(c *gin.Context) error {
	filter := models.DrillFilter{JobIDs: identity.Jobs(c)}
	q, err := parsePart(c.Request.URL.Query(), map[string]func(string) error{
		"JobId":   func(v string) error { filter.JobID = v; return models.CheckID(v) },
		"Outcome": func(v string) (err error) { filter.Outcome, err = parseOutcome(v); return err },
	})
	if err != nil {
		return err
	}
	cursor := func(d models.Drill) models.Cursor { return models.Cursor{CreatedAt: d.CreatedAt, ID: d.ID} }
	after, err := place(q.after, func() (models.Drill, error) {
		d, err := h.Store.Drill(c.Request.Context(), q.after)
		if err == nil && !mayJob(filter.JobIDs, d.JobID) {
			err = models.ErrNotFound
		}
		return d, err
	}, cursor)
	if err != nil {
		return err
	}
	found, err := h.Store.RecentDrills(c.Request.Context(), filter, after, q.limit)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, Drills{Results: newDrills(found)})
	return nil
}

func parseOutcome(v string) (models.DrillOutcome, error) {
	o := models.DrillOutcome(v)
	if slices.Contains([]models.DrillOutcome{models.DrillProven, models.DrillDisproven, models.DrillUnverified}, o) {
		return o, nil
	}
	return "", models.Invalidf("%q is no outcome: use proven, disproven or unverified", v)
}

// GetDrill answers GET /api/drills/:id.
func (h *Handlers) GetDrill(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return h.tellDrill(c, http.StatusOK, id)
}

// CancelDrill answers POST /api/drills/:id/cancel: its runner stops it soon.
func (h *Handlers) CancelDrill(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := h.Restores.CancelDrill(c.Request.Context(), id); err != nil {
		return err
	}
	return h.tellDrill(c, http.StatusAccepted, id)
}

func (h *Handlers) tellDrill(c *gin.Context, status int, id string) error {
	d, err := h.Store.Drill(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.PureJSON(status, NewDrill(d))
	return nil
}
