package pages

import (
	"context"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/notifiers"
	"github.com/backupman/backupman/views/plan"
)

// leftOut returns the things of a kind that are set up and do not run.
func (h *Handlers) leftOut(ctx context.Context, n plan.Noun) ([]plan.Left, error) {
	all, err := h.allLeft(ctx)
	if err != nil {
		return nil, err
	}
	return leftOf(n, all), nil
}

// allLeft returns all that is set up and does not run; nothing where nothing is set up on pages.
func (h *Handlers) allLeft(ctx context.Context) ([]models.LeftItem, error) {
	if h.Planner == nil {
		return nil, nil
	}
	return h.Planner.LeftOut(ctx)
}

// leftOf are those of a kind.
func leftOf(n plan.Noun, all []models.LeftItem) []plan.Left {
	return plan.NewLeft(n, all, func(i models.LeftItem) string {
		if i.Kind == models.PlanNotifier {
			return notifiers.Key(i.Label)
		}
		return i.ID
	})
}

// leftItem finds something that is left out by what the address of its pages says; false
// when there is none.
func (h *Handlers) leftItem(ctx context.Context, n plan.Noun, key string) (models.LeftItem, bool, error) {
	if key == "" {
		return models.LeftItem{}, false, nil
	}
	all, err := h.allLeft(ctx)
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
