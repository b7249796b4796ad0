package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/identity"
)

// planItem is a source or a drive that is configured.
type planItem struct{ ID, Label, Provider string }

// item returns what has an id, or models.ErrNotFound.
func (h *Handlers) item(ctx context.Context, n plan.Noun, id string) (planItem, error) {
	if err := models.CheckID(id); err != nil {
		return planItem{}, err
	}
	all, err := h.items(ctx, n)
	if err != nil {
		return planItem{}, err
	}
	for _, i := range all {
		if i.ID == id {
			return i, nil
		}
	}
	if left, found, err := h.leftItem(ctx, n, id); found || err != nil {
		return planItem{ID: left.ID, Label: left.Label}, err
	}
	return planItem{}, models.NotFoundf("there is no %s with the id %s in the configuration", n.One, id)
}

func (h *Handlers) items(ctx context.Context, n plan.Noun) ([]planItem, error) {
	var all []planItem
	if n.Kind == models.PlanDrive {
		drives, err := h.Catalog.Drives(ctx)
		for _, d := range drives {
			all = append(all, planItem{d.ID, d.Label, d.Provider})
		}
		return all, err
	}
	sources, err := h.Plans.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	for _, s := range sources {
		all = append(all, planItem{s.ID, s.Label, s.Provider})
	}
	return all, nil
}

// origin tells where something comes from: the file, where nothing can be set up here.
func (h *Handlers) origin(ctx context.Context, kind models.PlanKind, label string) (models.Origin, error) {
	if h.Planner == nil {
		return models.OriginFile, nil
	}
	from, err := h.Planner.Origin(ctx, kind, label)
	if errors.Is(err, models.ErrNotFound) {
		return models.OriginFile, nil
	}
	return from, err
}

// changeable returns what has the id in the path, or models.ErrConflict when it is in the
// configuration file.
func (h *Handlers) changeable(c *gin.Context, n plan.Noun) (planItem, error) {
	at, err := h.item(c.Request.Context(), n, c.Param("id"))
	if err != nil {
		return at, err
	}
	return at, h.notOfFile(c.Request.Context(), n, at.Label)
}

// notOfFile returns models.ErrConflict for what the configuration file names.
func (h *Handlers) notOfFile(ctx context.Context, n plan.Noun, label string) error {
	from, err := h.origin(ctx, n.Kind, label)
	if err == nil && from == models.OriginFile {
		err = models.Conflictf("the %s %q is named in the configuration file: change it there, and the running server follows, or duplicate it and change the duplicate here", n.One, label)
	}
	return err
}

// EditSource answers GET /sources/:id/edit.
func (h *Handlers) EditSource(c *gin.Context) error { return h.editItem(c, plan.Sources) }

// EditDrive answers GET /drives/:id/edit.
func (h *Handlers) EditDrive(c *gin.Context) error { return h.editItem(c, plan.Drives) }

// ChangeSource answers POST /sources/:id/edit.
func (h *Handlers) ChangeSource(c *gin.Context) error { return h.changeItem(c, plan.Sources) }

// ChangeDrive answers POST /drives/:id/edit.
func (h *Handlers) ChangeDrive(c *gin.Context) error { return h.changeItem(c, plan.Drives) }

func (h *Handlers) editItem(c *gin.Context, n plan.Noun) error {
	at, err := h.changeable(c, n)
	if err != nil {
		return err
	}
	draft, err := h.Planner.Draft(c.Request.Context(), n.Kind, at.Label)
	if err != nil {
		return err
	}
	f := planForm{Facts: plan.Facts{Noun: n, Draft: draft}}
	if f.Kind, err = h.kindOf(n, draft.Fields["provider"]); err != nil {
		return err
	}
	return h.showEdit(c, http.StatusOK, &f, at)
}

func (h *Handlers) changeItem(c *gin.Context, n plan.Noun) error {
	at, err := h.changeable(c, n)
	if err != nil {
		return err
	}
	f, err := h.readPlanForm(c, n, at.Label)
	if err != nil {
		return err
	}
	id, err := h.send(c, &f, nothing)
	if err != nil {
		return err
	}
	if id == "" {
		return h.showEdit(c, f.status, &f, at)
	}
	return h.saved(c, &f, id)
}

