package api

import (
	"context"
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

// pageSize is how many backups are read at a time for a part of the list.
const pageSize = 500

// List answers GET /api/backups: all backups, newest first, or the part that
// the query asks for.
func (h *Handlers) List(c *gin.Context) error {
	q, err := parseList(c.Request.URL.Query())
	if err != nil {
		return err
	}
	q.filter.JobIDs = identity.Jobs(c)
	each, err := h.each(c.Request.Context(), q)
	if err != nil {
		return err
	}
	c.Header("Content-Type", "application/json; charset=utf-8")
	return WriteList(stream.Writer(c), each)
}

func (h *Handlers) each(ctx context.Context, q listQuery) (Each, error) {
	if !q.paged() {
		return func(fn func(models.Backup) error) error { return h.Store.EachBackup(ctx, q.filter, fn) }, nil
	}
	after, err := h.cursor(ctx, q)
	if err != nil {
		return nil, err
	}
	return func(fn func(models.Backup) error) error { return h.eachOfPart(ctx, q, after, fn) }, nil
}

// cursor finds the place behind a backup.
func (h *Handlers) cursor(ctx context.Context, q listQuery) (models.Cursor, error) {
	if q.after == "" {
		return models.Cursor{}, nil
	}
	b, err := h.Store.Backup(ctx, q.after)
	if errors.Is(err, models.ErrNotFound) || err == nil && !mayJob(q.filter.JobIDs, b.JobID) {
		return models.Cursor{}, models.Invalidf("After names the backup %s, which is not there any more: start the list again without After", q.after)
	}
	return models.Cursor{CreatedAt: b.CreatedAt, ID: b.ID}, err
}

// mayJob reports whether a job is one of those that a list is narrowed to.
func mayJob(jobIDs []string, id string) bool { return len(jobIDs) == 0 || slices.Contains(jobIDs, id) }

func (h *Handlers) eachOfPart(ctx context.Context, q listQuery, after models.Cursor, fn func(models.Backup) error) error {
	for left := q.limit; ; {
		want := pageSize
		if q.limit > 0 {
			want = min(want, left)
		}
		page, err := h.Store.Backups(ctx, q.filter, after, want)
		if err != nil {
			return err
		}
		for _, b := range page {
			if err := fn(b); err != nil {
				return err
			}
			after = models.Cursor{CreatedAt: b.CreatedAt, ID: b.ID}
		}
		left -= len(page)
		if len(page) < want || q.limit > 0 && left <= 0 {
			return nil
		}
	}
}
