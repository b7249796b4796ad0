package pages

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/restores"
)

// RestoreList answers GET /restores with the restores, and the drills below them, as far
// as the filter in the address lets them through. Each of the two goes in parts of its own.
func (h *Handlers) RestoreList(c *gin.Context) error {
	narrowed, err := restores.ParseFilter(c.Request.URL.Query())
	if err != nil {
		return err
	}
	q := restores.ListQuery{Filter: narrowed, After: c.Query("after"), DrillsAfter: c.Query("drills-after")}
	found, err := h.restoresAfter(c, &q)
	if err != nil {
		return err
	}
	drills, err := h.drillsAfter(c, &q)
	if err != nil {
		return err
	}
	labels, err := h.jobLabels(c.Request.Context())
	if err != nil {
		return err
	}
	view := restores.NewListView(h.page("Restores and drills", "/restores"), found, drills, labels, q, h.Now())
	if len(drills) == 0 && q.Filter.IsZero() {
		if view.DrillNow, err = h.drillNewest(c.Request.Context()); err != nil {
			return err
		}
	}
	return Render(c, http.StatusOK, restores.List(view))
}

// drillNewest drills the newest backup of all; nil when there is none.
func (h *Handlers) drillNewest(ctx context.Context) (*components.Action, error) {
	newest, err := h.History.Backups(ctx, models.BackupFilter{Status: models.StatusFinished}, models.Cursor{}, 1)
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	return &components.Action{ID: "drill-newest", Path: backups.Path(newest[0].ID) + "/drill", Label: "Drill the newest backup", Icon: "shield", Primary: true,
		About: newest[0].Label, Needs: models.ScopeRun}, nil
}

// restoresAfter returns one part of the restores, and notes where the next begins.
func (h *Handlers) restoresAfter(c *gin.Context, q *restores.ListQuery) ([]models.Restore, error) {
	after, err := parseMark(q.After)
	if err != nil || !q.Filter.Restores() {
		return nil, err
	}
	found, err := h.Proof.Restores(c.Request.Context(), q.Filter.OfRestores(), after, listLength+1)
	if err != nil {
		return nil, fmt.Errorf("list restores: %w", err)
	}
	if len(found) > listLength {
		found = found[:listLength]
		q.Older = mark(found[listLength-1].CreatedAt, found[listLength-1].ID)
	}
	return found, nil
}

// drillsAfter returns one part of the drills, and notes where the next begins.
func (h *Handlers) drillsAfter(c *gin.Context, q *restores.ListQuery) ([]models.Drill, error) {
	after, err := parseMark(q.DrillsAfter)
	if err != nil || !q.Filter.Drills() {
		return nil, err
	}
	found, err := h.Proof.RecentDrills(c.Request.Context(), q.Filter.OfDrills(), after, listLength+1)
	if err != nil {
		return nil, fmt.Errorf("list drills: %w", err)
	}
	if len(found) > listLength {
		found = found[:listLength]
		q.DrillsOlder = mark(found[listLength-1].CreatedAt, found[listLength-1].ID)
	}
	return found, nil
}
