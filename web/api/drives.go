package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

// checkTime bounds how long a check may hold a connection.
const checkTime = 6 * time.Minute

// Drives answers GET /api/drives with every configured drive, by label.
func (h *Handlers) Drives(c *gin.Context) error {
	found, err := h.drives(c.Request.Context())
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, Drives{Results: found})
	return nil
}

// CheckDrive answers POST /api/drives/:id/check: it checks the drive and answers
// with it. A drive that fails its check is an answer, and not an error.
func (h *Handlers) CheckDrive(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	found, err := h.drive(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "drive "+found.Label, id, "")
	stream.Patience(c, checkTime)
	ctx, cancel := context.WithTimeout(c.Request.Context(), checkTime)
	defer cancel()
	if _, err := h.Upkeep.Check(ctx, id); err != nil {
		return fmt.Errorf("check drive %s: %w", id, err)
	}
	checked, err := h.drive(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, checked)
	return nil
}

func (h *Handlers) drives(ctx context.Context) ([]Drive, error) {
	rows, err := h.Catalog.Drives(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := h.Store.DriveChecks(ctx)
	if err != nil {
		return nil, err
	}
	totals, err := h.Store.DriveTotals(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]Drive, 0, len(rows))
	for _, d := range rows {
		check := checks[d.ID]
		if _, _, err := h.Catalog.SignIn(ctx, d.ID); err != nil {
			check.NeedsSignIn = false // its credentials are refused, and nobody signs in to it
		}
		found = append(found, NewDrive(d, check, totals[d.ID]))
	}
	return found, nil
}

// drive returns a configured drive, or models.ErrNotFound.
func (h *Handlers) drive(ctx context.Context, id string) (Drive, error) {
	all, err := h.drives(ctx)
	if err != nil {
		return Drive{}, err
	}
	for _, d := range all {
		if d.ID == id {
			return d, nil
		}
	}
	return Drive{}, models.NotFoundf("there is no drive with the id %s in the configuration", id)
}