func (h *Handlers) showEdit(c *gin.Context, status int, f *planForm, at planItem) error {
	v := h.view(c, f)
	v.Page, v.Heading = h.page("Edit "+at.Label, f.Noun.Path), "Edit "+at.Label
	v.Lead = f.Kind.Name + ". What you change is tried before it is saved, and holds from the next run on."
	v.Back, v.BackLabel, v.Action = f.Noun.Show(at.ID), at.Label, f.Noun.Edit(at.ID)
	if f.Noun.Kind == models.PlanDrive {
		totals, err := h.Drives.DriveTotals(c.Request.Context())
		if err != nil {
			return fmt.Errorf("count copies on drives: %w", err)
		}
		v.Stays = plan.CopiesStay(totals[at.ID].Finished)
	}
	return Render(c, status, plan.Edit(v))
}

// AskSource answers GET /sources/:id/delete: it asks, and tells what depends on it.
func (h *Handlers) AskSource(c *gin.Context) error { return h.askItem(c, plan.Sources) }

// AskDrive answers GET /drives/:id/delete.
func (h *Handlers) AskDrive(c *gin.Context) error { return h.askItem(c, plan.Drives) }

// RemoveSource answers POST /sources/:id/delete.
func (h *Handlers) RemoveSource(c *gin.Context) error { return h.removeItem(c, plan.Sources) }

// RemoveDrive answers POST /drives/:id/delete.
func (h *Handlers) RemoveDrive(c *gin.Context) error { return h.removeItem(c, plan.Drives) }

func (h *Handlers) askItem(c *gin.Context, n plan.Noun) error {
	at, err := h.changeable(c, n)
	if err != nil {
		return err
	}
	return h.showRemove(c, http.StatusOK, n, at, "")
}

func (h *Handlers) removeItem(c *gin.Context, n plan.Noun) error {
	at, err := h.changeable(c, n)
	if err != nil {
		return err
	}
	identity.Note(c, n.One+" "+at.Label, at.ID, "")
	err = h.Planner.Remove(c.Request.Context(), n.Kind, at.Label, identity.Of(c).Name)
	if why, refused := refusal(c, err); refused {
		return h.showRemove(c, faultStatus(why), n, at, human.Sentence(why.Sentence))
	}
	if err != nil {
		return err
	}
	return seeOther(c, n.Path+"?done=removed")
}

func (h *Handlers) showRemove(c *gin.Context, status int, n plan.Noun, at planItem, problem string) error {
	ctx := c.Request.Context()
	dependents, err := h.Planner.Dependents(ctx, n.Kind, at.Label)
	if err != nil {
		return err
	}
	jobs, err := h.Plans.Jobs(ctx)
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	stays, err := h.stays(ctx, n, at)
	if err != nil {
		return err
	}
	v := plan.RemoveView{Page: h.page("Delete "+at.Label, n.Path), Noun: n, ID: at.ID, Label: at.Label, Stays: stays, Needed: plan.NewNeeded(dependents, jobs), Problem: problem}
	return Render(c, status, plan.Remove(v))
}

// stays says what is left when something was removed from the configuration.
func (h *Handlers) stays(ctx context.Context, n plan.Noun, at planItem) (string, error) {
	if n.Kind == models.PlanSource {
		return "Nothing in the database is changed. Backups of it that were made stay, and can still be restored.", nil
	}
	totals, err := h.Drives.DriveTotals(ctx)
	if err != nil {
		return "", fmt.Errorf("count copies on drives: %w", err)
	}
	if t := totals[at.ID]; t.Finished > 0 {
		return fmt.Sprintf("It keeps %s, %s together. They stay where they are, but nothing can be restored from them here until a drive of this name, at the same place, is added again.",
			human.Plural(t.Finished, "copy", "copies"), human.Bytes(t.Bytes)), nil
	}
	return "No copy is known to be on it. What lies there is not touched.", nil
}
