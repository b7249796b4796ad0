package pages

import (
	"context"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/web/identity"
)

// Kits is what pages ask of the service that writes recovery kits. Both return
// models.ErrConflict for a job whose dumps are not encrypted.
type Kits interface {
	// Kit returns the kit of a job as it is now. It changes nothing.
	Kit(ctx context.Context, jobID string) (models.Kit, error)
	// Take notes that somebody took it, and returns it.
	Take(ctx context.Context, jobID string) (models.Kit, error)
}

// Kit answers GET /jobs/:id/kit.
func (h *Handlers) Kit(c *gin.Context) error {
	id, err := h.kitJob(c)
	if err != nil {
		return err
	}
	kit, err := h.Kits.Kit(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, jobs.ShowKit(jobs.NewKitView(h.page("Recovery kit of "+kit.Label, jobs.ListPath), kit, h.Now())))
}

func (h *Handlers) kitJob(c *gin.Context) (string, error) {
	if h.Kits == nil {
		return "", models.NotFoundf("this server writes no recovery kits")
	}
	return pathID(c)
}

// TakeKit answers POST /jobs/:id/kit with the kit as a file, and notes that it was taken.
func (h *Handlers) TakeKit(c *gin.Context) error {
	id, err := h.kitJob(c)
	if err != nil {
		return err
	}
	kit, err := h.Kits.Take(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "recovery kit of "+kit.Label, kit.JobID, "")
	if err := identity.Record(c); err != nil {
		return err
	}
	c.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": kit.FileName}))
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(kit.Text))
	return nil
}
