package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Kit is the recovery kit of a job whose dumps are encrypted.
type Kit struct {
	JobID string `json:"JobId"`
	Label string `json:"Label"`
	// Fingerprint names the encryption that the kit is for.
	Fingerprint string     `json:"Fingerprint"`
	TakenAt     *time.Time `json:"TakenAt"`
	FileName    string     `json:"FileName"`
	Text        string     `json:"Text"`
}

// NewKit returns the API's form of a recovery kit.
func NewKit(k models.Kit) Kit {
	return Kit{JobID: k.JobID, Label: k.Label, Fingerprint: k.Fingerprint, TakenAt: known(k.TakenAt), FileName: k.FileName, Text: k.Text}
}

// TakeKit answers POST /api/jobs/:id/kit with the recovery kit, and notes that it was taken.
func (h *Handlers) TakeKit(c *gin.Context) error {
	j, err := h.pathJob(c)
	if err != nil {
		return err
	}
	k, err := h.Kits.Take(c.Request.Context(), j.ID)
	if err != nil {
		return err
	}
	identity.Note(c, "recovery kit of "+k.Label, j.ID, "")
	c.PureJSON(http.StatusOK, NewKit(k))
	return nil
}
