package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/middleware"
)

// DriveList answers GET /drives.
func (h *Handlers) DriveList(c *gin.Context) error {
	all, err := h.driveFacts(c.Request.Context())
	if err != nil {
		return err
	}
	middleware.AllowForms(c, h.providers(c.Request.Context(), all))
	view := drives.NewView(h.page("Drives", "/drives"), all, c.Query(signedInParameter), h.Now())
	view.Closed = h.Planner == nil
	view.Done = itemDone(plan.Drives, c.Query("done"))
	if view.Left, err = h.leftOut(c.Request.Context(), plan.Drives); err != nil {
		return err
	}
	return Render(c, http.StatusOK, drives.Show(view))
}

// DriveCard answers GET /drives/:id/card with one drive, for a page on which it is
// being checked.
func (h *Handlers) DriveCard(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return h.renderDrive(c, id)
}

func (h *Handlers) renderDrive(c *gin.Context, id string) error {
	f, err := h.driveFact(c.Request.Context(), id)
	if err != nil {
		return err
	}
	f.Own, f.Next = c.Query(drives.OwnPage) == "true", nextPage(c.Query(drives.NextField))
	said := drives.Announcement(f)
	if f.Checking && c.Request.Method == http.MethodGet {
		said = "" // it was said when the check began, and need not be heard every two seconds
	}
	return Render(c, http.StatusOK, drives.CardFragment(drives.NewCard(f, h.Now()), said))
}

// driveFacts gathers what is known of every configured drive. No drive is asked.
func (h *Handlers) driveFacts(ctx context.Context) ([]drives.Facts, error) {
	rows, err := h.Catalog.Drives(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := h.Drives.DriveChecks(ctx)
	if err != nil {
		return nil, fmt.Errorf("list checks of drives: %w", err)
	}
	totals, err := h.Drives.DriveTotals(ctx)
	if err != nil {
		return nil, fmt.Errorf("count copies on drives: %w", err)
	}
	all := make([]drives.Facts, 0, len(rows))
	for _, d := range rows {
		f := drives.Facts{Drive: d, Totals: totals[d.ID]}
		if f.Origin, err = h.origin(ctx, models.PlanDrive, d.Label); err != nil {
			return nil, err
		}
		if check, known := checks[d.ID]; known {
			f.Check = &check
		}
		h.addLive(ctx, &f)
		all = append(all, f)
	}
	return all, nil
}

// addLive adds what only this process knows of a drive.
func (h *Handlers) addLive(ctx context.Context, f *drives.Facts) {
	if o, known := h.Checks.Outcome(f.Drive.ID); known {
		f.Checking = o.Running
		if f.Check == nil || f.Check.CheckedAt.Before(o.EndedAt) {
			f.Problem = problem(o)
		}
	}
	if _, _, err := h.Catalog.SignIn(ctx, f.Drive.ID); err == nil {
		f.SignsIn = true
	}
	if opened, _, err := h.Catalog.OpenDrive(ctx, f.Drive.ID); err == nil {
		_, f.Trusts = drive.As[drive.Truster](opened)
	}
}

// driveFact returns what is known of one drive, or models.ErrNotFound.
func (h *Handlers) driveFact(ctx context.Context, id string) (drives.Facts, error) {
	all, err := h.driveFacts(ctx)
	if err != nil {
		return drives.Facts{}, err
	}
	for _, f := range all {
		if f.Drive.ID == id {
			return f, nil
		}
	}
	return drives.Facts{}, models.NotFoundf("there is no drive with the id %s in the configuration", id)
}

// providers are the origins of the pages on which people sign in to drives.
func (h *Handlers) providers(ctx context.Context, all []drives.Facts) []string {
	var found []string
	for _, f := range all {
		if !f.SignsIn {
			continue
		}
		signIn, _, err := h.Catalog.SignIn(ctx, f.Drive.ID)
		if err != nil {
			continue
		}
		if u, err := url.Parse(signIn.URL("", "", "")); err == nil && u.Host != "" {
			found = append(found, u.Scheme+"://"+u.Host)
		}
	}
	return found
}
