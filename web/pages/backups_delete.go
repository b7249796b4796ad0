package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/web/identity"
)

// bulkMost bounds how many backups are asked for at once.
const bulkMost = 100

// AskDelete answers GET /backups/:id/delete, and GET /backups/delete for several: it tells
// what deleting them would do.
func (h *Handlers) AskDelete(c *gin.Context) error {
	ids, err := askedIDs(c, c.Request.URL.Query())
	if err != nil {
		return err
	}
	view, err := h.deleteView(c.Request.Context(), ids, nil, c.Query("back"))
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, backups.Delete(view))
}

// DeleteBackups answers POST /backups/:id/delete and POST /backups/delete. As long as one that
// would be missed is not said to be meant, nothing is deleted and the question is put again.
func (h *Handlers) DeleteBackups(c *gin.Context) error {
	if err := form(c); err != nil {
		return err
	}
	ids, err := askedIDs(c, c.Request.PostForm)
	if err != nil {
		return err
	}
	meant, back := c.Request.PostForm["meant"], field(c, "back")
	view, err := h.deleteView(c.Request.Context(), ids, meant, back)
	if err != nil {
		return err
	}
	noteSeveral(c, ids)
	if slices.ContainsFunc(view.Going, func(d backups.Doomed) bool { return d.Dear != "" && !d.Meant }) {
		view.Problem = "Some of these backups would be missed. Tick the box beside each that you mean to delete all the same, or keep them."
		identity.NoteRefusal(c, view.Problem)
		return Render(c, http.StatusUnprocessableEntity, backups.Delete(view))
	}
	return h.bulk(c, "Deleted", ids, back, func(ctx context.Context, id string) (models.Backup, error) {
		d, err := h.Retention.Delete(ctx, id, slices.Contains(meant, id))
		return d.Backup, err
	}, func(models.Backup) backups.Refused {
		return backups.Refused{Sentence: "Each drive is asked to remove its copy until it has."}
	})
}

func (h *Handlers) deleteView(ctx context.Context, ids, meant []string, back string) (v backups.DeleteView, err error) {
	all := make([]models.Deletion, 0, len(ids))
	for _, id := range ids {
		d, err := h.Retention.PreviewDelete(ctx, id)
		if err != nil && (len(ids) == 1 || !errors.Is(err, models.ErrNotFound)) {
			return v, err
		}
		if err == nil { // one of several may have gone meanwhile, which is as asked
			all = append(all, d)
		}
	}
	title := "Delete " + human.Plural(int64(len(all)), "backup")
	if len(all) == 1 {
		title = "Delete a backup of " + all[0].Backup.Label
	}
	return backups.NewDeleteView(h.page(title, "/backups"), all, meant, back, h.Now()), nil
}

// askedIDs are the ids of the backups that a request is about: the one in its path, or those
// in its form or query.
func askedIDs(c *gin.Context, values url.Values) ([]string, error) {
	ids := values["id"]
	if id := c.Param("id"); id != "" {
		ids = []string{id}
	}
	for _, id := range ids {
		if err := models.CheckID(id); err != nil {
			return nil, err
		}
	}
	switch {
	case len(ids) == 0:
		return nil, models.Invalidf("no backup is ticked: tick those that are meant, and ask again")
	case len(ids) > bulkMost:
		return nil, models.Invalidf("%d backups at once are too many: tick at most %d", len(ids), bulkMost)
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), nil
}
