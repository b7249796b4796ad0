package pages

import (
	"context"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/notifiers"
	"github.com/backupman/backupman/views/plan"
)

// leftOut returns the things of a kind that are set up and do not run.
func (h *Handlers) leftOut(ctx context.Context, n plan.Noun) ([]plan.Left, error) {
	if h.Planner == nil {
		return nil, nil
	}
	all, err := h.Planner.LeftOut(ctx)
	if err != nil {
		return nil, err
	}
	return plan.NewLeft(n, all, func(i models.LeftItem) string {
		if i.Kind == models.PlanNotifier {
			return notifiers.Key(i.Label)
		}
		return i.ID
	}), nil
}

// leftItem finds something that is left out by what the address of its pages says; false
// when there is none.
func (h *Handlers) leftItem(ctx context.Context, n plan.Noun, key string) (models.LeftItem, bool, error) {
	if h.Planner == nil || key == "" {
		return models.LeftItem{}, false, nil
	}
	all, err := h.Planner.LeftOut(ctx)
	if err != nil {
		return models.LeftItem{}, false, err
	}
	for _, i := range all {
		if i.Kind == n.Kind && (i.ID == key || i.Kind == models.PlanNotifier && i.Label == key) {
			return i, true, nil
		}
	}
	return models.LeftItem{}, false, nil
}
