package pages

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/api"
)

// listLength is how many backups one part of the list shows.
const listLength = 25

// BackupList answers GET /backups.
func (h *Handlers) BackupList(c *gin.Context) error {
	filter, after, err := parseList(c)
	if err != nil {
		return err
	}
	found, err := h.History.Backups(c.Request.Context(), filter, after, listLength+1)
	if err != nil {
		return fmt.Errorf("list backups: %w", err)
	}
	jobs, err := h.Plans.Jobs(c.Request.Context())
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	q := backups.ListQuery{JobID: filter.JobID, Status: filter.Status, Start: after.IsZero()}
	if len(found) > listLength {
		found = found[:listLength]
		q.Older = mark(found[listLength-1].CreatedAt, found[listLength-1].ID)
	}
	return Render(c, http.StatusOK, backups.List(backups.NewListView(h.page("Backups", "/backups"), found, jobs, q, h.Now())))
}

// BackupRow answers GET /backups/:id/row with one row of the list.
func (h *Handlers) BackupRow(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	b, err := h.History.Backup(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, backups.RowFragment(backups.NewRow(b, h.Now())))
}

func parseList(c *gin.Context) (f models.BackupFilter, after models.Cursor, err error) {
	if f.JobID = c.Query("job"); f.JobID != "" {
		if err = models.CheckID(f.JobID); err != nil {
			return f, after, err
		}
	}
	if status := c.Query("status"); status != "" {
		if f.Status, err = api.ParseStatus(status); err != nil {
			return f, after, err
		}
	}
	after, err = parseMark(c.Query("after"))
	return f, after, err
}

// mark writes a place in a list down for an address: the microsecond and the id of
// what stands before it. It holds although that may be removed.
func mark(at time.Time, id string) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "." + id
}

func parseMark(text string) (models.Cursor, error) {
	if text == "" {
		return models.Cursor{}, nil
	}
	micros, id, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || models.CheckID(id) != nil {
		return models.Cursor{}, models.Invalidf("%q is no place in the list: start the list again", text)
	}
	return models.Cursor{CreatedAt: time.UnixMicro(at).UTC(), ID: id}, nil
}
