package pages

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/restores"
)

// RestoreList answers GET /restores with the restores, and the drills below them. Each
// of the two goes in parts of its own.
func (h *Handlers) RestoreList(c *gin.Context) error {
	q := restores.ListQuery{After: c.Query("after"), DrillsAfter: c.Query("drills-after")}
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
	return Render(c, http.StatusOK, restores.List(restores.NewListView(h.page("Restores", "/restores"), found, drills, labels, q, h.Now())))
}

// restoresAfter returns one part of the restores, and notes where the next begins.
func (h *Handlers) restoresAfter(c *gin.Context, q *restores.ListQuery) ([]models.Restore, error) {
	after, err := parseMark(q.After)
	if err != nil {
		return nil, err
	}
	found, err := h.Proof.Restores(c.Request.Context(), models.RestoreFilter{}, after, listLength+1)
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
	if err != nil {
		return nil, err
	}
	found, err := h.Proof.RecentDrills(c.Request.Context(), models.DrillFilter{}, after, listLength+1)
	if err != nil {
		return nil, fmt.Errorf("list drills: %w", err)
	}
	if len(found) > listLength {
		found = found[:listLength]
		q.DrillsOlder = mark(found[listLength-1].CreatedAt, found[listLength-1].ID)
	}
	return found, nil
}
