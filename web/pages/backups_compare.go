package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/compare"
	"github.com/backupman/backupman/web/api"
)

// compareChoices bounds how many other backups a page offers to compare with.
const compareChoices = 50

// CompareBackup answers GET /backups/:id/compare?with=ID; without another it is the
// good one before it.
func (h *Handlers) CompareBackup(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	with := c.Query("with")
	if with != "" {
		if err := models.CheckID(with); err != nil {
			return err
		}
	}
	facts, err := h.compareFacts(c.Request.Context(), id, with)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, compare.Show(compare.New(h.page("Compare "+facts.Asked.Label, "/backups"), facts, h.Now())))
}

func (h *Handlers) compareFacts(ctx context.Context, id, with string) (f compare.Facts, err error) {
	if f.Asked, err = h.History.Backup(ctx, id); err != nil {
		return f, err
	}
	if f.Others, err = h.others(ctx, f.Asked); err != nil {
		return f, err
	}
	other, err := h.other(ctx, f, with)
	if err != nil || other == nil {
		return f, err
	}
	pair, err := api.NewPair(f.Asked, *other)
	if err != nil {
		return f, err
	}
	f.Before, f.After = &pair.Before, &pair.After
	f.Comparison, err = pair.Compare(ctx, h.History)
	var fault *models.Fault
	if errors.As(err, &fault) {
		f.Problem, err = fault.Sentence, nil
	}
	return f, err
}

// others are the finished backups of the same job, newest first.
func (h *Handlers) others(ctx context.Context, asked models.Backup) ([]models.Backup, error) {
	all, err := h.History.Backups(ctx, models.BackupFilter{JobID: asked.JobID, Status: models.StatusFinished}, models.Cursor{}, compareChoices)
	if err != nil {
		return nil, fmt.Errorf("list backups of job %s: %w", asked.JobID, err)
	}
	var found []models.Backup
	for _, b := range all {
		if b.ID != asked.ID {
			found = append(found, b)
		}
	}
	return found, nil
}

// other is the backup that was named, or the newest good one before the one that was
// asked about, or any; nil when there is no other.
func (h *Handlers) other(ctx context.Context, f compare.Facts, with string) (*models.Backup, error) {
	if with != "" {
		b, err := h.History.Backup(ctx, with)
		return &b, err
	}
	before := models.BackupFilter{JobID: f.Asked.JobID, Status: models.StatusFinished, Until: f.Asked.CreatedAt}
	earlier, err := h.History.Backups(ctx, before, models.Cursor{}, compareChoices)
	if err != nil {
		return nil, fmt.Errorf("find the backup before %s: %w", f.Asked.ID, err)
	}
	for _, all := range [][]models.Backup{earlier, f.Others} {
		for i := range all {
			if all[i].Good() && all[i].ID != f.Asked.ID {
				return &all[i], nil
			}
		}
	}
	return nil, nil
}
