package pages

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/middleware"
)

// Drive answers GET /drives/:id.
func (h *Handlers) Drive(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	f, err := h.driveFact(ctx, id)
	if err != nil {
		return err
	}
	jobs, err := h.Plans.Jobs(ctx)
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	kind, draft, err := h.declared(ctx, plan.Drives, f.Drive.Label, f.Drive.Provider)
	if err != nil {
		return err
	}
	middleware.AllowForms(c, h.providers(ctx, []drives.Facts{f}))
	f.Next = cmp.Or(nextPage(c.Query(drives.NextField)), drives.Path(id))
	v := drives.NewShowView(h.page(f.Drive.Label, "/drives"), f, jobs, kind, draft, h.Now())
	if v.Usage, err = h.usage(ctx, id); err != nil {
		return err
	}
	v.Place = h.place(models.PlanDrive, f.Drive.Label)
	v.Done = itemDone(plan.Drives, c.Query("done"))
	if c.Query(signedInParameter) == id {
		v.Greet(f)
	}
	return Render(c, http.StatusOK, drives.ShowOne(v))
}
