package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/views/sources"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/tasks"
)

// itemDone is what can be said to have been done to a source or a drive.
func itemDone(n plan.Noun, word string) string {
	switch word {
	case "saved":
		return "The " + n.One + " is saved."
	case "removed":
		return "The " + n.One + " was deleted."
	}
	return ""
}

// SourceList answers GET /sources.
func (h *Handlers) SourceList(c *gin.Context) error {
	all, err := h.sourceFacts(c.Request.Context())
	if err != nil {
		return err
	}
	v := sources.NewListView(h.page("Databases", plan.Sources.Path), all, h.Now())
	v.Done = itemDone(plan.Sources, c.Query("done"))
	if v.Left, err = h.leftOut(c.Request.Context(), plan.Sources); err != nil {
		return err
	}
	return Render(c, http.StatusOK, sources.List(v))
}

// Source answers GET /sources/:id.
func (h *Handlers) Source(c *gin.Context) error {
	f, err := h.sourceFact(c)
	if err != nil {
		return err
	}
	kind, draft, err := h.declared(c.Request.Context(), plan.Sources, f.Source.Label, f.Source.Provider)
	if err != nil {
		return err
	}
	v := sources.NewShowView(h.page(f.Source.Label, plan.Sources.Path), f, kind, draft, itemDone(plan.Sources, c.Query("done")), h.Now())
	v.Place = h.place(models.PlanSource, f.Source.Label)
	return Render(c, http.StatusOK, sources.Show(v))
}

// declared returns the kind of something with its draft; neither where nothing can be set up.
func (h *Handlers) declared(ctx context.Context, n plan.Noun, label, provider string) (models.Kind, models.PlanDraft, error) {
	if h.Planner == nil {
		return models.Kind{}, models.PlanDraft{}, nil
	}
	kind, err := h.kindOf(n, provider)
	if err != nil {
		return kind, models.PlanDraft{}, err
	}
	draft, err := h.Planner.Draft(ctx, n.Kind, label)
	if errors.Is(err, models.ErrNotFound) {
		return kind, draft, nil // it has just left the configuration
	}
	return kind, draft, err
}

// CheckSource answers POST /sources/:id/check. The check goes on when nobody waits for it.
func (h *Handlers) CheckSource(c *gin.Context) error {
	fragment := IsFragment(c)
	f, err := h.sourceFact(c)
	if err != nil {
		return err
	}
	identity.Note(c, "source "+f.Source.Label, f.Source.ID, "")
	done := h.trySource(f.Source)
	if fragment {
		tasks.Await(c.Request.Context(), done, checkLook)
		return h.renderSourceCheck(c)
	}
	tasks.Await(c.Request.Context(), done, checkPatience)
	return seeOther(c, plan.Sources.Show(f.Source.ID)+"#check")
}

// SourceFound answers GET /sources/:id/found with what the newest check found, for a page
// on which it runs.
func (h *Handlers) SourceFound(c *gin.Context) error { return h.renderSourceCheck(c) }

func (h *Handlers) renderSourceCheck(c *gin.Context) error {
	f, err := h.sourceFact(c)
	if err != nil {
		return err
	}
	said := sources.Announcement(f)
	if f.Checking && c.Request.Method == http.MethodGet {
		said = "" // it was said when the check began, and need not be heard every two seconds
	}
	return Render(c, http.StatusOK, sources.CheckFragment(sources.NewCheckView(f, h.Now()), said))
}

// trySource begins a check of a source as it is configured, or joins the one that runs.
func (h *Handlers) trySource(s models.Source) <-chan struct{} {
	return h.Trials.Start(s.ID, func(ctx context.Context) (models.Trial, error) {
		draft, err := h.Planner.Draft(ctx, models.PlanSource, s.Label)
		if err != nil {
			return models.Trial{}, err
		}
		draft.Secrets = nil // those that are stored are used
		found, err := h.try(ctx, draft)
		var mistakes models.FieldErrors
		if errors.As(err, &mistakes) {
			return models.Trial{Error: mistakes.Error()}, nil
		}
		h.logUnexpected(ctx, "check source", "source_id", s.ID, err)
		return found, err
	})
}

// sourceFact returns what is known of the source in the path.
func (h *Handlers) sourceFact(c *gin.Context) (sources.Facts, error) {
	id, err := pathID(c)
	if err != nil {
		return sources.Facts{}, err
	}
	return h.sourceOf(c.Request.Context(), id)
}

// sourceFacts gathers what is known of every configured source. No database is asked.
func (h *Handlers) sourceFacts(ctx context.Context) ([]sources.Facts, error) {
	rows, err := h.Plans.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	jobs, err := h.Plans.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	all := make([]sources.Facts, 0, len(rows))
	for _, s := range rows {
		f := sources.Facts{Source: s}
		if f.Origin, err = h.origin(ctx, models.PlanSource, s.Label); err != nil {
			return nil, err
		}
		for _, j := range jobs {
			if j.SourceID == s.ID {
				f.Jobs = append(f.Jobs, j)
			}
		}
		h.addTrial(&f)
		all = append(all, f)
	}
	return all, nil
}

// addTrial adds what trying the source found since the server started.
func (h *Handlers) addTrial(f *sources.Facts) {
	o, known := h.Trials.Outcome(f.Source.ID)
	switch {
	case !known:
	case o.Running:
		f.Checking = true
	case o.Err != nil:
		f.Problem = problem(o)
	default:
		f.Trial, f.TriedAt = &o.Found, o.EndedAt
	}
}
