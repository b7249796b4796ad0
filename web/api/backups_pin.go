package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/retention"
	"github.com/backupman/backupman/web/identity"
)

// pinRequest asks for a backup to be kept.
type pinRequest struct {
	// Until is a time, or a day to whose end the backup is kept by the clock of its job;
	// empty is for ever.
	Until string `json:"Until"`
}

// Pin answers POST /api/backups/:id/pin: no rule of retention removes the backup before the
// time in the body, or ever when there is none.
func (h *Handlers) Pin(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	var body pinRequest
	if err := readObject(c.Request.Body, &body, `{"Until": "2027-01-31"}`); err != nil {
		return err
	}
	zone, err := h.zoneOf(c.Request.Context(), id)
	if err != nil {
		return err
	}
	until, err := PinUntil(body.Until, zone, h.Now())
	if err != nil {
		return err
	}
	b, err := h.Retention.Pin(c.Request.Context(), id, until)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	c.PureJSON(http.StatusOK, newPin(b))
	return nil
}

// zoneOf is where the clock of a backup's job hangs: UTC when the job or its zone is not
// known here.
func (h *Handlers) zoneOf(ctx context.Context, backupID string) (*time.Location, error) {
	b, err := h.Store.Backup(ctx, backupID)
	if err != nil {
		return nil, err
	}
	job, err := h.Store.Job(ctx, b.JobID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return nil, err
	}
	zone, err := job.Location()
	if err != nil {
		return time.UTC, nil
	}
	return zone, nil
}

// PinUntil reads until when a backup is to be kept: a time, or a day to whose end it is, by
// the clock of a zone, of which nil is UTC. Empty text is for ever, and nil. It returns
// models.ErrInvalid for a time that has passed, or is out of all proportion.
func PinUntil(text string, zone *time.Location, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if zone == nil {
		zone = time.UTC
	}
	until, err := retention.ParseUntil(text, zone)
	switch {
	case err != nil:
		return nil, err
	case !until.After(now):
		return nil, models.Invalidf("%s is over already: choose a later day", text)
	case until.After(now.AddDate(100, 0, 0)):
		return nil, models.Invalidf("%s is more than a hundred years away: pin the backup for ever instead", text)
	}
	until = until.UTC()
	return &until, nil
}

// Unpin answers POST /api/backups/:id/unpin: the rules of retention hold for the backup again.
func (h *Handlers) Unpin(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.Retention.Unpin(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "backup of "+b.Label, b.ID, "")
	c.PureJSON(http.StatusOK, newPin(b))
	return nil
}
